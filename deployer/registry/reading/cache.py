"""Contents that were fetched before, by digest: what is here need not be fetched again.

Nothing in it is believed: whoever takes a content hashes what was taken. So a file that was cut
short by a crash, or changed by somebody, costs a download and nothing else. No failure of the
cache fails a pull.

A new content is a hard link to the file that was fetched, which costs no space and no time; what
is taken is always a copy, so no two folders ever share a file.
"""

import contextlib
import os
import shutil
import stat
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from providers.errors import IntegrityError
from providers.source import fingerprint

__all__ = ["BlobCache"]

_ABANDONED = 3600.0  # seconds
_CHUNK = 1 << 30
_SHARE = 8  # of the limit may be copied before it is looked at


class BlobCache:
    """A folder of contents, shared by the processes of one user.

    Args:
        folder: of the files ``<first two digits>/<hex SHA-256>``.
        limit: bytes; beyond it those go that were not used for the longest time.

    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._copied = 0
        self._counting = threading.Lock()

    def take(self, sha256: str, size: int, path: Path) -> bool:
        """Copy a content to `path`, verified, and tell whether that could be done."""
        cached = self._path(sha256)
        partial = path.with_name(f".{uuid.uuid4().hex}.cached")
        try:
            found = cached.lstat()
            if not stat.S_ISREG(found.st_mode):
                return False
            if found.st_size == size:
                _copy(cached, partial)
                # The copy, not the original: what was hashed is what is used.
                if fingerprint(partial).sha256 == sha256:
                    partial.replace(path)
                    _touch(cached, found)
                    return True
            cached.unlink(missing_ok=True)
        except (OSError, IntegrityError):
            pass  # the cloud has it, too
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        return False

    def give(self, sha256: str, path: Path) -> None:
        """Keep the content of the file `path`, which stays where it is."""
        cached = self._path(sha256)
        with contextlib.suppress(OSError):
            if path.stat().st_size > self._limit:
                return
            cached.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                os.link(path, cached)
            except FileExistsError:
                return
            except OSError:  # another file system, or one without links
                _place_copy(path, cached)
                if self._is_much(cached.stat().st_size):
                    self.trim()

    def trim(self) -> None:
        """Remove the contents that were not used for the longest time, down to the limit.

        Several processes may do so at once: they agree on what goes first.
        """
        with contextlib.suppress(OSError):
            entries = sorted(self._entries())
            total = sum(size for _, size, _ in entries)
            for _, size, path in entries:
                if total <= self._limit:
                    return
                path.unlink(missing_ok=True)
                total -= size

    def _is_much(self, size: int) -> bool:
        """Count what was copied: unlike a link it takes space before the pull is done."""
        with self._counting:
            self._copied += size
            if self._copied <= self._limit // _SHARE:
                return False
            self._copied = 0
            return True

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """Yield ``(last use, size, path)`` of all files; forget copies that a crash left behind."""
        abandoned = time.time() - _ABANDONED
        for folder in os.scandir(self._folder):
            if not folder.is_dir(follow_symlinks=False):
                continue
            for entry in os.scandir(folder):
                with contextlib.suppress(FileNotFoundError):  # another process was quicker
                    found = entry.stat(follow_symlinks=False)
                    if entry.name.startswith(".") and found.st_mtime < abandoned:
                        Path(entry.path).unlink(missing_ok=True)
                    elif stat.S_ISREG(found.st_mode):
                        yield found.st_atime_ns, found.st_size, Path(entry.path)


def _touch(path: Path, found: os.stat_result) -> None:
    """Remember the use. Not in the time of the last change: the file may be a pulled folder's."""
    with contextlib.suppress(OSError):
        os.utime(path, ns=(time.time_ns(), found.st_mtime_ns))


def _place_copy(source: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        _copy(source, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, within the file system where that can be done."""
    with source.open("rb") as read, target.open("wb") as write:
        if not _clone(read.fileno(), write.fileno()):
            read.seek(0)
            write.seek(0)
            write.truncate()
            shutil.copyfileobj(read, write, 1 << 20)


def _clone(source: int, target: int) -> bool:
    if not hasattr(os, "copy_file_range"):
        return False
    try:
        while os.copy_file_range(source, target, _CHUNK):
            pass
    except OSError:  # not with these file systems; or a true error, which the other way meets too
        return False
    return True
