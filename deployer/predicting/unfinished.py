"""A file that grows batch by batch, and outlives the process that writes it.

Beside ``answers.csv``, while it is written::

    .answers.csv.partial        the answers so far; the last ones may be torn
    .answers.csv.partial.json   how much of it is on the disk for sure, and what it belongs to
    .answers.csv.partial.done   Parquet, while it is made of the first
"""

import fcntl
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, Self

from deployer.errors import UsageError
from deployer.predicting.kept import Job, Kept, read_kept, write_kept

__all__ = ["Unfinished"]

EVERY = 1.0  # seconds between two looks after what is on the disk; what a crash may cost
_BLOCK = 1 << 20


class _End(NamedTuple):
    """Where a file ends after a batch: its size, the digest up to there, and the rows by label."""

    size: int
    digest: "hashlib._Hash"
    labels: Counter[str]


class Unfinished:
    """The files beside `target`; nobody else writes them until :meth:`close`.

    Args:
        target: what the file shall be called when it is whole.
        shown: what to call it in messages.

    Attributes:
        path: of the answers.
        kept: what was there, or is now; None for nothing.

    Raises:
        UsageError: another process writes them.
        OSError: they cannot be opened.

    """

    def __init__(self, target: Path, *, shown: str) -> None:
        self._target = target
        self.path = target.with_name(f".{target.name}.partial")
        self._record = self.path.with_name(f"{self.path.name}.json")
        self._made = self.path.with_name(f"{self.path.name}.done")
        self._fd = _locked(self.path, shown)
        self._end = _End(0, hashlib.sha256(), Counter())
        self._last = time.monotonic()
        self.kept: Kept | None = None
        try:
            # A crash between the last two steps leaves a record of what has its name already.
            if os.fstat(self._fd).st_size:
                self.kept = read_kept(self._record)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others have the files."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def begin(self, head: bytes) -> None:
        """Throw away what there is, and write `head`.

        Raises:
            OSError: it cannot be written.

        """
        self.kept = None
        with suppress(FileNotFoundError):
            self._record.unlink()
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self.append(head)

    def go_on(self) -> bool:
        """Stand behind what is kept; return whether it is what it was when it was written.

        Raises:
            OSError: it cannot be read.

        """
        kept = self.kept
        assert kept is not None  # noqa: S101 - the caller looked
        with self.path.open("rb") as file:
            digest, read = _digest(file, kept.size)
        if read != kept.size or digest.hexdigest() != kept.sha256:
            return False
        os.ftruncate(self._fd, kept.size)
        os.lseek(self._fd, kept.size, os.SEEK_SET)
        self._end = _End(kept.size, digest, Counter(kept.labels))
        return True

    def add(self, content: bytes, labels: Mapping[str, int], *, job: Job, model: str) -> None:
        """Append the answers of a batch, and look after what is on the disk now and then.

        Args:
            content: bytes of the answers.
            labels: rows of them by label.
            job: that they belong to.
            model: hex SHA-256 of what answered; "" if it does not tell, and then nothing is kept.

        Raises:
            OSError: they cannot be written; what was kept is kept.

        """
        self.append(content, labels)
        if time.monotonic() - self._last >= EVERY:
            self.keep(job, model)

    def keep(self, job: Job, model: str) -> None:
        """Have all answers so far on the disk, and say so in the record; as :meth:`add`."""
        if not self.path.exists():
            self.kept = None  # it has its name already
            return
        end = self._end
        if not model or not end.labels:
            return
        # The record must never promise what a crash of the machine may take away.
        os.fsync(self._fd)
        kept = Kept(
            job=job,
            model=model,
            rows=end.labels.total(),
            size=end.size,
            sha256=end.digest.hexdigest(),
            labels=dict(end.labels),
        )
        write_kept(self._record, kept)
        self.kept, self._last = kept, time.monotonic()

    def finish(self, make: Callable[[BinaryIO, BinaryIO], None] | None) -> None:
        """Give the answers their name, made into another format by `make`.

        Raises:
            OSError: it cannot be done; what was kept is kept.

        """
        os.fsync(self._fd)
        if make is None:
            self.path.replace(self._target)
        else:
            try:
                with self.path.open("rb") as waiting, self._made.open("wb") as file:
                    make(waiting, file)
                    file.flush()
                    os.fsync(file.fileno())
                self._made.replace(self._target)
            except BaseException:
                with suppress(OSError):
                    self._made.unlink()
                raise
        self.discard()

    def discard(self) -> None:
        """Remove the files, as far as the system lets us."""
        self.kept = None
        # The record first: without it, the other one counts for nothing.
        for each in (self._record, self.path):
            with suppress(OSError):
                each.unlink()

    def append(self, content: bytes, labels: Mapping[str, int] = MappingProxyType({})) -> None:
        """Append bytes, all or none, with as many rows of each label.

        Raises:
            OSError: they cannot be written.

        """
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except BaseException:
            # On a full disk, room for the record; what is half-written is of no use.
            with suppress(OSError):
                os.ftruncate(self._fd, self._end.size)
            raise
        digest = self._end.digest.copy()
        digest.update(content)
        counted = self._end.labels + Counter(labels)
        # At once: Ctrl-C between two assignments would leave an end that never was.
        self._end = _End(self._end.size + len(content), digest, counted)


def _locked(path: Path, shown: str) -> int:
    """Open a file that nobody else has open in this way; the system tells when its holder is gone."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise UsageError(
                "another command is writing it", where=shown, hint="wait for it, or end it"
            ) from error
        except OSError:
            pass  # a file system without locks
        # Whoever held it may have given the file its final name meanwhile, or removed it.
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                return descriptor
        os.close(descriptor)


def _digest(file: BinaryIO, size: int) -> "tuple[hashlib._Hash, int]":
    digest, read = hashlib.sha256(), 0
    while block := file.read(min(_BLOCK, size - read)):
        digest.update(block)
        read += len(block)
    return digest, read
