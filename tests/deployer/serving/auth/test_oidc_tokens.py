"""Bearer tokens: those of the issuer for us are believed, and nothing that merely looks like one."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from deployer.errors import UsageError
from deployer.serving.auth import issuer as issuer_module
from deployer.serving.auth.check import authenticator
from deployer.serving.auth.oidc import OidcTokens
from deployer.serving.refusals import RefusedError
from deployer.settings import ServeSettings
from tests.deployer.serving.auth.issuer_kit import AUDIENCE, Issuer, issuing, public, unsigned

DEEP = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 11_000).rstrip(b"=").decode() + ".e30.x"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def tokens(issuer: Issuer) -> OidcTokens:
    return OidcTokens(issuer.url, AUDIENCE)


def refused(tokens: OidcTokens, token: str, status: int = 401) -> str:
    with pytest.raises(RefusedError) as caught:
        tokens.check(f"Bearer {token}", None)
    assert caught.value.status == status, caught.value.message
    assert token not in caught.value.message or not token
    return caught.value.message


def test_the_issuers_tokens_are_believed(issuer: Issuer) -> None:
    settings = ServeSettings(auth="oidc", oidc_issuer=issuer.url, oidc_audience=AUDIENCE)
    tokens = authenticator(settings, {})
    now = time.time()
    for claims in (
        issuer.claims(),
        issuer.claims(aud=["other", AUDIENCE]),
        issuer.claims(nbf=now - 10),
        issuer.claims(exp=now - 30, iat=now - 90),  # clocks differ by up to a minute
        issuer.claims(nbf=now + 30),
    ):
        assert tokens.check(f"Bearer {issuer.token(claims)}", None) == "robot"
        assert (
            tokens.check(f"bearer {issuer.token(claims, alg='ES256', kid='e1')}", None) == "robot"
        )
    assert tokens.check(f"Bearer {issuer.token(kid=None)}", None) == "robot"  # the only RSA key


def test_claims_that_are_not_for_us_or_not_now(issuer: Issuer, tokens: OidcTokens) -> None:
    now = time.time()
    wrong: list[dict[str, Any]] = [
        {"aud": "other"}, {"aud": []}, {"aud": None}, {"aud": AUDIENCE + "/"}, {"aud": {"a": 1}},
        {"iss": "https://evil.example"}, {"iss": issuer.url + "/"}, {"iss": None}, {"iss": 7},
        {"exp": now - 61}, {"exp": None}, {"exp": "soon"}, {"exp": -1}, {"exp": [1]},
        {"nbf": now + 90}, {"nbf": "x"}, {"iat": now + 9000}, {"sub": None}, {"sub": 7},
    ]  # fmt: skip
    for changes in wrong:
        refused(tokens, issuer.token(issuer.claims(**changes)))


def test_signatures_that_are_not_the_issuers(issuer: Issuer, tokens: OidcTokens) -> None:
    other_rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other_ec = ec.generate_private_key(ec.SECP256R1())
    good = issuer.token()
    head, claims, signature = good.split(".")
    forged = (
        base64.urlsafe_b64encode(json.dumps(issuer.claims(sub="root")).encode())
        .rstrip(b"=")
        .decode()
    )
    for token in (
        issuer.token(key=other_rsa),
        issuer.token(key=other_ec, alg="ES256", kid="e1"),
        issuer.token(key=other_rsa, jku="https://evil.example/keys", x5u="https://evil.example"),
        issuer.token(key=other_rsa, jwk=public(other_rsa)),
        f"{head}.{forged}.{signature}",
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        issuer.token(alg="ES256", kid="r1"),  # an EC signature under the RSA key's name
        issuer.token(alg="RS512"), issuer.token(alg="PS256"), issuer.token(alg="RS384"),
        issuer.token(crit=["exp"]),
        unsigned({"alg": "ES256", "kid": "e1"}, issuer.claims(), b"\0" * 64),
    ):  # fmt: skip
        refused(tokens, token)
    assert tokens.check(f"Bearer {good}", None) == "robot"


def test_tokens_without_a_signature(issuer: Issuer, tokens: OidcTokens) -> None:
    for algorithm in ("none", "None", "NONE", "nOnE", "", None, 7, ["RS256"], {"a": 1}):
        for kid in ("r1", None):
            header = {"alg": algorithm, "kid": kid, "typ": "JWT"}
            refused(tokens, unsigned(header, issuer.claims()))
    refused(tokens, unsigned({"kid": "r1"}, issuer.claims()))


def test_the_public_key_is_no_secret_to_sign_with(issuer: Issuer, tokens: OidcTokens) -> None:
    """The classic confusion: HS256 with what everybody can fetch."""
    for key in (issuer.rsa, issuer.ec):
        pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        der = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        for secret in (pem, pem.strip(), der, json.dumps(issuer.keys[0]).encode(), b""):
            for name in ("HS256", "HS384", "HS512", "RS256"):
                for kid in ("r1", "e1", None):
                    text = unsigned({"alg": name, "kid": kid}, issuer.claims()).rpartition(".")[0]
                    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
                    refused(tokens, unsigned({"alg": name, "kid": kid}, issuer.claims(), mac))


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b", "a.b.c", "a.b.c.d", "..", "é.é.é", "e30.e30.e30", "A" * 100_000, "dk_key",
     "bnVsbA.e30.x", "W10.e30.x", "eyJhbGciOiJSUzI1NiIsImtpZCI6WzFdfQ.e30.x", "\ud800", DEEP],
)  # fmt: skip
def test_what_is_no_token(tokens: OidcTokens, token: str) -> None:
    with pytest.raises(RefusedError) as caught:
        tokens.check(f"Bearer {token}", None)
    assert caught.value.status == 401
    with pytest.raises(RefusedError):
        tokens.check(None, token)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_new_key_is_fetched_when_a_token_names_it(
    issuer: Issuer, tokens: OidcTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_module, "_PAUSE", 1e9)
    new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer.keys.append(public(new, kid="r2"))
    token = issuer.token(key=new, kid="r2")
    # Just fetched: whoever makes up names must not have us ask the issuer each time.
    refused(tokens, token)
    assert issuer.asked.count("/keys") == 1
    monkeypatch.setattr(issuer_module, "_PAUSE", 0.0)
    message = refused(tokens, token, 503)
    assert "try again" in message
    until(lambda: len(tokens._keys.known) == 3)
    assert tokens.check(f"Bearer {token}", None) == "robot"
    issuer.keys[:] = [issuer.keys[-1]]  # and the old one is withdrawn
    monkeypatch.setattr(issuer_module, "_OLD", 0.0)
    old = issuer.token()
    issuer.answers.clear()
    assert tokens.check(f"Bearer {old}", None) == "robot"  # while they are being fetched
    issuer.answers.set()
    until(lambda: len(tokens._keys.known) == 1)
    monkeypatch.setattr(issuer_module, "_OLD", 1e9)
    monkeypatch.setattr(issuer_module, "_PAUSE", 1e9)
    refused(tokens, old)


def test_the_keys_stay_while_the_issuer_is_away(
    issuer: Issuer, tokens: OidcTokens, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(issuer_module, "_PAUSE", 0.0)
    monkeypatch.setattr(issuer_module, "_OLD", 0.0)
    issuer.away = True
    token = issuer.token()
    assert tokens.check(f"Bearer {token}", None) == "robot"
    until(lambda: tokens._keys.trouble != "")
    for _ in range(3):
        assert tokens.check(f"Bearer {token}", None) == "robot"
    assert "503" in capsys.readouterr().err


def test_an_issuer_that_comes_later(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer.away = True
    tokens = OidcTokens(issuer.url, AUDIENCE)
    assert "no keys of" in capsys.readouterr().err
    assert "try again" in refused(tokens, issuer.token(), 503)
    issuer.away = False
    monkeypatch.setattr(issuer_module, "_PAUSE", 0.0)

    def believed() -> bool:
        try:
            return tokens.check(f"Bearer {issuer.token()}", None) == "robot"
        except RefusedError as error:
            if error.status != 503:
                raise
            return False  # the keys are being fetched

    until(believed)


@pytest.mark.parametrize(
    "said", [b"no \x1b[31mHTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}"]
)
def test_an_issuer_that_speaks_no_http(
    issuer: Issuer, said: bytes, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    issuer.garbles = said
    tokens = OidcTokens(issuer.url, AUDIENCE)
    assert "try again" in refused(tokens, issuer.token(), 503)
    [line] = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    issuer.garbles = b""
    monkeypatch.setattr(issuer_module, "_PAUSE", 0.0)
    refused(tokens, issuer.token(), 503)
    until(lambda: bool(tokens._keys.known))
    assert tokens.check(f"Bearer {issuer.token()}", None) == "robot"


def test_an_issuer_that_cannot_be_trusted(issuer: Issuer) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    good = list(issuer.keys)
    for configuration, keys in (
        ({"issuer": "https://other.example"}, good),
        ({"jwks_uri": "http://evil.example/keys"}, good),
        ({"jwks_uri": "file:///etc/passwd"}, good),
        ({"jwks_uri": None}, good),
        ({"redirect": f"{issuer.url}/elsewhere"}, good),
        ({}, []),
        ({}, [public(weak, kid="w")]),
        ({}, [{"kty": "oct", "k": "c2VjcmV0", "kid": "r1", "alg": "HS256"}]),
        ({}, [{**good[0], "use": "enc"}]),
        ({}, [{**good[0], "alg": "RS512"}]),
        ({}, [public(ec.generate_private_key(ec.SECP384R1()), kid="e3")]),
        ({}, ["x", None, 7, {}, {"kty": []}]),
        ({}, {"a": 1}),
    ):
        issuer.configuration, issuer.keys = configuration, keys  # type: ignore[assignment] # wrong on purpose
        tokens = OidcTokens(issuer.url, AUDIENCE)
        assert tokens._keys.known == (), (configuration, keys)
        assert tokens._keys.trouble
    assert "/elsewhere" not in issuer.asked


@pytest.mark.parametrize(
    "address", ["http://issuer.example", "file:///x", "ftp://x", "issuer", "https://", ""]
)
def test_an_issuer_that_is_not_https(address: str) -> None:
    with pytest.raises(UsageError):
        OidcTokens(address, AUDIENCE)


def test_checking_a_token_waits_for_nobody(
    issuer: Issuer, tokens: OidcTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_module, "_PAUSE", 0.0)
    monkeypatch.setattr(issuer_module, "_OLD", 0.0)
    token = f"Bearer {issuer.token()}"
    before = len(issuer.asked)
    issuer.answers.clear()  # whoever asks it now has no answer
    for _ in range(50):
        assert tokens.check(token, None) == "robot"
    until(lambda: len(issuer.asked) > before)
    assert len(issuer.asked) == before + 1, "fifty checks, one question"
    issuer.answers.set()
    until(lambda: issuer.asked[-1] == "/keys" and not tokens._keys._busy)
