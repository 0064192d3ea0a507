"""Where the bytes of an upload come from: memory, a file, or a stream read once.

A source is read part by part from front to back. A file is read with positioned reads, so
several clouds can be sent the same open file at once and an upload can skip the parts that a
store already has; if the file changes meanwhile, that is found and the upload fails.
"""

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, TypeAlias, cast

from providers.errors import IntegrityError

__all__ = [
    "Body",
    "BytesSource",
    "FileSource",
    "Fingerprint",
    "Source",
    "StreamSource",
    "as_source",
    "fingerprint",
]

READ_SIZE = 1024 * 1024


class Source(Protocol):
    """Bytes to upload; `size` is None when only the end of the stream will tell."""

    @property
    def size(self) -> int | None:
        """Bytes in all, or None."""

    @property
    def restartable(self) -> bool:
        """Whether :meth:`parts` can be called again."""

    def hash(self) -> str | None:
        """Return the hex SHA-256 of the bytes, computed once; None if they can be read only once."""

    def parts(self, part_size: int) -> Iterator[bytes]:
        """Yield the bytes in pieces of `part_size`, the last one shorter; at least one piece."""

    def skip(self, part_size: int, numbers: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """Yield ``(number, bytes)`` of the parts, from 1, without those in `numbers`."""

    def check(self) -> None:
        """Raise IntegrityError if the source changed since it was opened."""

    def close(self) -> None:
        """Release what the source holds."""


class BytesSource:
    """Bytes in memory; a mutable buffer is copied, so the caller may reuse it."""

    restartable = True

    def __init__(self, body: bytes | bytearray | memoryview) -> None:
        self._body = bytes(body)
        self.size = len(self._body)

    def parts(self, part_size: int) -> Iterator[bytes]:
        """Yield the bytes in pieces of `part_size`."""
        if len(self._body) <= part_size:
            yield self._body
            return
        for start in range(0, len(self._body), part_size):
            yield self._body[start : start + part_size]

    def skip(self, part_size: int, numbers: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the parts that are not in `numbers`."""
        for number, part in enumerate(self.parts(part_size), 1):
            if number not in numbers:
                yield number, part

    def hash(self) -> str:
        """Return the hex SHA-256 of the bytes."""
        return hashlib.sha256(self._body).hexdigest()

    def check(self) -> None:
        """Do nothing: the bytes are our own copy."""

    def close(self) -> None:
        """Do nothing."""


class Fingerprint(NamedTuple):
    """What a file held when it was hashed, and how to tell that it still holds it."""

    size: int
    mtime_ns: int
    inode: int
    sha256: str


def fingerprint(path: Path) -> Fingerprint:
    """Read and hash a file, once for however many uploads of it.

    Raises:
        OSError: the file cannot be read.
        IntegrityError: it changed meanwhile.

    """
    source = FileSource(path)
    try:
        sha256 = source.hash()
        return Fingerprint(*source.identity, sha256)
    finally:
        source.close()


class FileSource:
    """A regular file, read by position from one descriptor; safe to share between threads.

    Args:
        path: the file.
        known: what an earlier :func:`fingerprint` found; spares hashing it again.

    Raises:
        OSError: the file cannot be opened.
        IntegrityError: the file is not the one that was hashed.

    """

    restartable = True

    def __init__(self, path: Path, known: Fingerprint | None = None) -> None:
        self.path = path
        self._sha256 = known.sha256 if known else ""
        self._hashing = threading.Lock()
        self._fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self.identity = known[:3] if known else self._stat()
        self.size = self.identity[0]
        if known:
            try:
                self.check()
            except IntegrityError:
                self.close()
                raise

    def _stat(self) -> tuple[int, int, int]:
        stat = os.fstat(self._fd)
        return stat.st_size, stat.st_mtime_ns, stat.st_ino

    def parts(self, part_size: int) -> Iterator[bytes]:
        """Yield the file in pieces of `part_size`."""
        for _, part in self.skip(part_size, frozenset()):
            yield part

    def skip(self, part_size: int, numbers: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the parts that are not in `numbers`, reading only those."""
        count = max(1, -(-self.size // part_size))
        for number in range(1, count + 1):
            if number not in numbers:
                yield number, self._read((number - 1) * part_size, part_size)

    def _read(self, offset: int, length: int) -> bytes:
        wanted = min(length, self.size - offset)
        part = os.pread(self._fd, wanted, offset)
        while len(part) < wanted:
            more = os.pread(self._fd, wanted - len(part), offset + len(part))
            if not more:
                self.check()
            part += more
        return part

    def hash(self) -> str:
        """Return the hex SHA-256 of the file, read and computed once for all uploads of it.

        The descriptor is theirs too, and :meth:`check` finds a file that was written to since.
        """
        with self._hashing:
            if not self._sha256:
                digest = hashlib.sha256()
                for piece in self.parts(READ_SIZE):
                    digest.update(piece)
                self.check()
                self._sha256 = digest.hexdigest()
            return self._sha256

    def check(self) -> None:
        """Raise IntegrityError if the file was written to since it was opened."""
        if self._stat() != self.identity:
            raise IntegrityError(
                "the file changed while it was read",
                op="read",
                url=str(self.path),
                hint="stop what writes to it and run the same command again",
            )

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class StreamSource:
    """Bytes that can be read once: a pipe, a socket, a generator."""

    restartable = False
    size = None

    def __init__(self, body: BinaryIO | Iterable[bytes]) -> None:
        stream = hasattr(body, "read")
        self._pieces = _read_pieces(cast(BinaryIO, body)) if stream else iter(body)

    def parts(self, part_size: int) -> Iterator[bytes]:
        """Yield what is left of the stream in pieces of `part_size`."""
        buffer = bytearray()
        empty = True
        for piece in self._pieces:
            buffer += piece
            while len(buffer) >= part_size:
                yield bytes(buffer[:part_size])
                del buffer[:part_size]
                empty = False
        if buffer or empty:
            yield bytes(buffer)

    def skip(self, part_size: int, numbers: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the parts that are not in `numbers`; the others are read and dropped."""
        for number, part in enumerate(self.parts(part_size), 1):
            if number not in numbers:
                yield number, part

    def hash(self) -> None:
        """Return None: whoever reads a stream to hash it has nothing left to send."""

    def check(self) -> None:
        """Do nothing: what was read is what was sent."""

    def close(self) -> None:
        """Do nothing: the stream is its owner's."""


def _read_pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(READ_SIZE):
        yield piece


Body: TypeAlias = bytes | bytearray | memoryview | Path | BinaryIO | Iterable[bytes] | Source
"""What a caller may hand to an upload."""


def as_source(body: Body) -> Source:
    """Return the source for whatever a caller has."""
    if isinstance(body, bytes | bytearray | memoryview):
        return BytesSource(body)
    if isinstance(body, Path):
        return FileSource(body)
    if isinstance(body, BytesSource | FileSource | StreamSource):
        return body
    return StreamSource(cast("BinaryIO | Iterable[bytes]", body))
