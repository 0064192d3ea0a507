"""A large object into a file: ranges side by side, resumed after a crash, verified, then named.

The bytes come together in ``.NAME.partial`` beside the target; ``.NAME.partial.json`` says of
which version they are and which ranges are done. Every range names that version, so two
versions are never spliced. Nothing has the target's name before all of it has been verified.
"""

import contextlib
import hashlib
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from providers.errors import IntegrityError, StoreError
from providers.model import ByteRange, ObjectMeta

__all__ = ["Download"]


class ReadInto(Protocol):
    """Reads a range of a version: ``(meta, range) -> pieces``, repeated where that helps."""

    def __call__(self, meta: ObjectMeta, wanted: ByteRange) -> Iterator[bytes]:
        """Yield the bytes of `wanted`."""


@dataclass
class Download:
    """One object on its way into one file.

    Attributes:
        read: reads a range of the version that `meta` names.
        expected: hex SHA-256 that the bytes must have, or None when nobody knows.

    """

    meta: ObjectMeta
    path: Path
    url: str
    read: ReadInto
    pool: Executor
    range_size: int
    expected: str | None
    progress: Callable[[int], None]

    def run(self) -> str:
        """Fetch what is missing, verify, name the file and return its SHA-256.

        Raises:
            IntegrityError: the bytes are not the expected ones; nothing is left behind.

        """
        partial, fd = self._claim()
        notes = partial.with_name(f"{partial.name}.json")
        try:
            done = self._resume(fd, notes)
            os.truncate(fd, self.meta.size)
            digest = self._fetch(fd, notes, done)
            if self.expected is not None and digest != self.expected:
                raise IntegrityError(
                    f"the bytes have the SHA-256 {digest}, not {self.expected}",
                    op="get",
                    url=self.url,
                )
            os.fsync(fd)
            notes.unlink(missing_ok=True)
            partial.replace(self.path)
        except BaseException as error:
            if not _resumable(error):
                partial.unlink(missing_ok=True)
                notes.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        return digest

    def _claim(self) -> tuple[Path, int]:
        """Open the partial file for this process alone; a busy one is left to its owner."""
        shared = self.path.with_name(f".{self.path.name}.partial")
        while True:
            fd = _open(shared)
            try:
                if not _lock(fd):
                    os.close(fd)
                    own = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}.partial")
                    return own, _open(own)
                # Its owner may have given it its final name while we waited to open it.
                if shared.exists() and shared.stat().st_ino == os.fstat(fd).st_ino:
                    return shared, fd
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)

    def _identity(self) -> str:
        return f"{self.url} {self.meta.version.token} {self.meta.size} {self.range_size}"

    def _resume(self, fd: int, notes: Path) -> set[int]:
        """Return the numbers of the ranges that an earlier run has finished."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            lines = notes.read_text("utf-8").splitlines()
            whole = os.fstat(fd).st_size == self.meta.size
            if whole and lines and json.loads(lines[0]) == self._identity():
                return {int(line) for line in lines[1:]}
        notes.write_text(json.dumps(self._identity()) + "\n", "utf-8")
        return set()

    def _fetch(self, fd: int, notes: Path, done: set[int]) -> str:
        """Fetch the ranges that are not `done` and return the digest of the whole file."""
        count = -(-self.meta.size // self.range_size)
        digest = hashlib.sha256()
        futures: dict[int, Future[None]] = {
            number: self.pool.submit(self._fetch_range, fd, number)
            for number in range(count)
            if number not in done
        }
        try:
            with notes.open("a", encoding="utf-8") as log:
                for number in range(count):
                    if number in futures:
                        futures[number].result()
                        log.write(f"{number}\n")
                        log.flush()
                    body = os.pread(fd, self.range_size, number * self.range_size)
                    if number in done:
                        self.progress(len(body))
                    digest.update(body)
        except BaseException:
            for future in futures.values():
                future.cancel()
            wait(futures.values())
            raise
        return digest.hexdigest()

    def _fetch_range(self, fd: int, number: int) -> None:
        start = number * self.range_size
        end = min(start + self.range_size, self.meta.size)
        for piece in self.read(self.meta, ByteRange(start, end)):
            written = 0
            while written < len(piece):
                written += os.pwrite(fd, memoryview(piece)[written:], start + written)
            start += len(piece)
            self.progress(len(piece))


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _lock(fd: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415 - absent on Windows

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _resumable(error: BaseException) -> bool:
    if isinstance(error, StoreError):
        return error.retryable
    return isinstance(error, KeyboardInterrupt | SystemExit)
