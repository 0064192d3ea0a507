"""Signing with a key pair."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.errors import DamagedError
from deployer.signing import keys
from deployer.signing.bundle import Bundle, Material, PublicKey, covers, not_signed, read_bundle
from deployer.signing.model import Files, Signed

if TYPE_CHECKING:
    from model_signing import signing

__all__ = ["KeySigner", "KeyVerifier"]


class KeySigner:
    """Signs with a private key."""

    def __init__(self, path: Path, password: bytes | None) -> None:
        self._key = keys.load_private(path, password)
        self._path = path
        self._password = password

    @cached_property
    def _config(self) -> "signing.Config":
        from deployer.signing import library  # noqa: PLC0415 - a second, when it is used

        # The library says str and hands it to cryptography, which wants bytes.
        password: Any = self._password
        return library.signing_config().use_elliptic_key_signer(
            private_key=self._path, password=password
        )

    def sign(self, subject: str, files: Files) -> bytes:
        """Return a bundle."""
        from deployer.signing import library  # noqa: PLC0415 - as above

        return library.sign(subject, files, self._config)

    def sign_record(self, payload: bytes) -> str:
        """Return the signature of a record."""
        return keys.sign_record(self._key, payload)


class KeyVerifier:
    """Believes any of some public keys: an old one and its successor, for a while."""

    def __init__(self, paths: list[Path]) -> None:
        loaded = [(path, keys.load_public(path)) for path in paths]
        self._keys = {keys.fingerprint(key): (path, key) for path, key in loaded}

    def verify(self, bundle: bytes, *, subject: str, files: Files, where: str) -> Signed:
        """Check a bundle."""
        parsed = read_bundle(bundle, where=where)
        named = parsed.verification_material.public_key
        if named is None:
            raise not_signed("it was made with a certificate", where, "see: signing.mode")
        scope = covers(parsed, subject=subject, files=files, where=where)
        candidates = [named.hint] if named.hint else list(self._keys)
        refused = not_signed("no key that is trusted made it", where, "see: signing.public_keys")
        for fingerprint in candidates:
            if fingerprint in self._keys:
                try:
                    self._check(fingerprint, parsed, subject=subject, files=files, where=where)
                except DamagedError as error:
                    refused = error
                else:
                    return Signed(scope, fingerprint)
        raise refused

    def _check(
        self, fingerprint: str, parsed: Bundle, *, subject: str, files: Files, where: str
    ) -> None:
        from deployer.signing import library  # noqa: PLC0415 - a second, when it is used

        path, _ = self._keys[fingerprint]
        config = library.verifying_config().use_elliptic_key_verifier(public_key=path)
        # A bundle of before the library's 1.1 does not name its key; the library would print that.
        body = parsed.encode(Material(public_key=PublicKey(hint=fingerprint)))
        library.check(body, config, subject=subject, files=files, where=where)

    def verify_record(self, payload: bytes, sig: str, *, where: str) -> str:
        """Check the signature of a record."""
        known = [key for _, key in self._keys.values()]
        return keys.fingerprint(keys.verify_record(known, payload, sig, where=where))
