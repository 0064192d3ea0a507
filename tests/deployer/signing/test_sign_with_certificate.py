"""Signing with a certificate: a small authority of our own, offline."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_pem_x509_certificate

from deployer.config import Signing
from deployer.errors import DamagedError, UsageError
from deployer.signing import Signed, make_signer, make_verifier
from deployer.signing.certificate_mode import CertificateSigner, CertificateVerifier
from tests.deployer.registry.registry_kit import folder_of
from tests.deployer.signing.signing_kit import (
    CONTENT,
    FILES,
    SUBJECT,
    Authority,
    b64,
    clear,
    dump,
    key,
    private_pem,
    refused,
    rsa_key,
    sealed,
    statement,
    tool,
    verified,
    write_pair,
)

LEAF = key("leaf")
DAY = timedelta(days=1)


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "good")


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return write_pair(tmp_path, LEAF, "leaf")[0]


@pytest.fixture
def bundle(authority: Authority, private: Path) -> bytes:
    return CertificateSigner(private, authority.issue(LEAF), authority.chain).sign(SUBJECT, FILES)


def of(*certificates: Path, private: Any = LEAF) -> bytes:
    """Return a bundle made by hand with these certificates."""
    made = sealed(statement(), private)
    ders = [
        load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)
        for path in certificates
    ]
    chain = {"certificates": [{"rawBytes": b64(der)} for der in ders]}
    made["verificationMaterial"] = {"x509CertificateChain": chain, "tlogEntries": []}
    return dump(made)


class TestBelieved:
    def test_round_trip(self, authority: Authority, bundle: bytes) -> None:
        verifier = CertificateVerifier(authority.chain)
        assert verified(verifier, bundle) == Signed("manifest", "CN=leaf")
        refused(verifier, bundle, files=FILES[1:])

    def test_the_root_alone_is_enough(self, authority: Authority, bundle: bytes) -> None:
        """The certificates between come with the bundle."""
        assert verified(CertificateVerifier([authority.root]), bundle).signer == "CN=leaf"

    @pytest.mark.parametrize("identity", ["CN=leaf", "leaf", "ci@example.org"])
    def test_an_identity(self, authority: Authority, bundle: bytes, identity: str) -> None:
        verifier = CertificateVerifier(authority.chain, identity=identity)
        assert verified(verifier, bundle).signer == "CN=leaf"

    def test_by_settings(self, authority: Authority, private: Path) -> None:
        chosen = Signing(
            mode="certificate",
            private_key=str(private),
            certificate=str(authority.issue(LEAF)),
            chain=list(map(str, authority.chain)),
            identity="ci@example.org",
        )
        signer, verifier = make_signer(chosen), make_verifier(chosen)
        assert signer is not None
        assert verifier is not None
        assert verified(verifier, signer.sign(SUBJECT, FILES)).covers == "manifest"
        sig = signer.sign_record(b"{}")
        assert sig is not None
        assert verifier.verify_record(b"{}", sig, where="x") == "CN=leaf"
        with pytest.raises(DamagedError):
            verifier.verify_record(b"{ }", sig, where="x")
        assert make_signer(Signing(mode="certificate", chain=chosen.chain)) is None
        assert make_verifier(Signing(mode="certificate", private_key="k")) is None

    def test_other_tools(
        self, tmp_path: Path, authority: Authority, private: Path, bundle: bytes
    ) -> None:
        folder = folder_of(tmp_path / "model", CONTENT)
        ours = tmp_path / "ours"
        ours.write_bytes(bundle)
        chain: list[str | Path] = [
            each for path in authority.chain for each in ("--certificate_chain", path)
        ]
        done = tool("verify", "certificate", folder, "--signature", ours, *chain)
        assert done.returncode == 0, done.stdout + done.stderr
        theirs = tmp_path / "theirs"
        keys: list[str | Path] = [
            "--private_key",
            private,
            "--signing_certificate",
            authority.issue(LEAF),
        ]
        done = tool("sign", "certificate", folder, "--signature", theirs, *keys, *chain)
        assert done.returncode == 0, done.stdout + done.stderr
        verifier = CertificateVerifier(authority.chain)
        assert verified(verifier, theirs.read_bytes()) == Signed("files", "CN=leaf")


class TestRefused:
    def test_another_authority(
        self, tmp_path: Path, authority: Authority, private: Path, bundle: bytes
    ) -> None:
        other = Authority(tmp_path, "other")
        assert "certificate" in refused(CertificateVerifier(other.chain), bundle)
        made = CertificateSigner(private, other.issue(LEAF), other.chain).sign(SUBJECT, FILES)
        refused(CertificateVerifier(authority.chain), made)

    def test_an_authority_of_the_same_name(self, tmp_path: Path, authority: Authority) -> None:
        (tmp_path / "fake").mkdir()
        fake = Authority(tmp_path / "fake", "good")
        # The same names, other keys.
        fake._middle_key = key("fake")
        refused(CertificateVerifier(authority.chain), of(fake.issue(LEAF), *authority.chain))

    def test_expired(self, authority: Authority, bundle: bytes) -> None:
        verifier = CertificateVerifier(authority.chain, now=lambda: in_days(31))
        assert "expired" in refused(verifier, bundle)
        old = authority.issue(LEAF, begins=-3 * DAY, ends=-2 * DAY)
        made = of(old, *authority.chain)
        assert "expired" in refused(CertificateVerifier(authority.chain), made)

    def test_not_yet_valid(self, authority: Authority) -> None:
        made = of(authority.issue(LEAF, begins=DAY), *authority.chain)
        assert "not valid before" in refused(CertificateVerifier(authority.chain), made)

    def test_another_identity(self, authority: Authority, bundle: bytes) -> None:
        verifier = CertificateVerifier(authority.chain, identity="boss@example.org")
        assert "not of 'boss@example.org'" in refused(verifier, bundle)

    def test_a_certificate_for_another_use(self, authority: Authority) -> None:
        made = of(authority.issue(LEAF, signing=False), *authority.chain)
        assert "not for digital" in refused(CertificateVerifier(authority.chain), made)

    @pytest.mark.parametrize("kind", [rsa_key(), key("k", "secp256k1")], ids=["rsa", "koblitz"])
    def test_a_certificate_of_another_key(self, authority: Authority, kind: Any) -> None:
        made = of(authority.issue(kind), *authority.chain)
        assert "P-256" in refused(CertificateVerifier(authority.chain), made)

    def test_signed_by_another_key_than_the_certificates(self, authority: Authority) -> None:
        made = of(authority.issue(LEAF), *authority.chain, private=key("stranger"))
        assert "another key made it" in refused(CertificateVerifier(authority.chain), made)

    def test_a_leaf_is_no_authority(self, authority: Authority, tmp_path: Path) -> None:
        """Whoever has a certificate could otherwise issue others."""
        leaf = authority.issue(LEAF)
        minor = Authority(tmp_path, "minor")
        minor._middle_key = LEAF
        minor.name = "good"
        child = minor.issue(key("child"), name="child")
        made = of(child, leaf, *authority.chain, private=key("child"))
        refused(CertificateVerifier(authority.chain), made)

    @pytest.mark.parametrize(
        "material",
        [
            {"x509CertificateChain": {"certificates": []}},
            {"x509CertificateChain": {"certificates": [{"rawBytes": ""}]}},
            {"x509CertificateChain": {"certificates": [{"rawBytes": "AAAA"}]}},
            {"x509CertificateChain": {"certificates": [{}]}},
            {"x509CertificateChain": {"certificates": [{"rawBytes": "MIIB"}] * 1000}},
            {"certificate": {"rawBytes": "AAAA"}},
            {"publicKey": {"hint": "x"}},
            {},
        ],
        ids=range(8),
    )
    def test_no_chain(self, authority: Authority, bundle: bytes, material: Any) -> None:
        document = json.loads(bundle)
        document["verificationMaterial"] = material
        refused(CertificateVerifier(authority.chain), dump(document))

    def test_every_twentieth_byte(self, authority: Authority, bundle: bytes) -> None:
        verifier = CertificateVerifier([authority.root])
        meaning = json.loads(bundle)
        leaf = meaning["verificationMaterial"]["x509CertificateChain"]["certificates"][0]
        certain = bundle.index(leaf["rawBytes"].encode()) + len(leaf["rawBytes"])
        # A certificate behind the leaf may be any: the root that is believed decides.
        for index in [*range(0, certain, 20), *range(bundle.index(b"payload"), len(bundle), 20)]:
            changed = bytearray(bundle)
            changed[index] ^= 1 << index % 7
            refused(verifier, bytes(changed))


class TestSettings:
    def test_no_authority(self, authority: Authority, private: Path) -> None:
        """Without one the library would believe every certificate of the web."""
        with pytest.raises(UsageError, match="no authority"):
            CertificateVerifier([])
        with pytest.raises(UsageError, match="no authority"):
            CertificateSigner(private, authority.issue(LEAF), [])

    def test_a_certificate_of_another_key(self, authority: Authority, private: Path) -> None:
        with pytest.raises(UsageError) as caught:
            CertificateSigner(private, authority.issue(key("other")), authority.chain)
        assert "is not of the key" in clear(caught.value)

    def test_an_expired_certificate(self, authority: Authority, private: Path) -> None:
        old = authority.issue(LEAF, begins=-3 * DAY, ends=-2 * DAY)
        with pytest.raises(UsageError, match="expired"):
            CertificateSigner(private, old, authority.chain)

    def test_an_encrypted_key(self, authority: Authority, tmp_path: Path) -> None:
        path = tmp_path / "encrypted"
        path.write_bytes(private_pem(LEAF, b"hunter2"))
        with pytest.raises(UsageError) as caught:
            CertificateSigner(path, authority.issue(LEAF), authority.chain)
        assert "not encrypted" in caught.value.hint

    def test_garbage(self, authority: Authority, private: Path, tmp_path: Path) -> None:
        bad = tmp_path / "bad"
        bad.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        for chain in ([bad], [authority.root, bad], [tmp_path / "no"]):
            with pytest.raises(UsageError) as caught:
                CertificateVerifier(chain)
            clear(caught.value)
        with pytest.raises(UsageError):
            CertificateSigner(private, bad, authority.chain)

    def test_a_certificate_is_needed(self, private: Path) -> None:
        with pytest.raises(UsageError, match="certificate is not set"):
            make_signer(Signing(mode="certificate", private_key=str(private)))

    def test_records_need_to_know_the_certificate(
        self, authority: Authority, private: Path
    ) -> None:
        leaf = authority.issue(LEAF)
        sig = CertificateSigner(private, leaf, authority.chain).sign_record(b"{}")
        with pytest.raises(UsageError, match="which certificate"):
            CertificateVerifier(authority.chain).verify_record(b"{}", sig, where="x")
        late = CertificateVerifier(authority.chain, certificate=leaf, now=lambda: in_days(31))
        with pytest.raises(DamagedError, match="expired"):
            late.verify_record(b"{}", sig, where="x")
