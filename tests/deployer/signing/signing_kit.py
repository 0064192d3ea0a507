"""Keys, a small certificate authority, and bundles signed by hand: also ones no library would make."""

import base64
import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from deployer.errors import DamagedError, DeployerError
from deployer.signing import Signed, Verifier

MODEL_SIGNING = Path(sys.executable).with_name("model_signing")
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
PREDICATE = "https://model_signing/signature/v1.0"
MANIFEST = "ab" * 32
SUBJECT = f"penguins@sha256:{MANIFEST}"
CONTENT = {"model.onnx": b"onnx", "data/a.json": b"{}", "data/b.json": b"[]", "größe.txt": b"x"}

Key = ec.EllipticCurvePrivateKey
Pairs = list[tuple[str, str]]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pairs(content: Mapping[str, bytes]) -> Pairs:
    return [(path, sha256(body)) for path, body in content.items()]


FILES = pairs(CONTENT)


@functools.cache
def key(name: str, curve: str = "secp256r1") -> Key:
    """Return a key that is the same whenever it is asked for."""
    kind = {c.name: c for c in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.SECP256K1)}[curve]
    number = int(sha256(f"{name} {curve}".encode()), 16) >> 1
    return ec.derive_private_key(number, kind())


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(private: Any, password: bytes | None = None) -> bytes:
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        protection = serialization.BestAvailableEncryption(password)
    pem: bytes = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )
    return pem


def public_pem(private: Any) -> bytes:
    pem: bytes = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def fingerprint(private: Any) -> str:
    return sha256(public_pem(private))


def write_pair(folder: Path, private: Any, name: str = "key") -> tuple[Path, Path]:
    paths = folder / f"{name}.pem", folder / f"{name}.pem.pub"
    paths[0].write_bytes(private_pem(private))
    paths[1].write_bytes(public_pem(private))
    return paths


def statement(
    files: Sequence[tuple[str, str]] = FILES,
    *,
    subject: str = SUBJECT,
    serialization: Mapping[str, Any] | None = None,
    algorithm: str = "sha256",
    **changed: Any,
) -> dict[str, Any]:
    """Return a statement that is consistent in itself."""
    root = sha256(b"".join(bytes.fromhex(digest) for _, digest in files))
    whole = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": subject, "digest": {"sha256": root}}],
        "predicateType": PREDICATE,
        "predicate": {
            "serialization": whole | dict(serialization or {}),
            "resources": [
                {"name": path, "algorithm": algorithm, "digest": digest} for path, digest in files
            ],
        },
        **changed,
    }


def pae(payload: bytes, kind: str = IN_TOTO) -> bytes:
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def sealed(
    said: Mapping[str, Any] | bytes, private: Key, *, payload_type: str = IN_TOTO
) -> dict[str, Any]:
    """Return a bundle of `said`, signed as the library does it."""
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    signature = private.sign(pae(payload), ec.ECDSA(hashes.SHA256()))  # of P-256
    return {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": fingerprint(private)}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": b64(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": b64(signature), "keyid": ""}],
        },
    }


def dump(document: Any) -> bytes:
    return json.dumps(document).encode()


def verified(
    verifier: Verifier,
    bundle: bytes,
    *,
    subject: str = SUBJECT,
    files: Sequence[tuple[str, str]] = FILES,
) -> Signed:
    return verifier.verify(bundle, subject=subject, files=files, where="blob")


def refused(
    verifier: Verifier,
    bundle: bytes,
    *,
    subject: str = SUBJECT,
    files: Sequence[tuple[str, str]] = FILES,
) -> str:
    """Check that it is refused in one clear line, and return the line."""
    with pytest.raises(DamagedError) as caught:
        verified(verifier, bundle, subject=subject, files=files)
    return clear(caught.value)


def clear(error: DeployerError) -> str:
    """Check that an error says what, where and what to do, in one short line."""
    line = str(error)
    assert "\n" not in line + error.hint
    assert len(line) < 500
    assert error.hint
    return line


def tool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the library's own command line."""
    return subprocess.run(
        [MODEL_SIGNING, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


class Authority:
    """A certificate authority: a root, an intermediate, and whatever it issues."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        long = timedelta(days=3650)
        self._root_key, self._middle_key = key(f"{name} root"), key(f"{name} middle")
        root = self._certificate(
            f"{name} root", self._root_key, f"{name} root", self._root_key, long, ca=True
        )
        middle = self._certificate(
            f"{name} middle", self._middle_key, f"{name} root", self._root_key, long, ca=True
        )
        self.root = self._write("root", root)
        self.middle = self._write("middle", middle)
        self.chain = [self.middle, self.root]

    def issue(
        self,
        private: Any,
        *,
        name: str = "leaf",
        begins: timedelta = -timedelta(days=1),
        ends: timedelta = timedelta(days=30),
        signing: bool = True,
        mail: str = "ci@example.org",
    ) -> Path:
        made = self._certificate(
            name,
            private,
            f"{self.name} middle",
            self._middle_key,
            ends,
            begins=begins,
            signing=signing,
            mail=mail,
        )
        return self._write(name, made)

    def _write(self, name: str, made: x509.Certificate) -> Path:
        path = self.folder / f"{self.name} {name}.crt"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    @staticmethod
    def _certificate(
        subject: str,
        private: Any,
        issuer: str,
        issuer_key: Key,
        ends: timedelta,
        *,
        ca: bool = False,
        begins: timedelta = -timedelta(days=365),
        signing: bool = True,
        mail: str = "",
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        usage = dict.fromkeys(
            [
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ],
            False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name.from_rfc4514_string(f"CN={subject}"))
            .issuer_name(x509.Name.from_rfc4514_string(f"CN={issuer}"))
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=signing and not ca, key_cert_sign=ca, crl_sign=ca, **usage
                ),
                critical=True,
            )
        )
        if mail:
            names = x509.SubjectAlternativeName([x509.RFC822Name(mail)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(issuer_key, hashes.SHA256())
