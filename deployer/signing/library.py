"""OpenSSF Model Signing, given digests that are known already.

The one place that imports ``model_signing``; that takes a second, so it happens on first use.
"""

import copy
import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from cryptography.exceptions import InvalidSignature
from model_signing import hashing, manifest, signing, verifying

# The values of its public manifest have no public name.
from model_signing._hashing.hashing import Digest

from deployer.signing.bundle import covers, not_signed, read_bundle
from deployer.signing.model import Files

__all__ = ["check", "sign", "signing_config", "verifying_config"]

# Without a handler Python would print the library's warnings beside our own lines.
for _name in ("model_signing", "sigstore"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_WHOLE_FILES = {
    "method": "files",
    "hash_type": "sha256",
    "allow_symlinks": False,
    "ignore_paths": [],
}


class _Known(hashing.Config):
    """A hashing configuration that reads no file: a registry knows every digest."""

    def __init__(self, subject: str, files: Files) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._subject = subject
        self._files = files

    def hash(
        self,
        model_path: hashing.PathLike,
        *,
        files_to_hash: Iterable[hashing.PathLike] | None = None,
    ) -> manifest.Manifest:
        """Return the manifest of the known files, none of them ignored."""
        whole = manifest.SerializationType.from_args(_WHOLE_FILES)
        items = [
            manifest.FileManifestItem(
                path=PurePosixPath(path), digest=Digest("sha256", bytes.fromhex(digest))
            )
            for path, digest in self._files
        ]
        return manifest.Manifest(self._subject, items, whole)

    def add_ignored_paths(
        self, *, model_path: hashing.PathLike, paths: Iterable[hashing.PathLike]
    ) -> None:
        """Ignore nothing: a signature must not choose which files it is not about."""


def signing_config() -> signing.Config:
    """Return a configuration that lacks a signer."""
    return signing.Config()  # type: ignore[no-untyped-call]


def verifying_config() -> verifying.Config:
    """Return a configuration that lacks a verifier."""
    return verifying.Config()  # type: ignore[no-untyped-call]


def sign(subject: str, files: Files, config: signing.Config) -> bytes:
    """Return the bundle of a signature over `files`, made by the signer of `config`.

    Raises:
        DamagedError: the library would have signed something else, such as another path.

    """
    chosen = copy.copy(config).set_hashing_config(_Known(subject, files))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        chosen.sign(folder, path)
        bundle = path.read_bytes()
    covers(read_bundle(bundle, where=subject), subject=subject, files=files, where=subject)
    return bundle


def check(
    bundle: bytes, config: verifying.Config, *, subject: str, files: Files, where: str
) -> None:
    """Check the signature itself.

    Raises:
        DamagedError: it is not good, or not of these files.

    """
    chosen = copy.copy(config).set_hashing_config(_Known(subject, files))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        path.write_bytes(bundle)
        try:
            chosen.verify(folder, path)
        except InvalidSignature as error:
            raise not_signed("it was changed, or another key made it", where) from error
        except Exception as error:  # anything can come out: these are bytes of strangers
            raise not_signed(str(error) or type(error).__name__, where) from error
