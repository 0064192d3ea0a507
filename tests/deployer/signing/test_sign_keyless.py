"""Keyless signing as far as it can be seen without sigstore: what is asked, and what is said.

No signature is made here: that needs sigstore's services. What is shown is that our settings
arrive at the library, that nothing opens a browser, and that each failure is one line.
"""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from deployer.config import Signing
from deployer.errors import CloudError, CredentialsError, DamagedError, UsageError
from deployer.signing import Signer, Verifier, make_signer, make_verifier
from deployer.signing.keyless_mode import TOKEN
from tests.deployer.signing.signing_kit import FILES, SUBJECT, clear, dump, key, sealed, statement

IDENTITY = "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cut this process off: no identity of the machine, no cache, no way out."""
    for name in (TOKEN, "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    for name in ("CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))


def signer(**more: Any) -> Signer:
    made = make_signer(Signing(mode="keyless", **more))
    assert made is not None
    return made


def verifier(**more: Any) -> Verifier:
    made = make_verifier(Signing(mode="keyless", identity=IDENTITY, issuer=ISSUER, **more))
    assert made is not None
    return made


def token(**claims: Any) -> str:
    """Return an identity token that nobody signed: only sigstore's server would notice."""
    now = int(time.time())
    said = {"aud": "sigstore", "sub": "me", "iss": ISSUER, "iat": now, "exp": now + 600, **claims}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, said)]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "AAAA"])


def test_no_identity() -> None:
    with pytest.raises(CredentialsError) as caught:
        signer().sign(SUBJECT, FILES)
    assert "no identity" in clear(caught.value)
    assert TOKEN in caught.value.hint


@pytest.mark.parametrize("bad", ["garbage", token(exp=1), token(aud="other")])
def test_a_token_that_is_refused(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    monkeypatch.setenv(TOKEN, bad)
    with pytest.raises(CredentialsError) as caught:
        signer().sign(SUBJECT, FILES)
    assert bad not in clear(caught.value)


@pytest.mark.parametrize("staging", [False, True])
def test_no_network_to_sign(monkeypatch: pytest.MonkeyPatch, staging: bool) -> None:
    monkeypatch.setenv(TOKEN, token(repository="o/r", ref="x", job_workflow_ref="o/r/x"))
    with pytest.raises(CloudError) as caught:
        signer(staging=staging).sign(SUBJECT, FILES)
    assert "sigstore is not available" in clear(caught.value)


def test_no_network_to_verify() -> None:
    bundle = dump(sealed(statement(), key("own")))
    with pytest.raises(CloudError) as caught:
        verifier().verify(bundle, subject=SUBJECT, files=FILES, where="blob")
    clear(caught.value)


def test_other_files_are_seen_before_anything_is_fetched() -> None:
    bundle = dump(sealed(statement(), key("own")))
    with pytest.raises(DamagedError):
        verifier().verify(bundle, subject=SUBJECT, files=FILES[1:], where="blob")


def test_records_are_not_signed() -> None:
    assert signer().sign_record(b"{}") is None
    with pytest.raises(DamagedError) as caught:
        verifier().verify_record(b"{}", "x:AAAA", where="alias")
    clear(caught.value)


def test_settings_that_are_missing_or_too_many() -> None:
    for chosen in (Signing(mode="keyless"), Signing(mode="keyless", identity=IDENTITY)):
        with pytest.raises(UsageError, match="is not set"):
            make_verifier(chosen)
    for make in (signer, verifier):
        with pytest.raises(UsageError, match="two sigstores"):
            make(staging=True, trust_config="x.json")


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff", b"[]"])
def test_a_trust_configuration_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "trust.json"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(TOKEN, token(repository="o/r", ref="x", job_workflow_ref="o/r/x"))
    bundle = dump(sealed(statement(), key("own")))
    with pytest.raises(UsageError) as caught:
        signer(trust_config=str(path)).sign(SUBJECT, FILES)
    clear(caught.value)
    with pytest.raises(UsageError) as caught:
        verifier(trust_config=str(path)).verify(bundle, subject=SUBJECT, files=FILES, where="blob")
    assert caught.value.where == str(path)


class TestWhatTheLibraryIsAsked:
    """The library's own entry points, listened to."""

    def test_to_sign(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from model_signing import signing

        heard: dict[str, Any] = {}

        def use(self: Any, **options: Any) -> Any:
            heard.update(options)
            raise requests.ConnectionError("stop here")

        monkeypatch.setattr(signing.Config, "use_sigstore_signer", use)
        known = token(repository="o/r", ref="x", job_workflow_ref="o/r/x")
        monkeypatch.setenv(TOKEN, known)
        with pytest.raises(CloudError):
            signer(staging=True).sign(SUBJECT, FILES)
        assert heard == {"identity_token": known, "use_staging": True, "trust_config": None}

    def test_to_verify(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from model_signing import verifying

        heard: dict[str, Any] = {}

        def use(self: Any, **options: Any) -> Any:
            heard.update(options)
            raise requests.ConnectionError("stop here")

        monkeypatch.setattr(verifying.Config, "use_sigstore_verifier", use)
        bundle = dump(sealed(statement(), key("own")))
        with pytest.raises(CloudError):
            verifier(staging=True).verify(bundle, subject=SUBJECT, files=FILES, where="blob")
        assert heard == {
            "identity": IDENTITY,
            "oidc_issuer": ISSUER,
            "use_staging": True,
            "trust_config": None,
        }
