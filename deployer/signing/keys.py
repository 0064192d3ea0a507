"""Elliptic-curve keys in PEM files: read, made, named, and used for records."""

import base64
import binascii
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deployer.config import PASSWORD
from deployer.errors import FailedError, UsageError
from deployer.signing.bundle import not_signed

__all__ = [
    "fingerprint",
    "is_supported",
    "load_private",
    "load_public",
    "new_key",
    "public_file",
    "read",
    "sign_record",
    "verify_record",
]

RECORD_TYPE = "application/vnd.deployer.record+json"
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "secp256r1": hashes.SHA256,
    "secp384r1": hashes.SHA384,
    "secp521r1": hashes.SHA512,
}
_KEY_ID = 16
_MAKE_ONE = "make one with: deployer key new PATH"


def load_private(
    path: Path, password: bytes | None, *, advice: str = f"set {PASSWORD}"
) -> ec.EllipticCurvePrivateKey:
    """Read a private key.

    Args:
        path: a PEM file.
        password: that it is encrypted with, or None.
        advice: what to do when it is encrypted and there is no password.

    Raises:
        UsageError: it cannot be read or decrypted, or is not one that we sign with.

    """
    try:
        key = serialization.load_pem_private_key(read(path), password)
    except TypeError as error:
        # The password is there and not needed, or the other way round.
        what = "is not encrypted" if password else "is encrypted"
        hint = f"unset {PASSWORD}" if password else advice
        raise UsageError(f"the key {what}", where=str(path), hint=hint) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        wrong = ", or the password is wrong" if password else ""
        raise UsageError(
            f"not a private key in PEM form{wrong}", where=str(path), hint=_MAKE_ONE
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_supported(key.public_key()):
        raise _unsupported(path)
    return key


def load_public(path: Path) -> ec.EllipticCurvePublicKey:
    """Read a public key.

    Raises:
        UsageError: it cannot be read, or is not one that we verify with.

    """
    try:
        key = serialization.load_pem_public_key(read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(
            "not a public key in PEM form",
            where=str(path),
            hint="name the file that ends in .pub",
        ) from error
    if not is_supported(key):
        raise _unsupported(path)
    return key


def read(path: Path) -> bytes:
    """Return a file that a setting names.

    Raises:
        UsageError: it cannot be read.

    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            hint="see [signing] in: deployer config show --origin",
        ) from error


def is_supported(key: object) -> TypeGuard[ec.EllipticCurvePublicKey]:
    """Return whether OpenSSF Model Signing knows this kind of key."""
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _HASHES


def _unsupported(path: Path) -> UsageError:
    return UsageError("not a key on P-256, P-384 or P-521", where=str(path), hint=_MAKE_ONE)


def fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    """Return the hex SHA-256 of the key in PEM form, by which bundles name it."""
    return hashlib.sha256(_pem(key)).hexdigest()


def _pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_file(path: Path) -> Path:
    """Return where the public half of the key `path` is."""
    return path.with_name(f"{path.name}.pub")


def new_key(path: Path, password: bytes | None) -> ec.EllipticCurvePublicKey:
    """Make a key on P-256: the private half in `path`, the public one beside it.

    Raises:
        FailedError: their folder does not exist.
        UsageError: one of the files exists; no key is ever overwritten.

    """
    if not path.absolute().parent.is_dir():
        raise FailedError("no such folder", where=str(path.parent), hint="make it first")
    key = ec.generate_private_key(ec.SECP256R1())
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        protection = serialization.BestAvailableEncryption(password)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )
    if public_file(path).exists():
        raise _taken(public_file(path))
    _create(path, private, mode=0o600)
    _create(public_file(path), _pem(key.public_key()), mode=0o644)
    return key.public_key()


def _create(path: Path, content: bytes, *, mode: int) -> None:
    """Create a file whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError as error:
        raise _taken(path) from error
    finally:
        Path(name).unlink()


def _taken(path: Path) -> UsageError:
    return UsageError("exists already", where=str(path), hint="name another file for the new key")


def sign_record(key: ec.EllipticCurvePrivateKey, payload: bytes) -> str:
    """Return ``<start of the key's fingerprint>:<base64 signature>``."""
    public = key.public_key()
    signature = key.sign(_pae(payload), ec.ECDSA(_HASHES[public.curve.name]()))
    return f"{fingerprint(public)[:_KEY_ID]}:{base64.b64encode(signature).decode()}"


def verify_record(
    keys: Iterable[ec.EllipticCurvePublicKey], payload: bytes, sig: str, *, where: str
) -> ec.EllipticCurvePublicKey:
    """Return the one of `keys` that signed the record.

    Raises:
        DamagedError: none of them did.

    """
    named, _, text = sig.partition(":")
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise not_signed("its text is not base64", where, "set the alias again") from error
    candidates = [key for key in keys if fingerprint(key)[:_KEY_ID] == named]
    for key in candidates:
        try:
            key.verify(signature, _pae(payload), ec.ECDSA(_HASHES[key.curve.name]()))
        except InvalidSignature:
            continue
        return key
    why = "the record was changed" if candidates else "no key that is trusted made it"
    raise not_signed(why, where, "set the alias again, or add the key to signing.public_keys")


def _pae(payload: bytes) -> bytes:
    """Return DSSE's encoding: the type is signed too, so no record passes for something else."""
    return b"DSSEv1 %d %b %d %b" % (
        len(RECORD_TYPE),
        RECORD_TYPE.encode(),
        len(payload),
        payload,
    )
