"""Packages on the disk by digest, shared by all servers of one user.

::

    <root>/<model>/<digest>/                the package
    <root>/<model>/<digest>.manifest.json   what makes it verifiable without any cloud
    <root>/<model>/<digest>.use             locked, shared, by every server that uses it
    <root>/<model>/.lock                    locked by whoever fetches or removes
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from deployer.errors import DamagedError
from deployer.registry.format.paths import check_paths
from deployer.registry.format.records import Manifest, decode, digest, encode
from deployer.serving.run.state import replace_file
from providers.source import fingerprint

__all__ = ["Disk"]

KEEP = 3  # versions of a model that nobody uses


class Disk:
    """The packages of one model.

    Args:
        root: folder of all models.
        model: its name.

    """

    def __init__(self, root: Path, model: str) -> None:
        self._folder = root / model
        self._used: dict[str, int] = {}

    def folder(self, sha256: str) -> Path:
        """Return where the package with this manifest digest is, or would be."""
        return self._folder / sha256

    def place(self, sha256: str, fetch: Callable[[Path], Manifest]) -> Path:
        """Return the folder of a package, fetched if it is not there whole.

        Args:
            sha256: of its manifest.
            fetch: puts the package into a folder that does not exist yet, and returns its
                manifest.

        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self.folder(sha256)
        with self._locked():
            self._use(sha256)
            try:
                self.verify(sha256)
            except (DamagedError, OSError):
                shutil.rmtree(target, ignore_errors=True)
                manifest = fetch(target)
                replace_file(self._manifest(sha256), encode(manifest))
        return target

    def hold(self, sha256: str) -> Manifest:
        """Return the manifest of a package that is there, and keep it there; errors as `verify`."""
        with self._locked():
            self._use(sha256)
            return self.verify(sha256)

    def verify(self, sha256: str) -> Manifest:
        """Return the manifest of a package that is there, every byte checked.

        Raises:
            DamagedError: a file is not what the manifest promises, or more is there.
            OSError: it is not there, or cannot be read.

        """
        path = self._manifest(sha256)
        body = path.read_bytes()
        if digest(body) != sha256:
            raise DamagedError("not the manifest that was kept", where=str(path))
        manifest = decode(body, Manifest, where=str(path))
        check_paths([file.path for file in manifest.files], where=str(path))
        folder = self.folder(sha256)
        for file in manifest.files:
            found = folder / file.path
            if found.stat().st_size != file.size or fingerprint(found).sha256 != file.sha256:
                raise DamagedError("the copy on this machine was changed", where=str(found))
        return manifest

    def trim(self, keep: frozenset[str]) -> None:
        """Remove packages that nobody uses, but a few; never those of the digests in `keep`."""
        with contextlib.suppress(OSError), self._locked():
            manifests = self._folder.glob("*.manifest.json")
            ordered = sorted(manifests, key=lambda path: path.stat().st_mtime_ns, reverse=True)
            idle = [path.name.partition(".")[0] for path in ordered]
            for sha256 in [each for each in idle if each not in keep][KEEP:]:
                if not self._in_use(sha256):
                    shutil.rmtree(self.folder(sha256), ignore_errors=True)
                    self._manifest(sha256).unlink(missing_ok=True)
                    self._mark(sha256).unlink(missing_ok=True)

    def release(self, sha256: str) -> None:
        """Say that this server needs the package no more."""
        descriptor = self._used.pop(sha256, None)
        if descriptor is not None:
            os.close(descriptor)

    def _use(self, sha256: str) -> None:
        if sha256 not in self._used:
            descriptor = os.open(self._mark(sha256), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            self._used[sha256] = descriptor

    def _in_use(self, sha256: str) -> bool:
        if sha256 in self._used:
            return True
        descriptor = os.open(self._mark(sha256), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the model's lock, which ends with its holder."""
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _manifest(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.manifest.json"

    def _mark(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.use"
