"""Where a table's bytes come from: a file, the standard input, or memory."""

import io
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deployer.errors import FailedError, MissingError, UsageError

__all__ = ["Source", "open_file", "read_bytes", "source_of"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """Bytes that can be read more than once.

    Attributes:
        name: what to call them in messages.
        path: of the file; None if they are in memory.
        content: the bytes, if they are.
        size: how many bytes there are.

    """

    name: str
    path: Path | None
    content: bytes
    size: int

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the bytes from their start; errors as :func:`open_file`."""
        if self.path is None:
            yield io.BytesIO(self.content)
            return
        with open_file(self.path) as file:
            try:
                yield file
            except OSError as error:
                raise FailedError(f"cannot be read: {error.strerror}", where=self.name) from error


def open_file(path: Path) -> BinaryIO:
    """Open the file to read.

    Raises:
        MissingError: there is no such file.
        UsageError: it is a directory.
        FailedError: the system does not let us read it.

    """
    try:
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingError("no such file", where=str(path), hint="check the path") from error
    except IsADirectoryError as error:
        raise UsageError(
            "a directory, not a file", where=str(path), hint="name the file itself"
        ) from error
    except OSError as error:
        raise FailedError(f"cannot be read: {error.strerror}", where=str(path)) from error


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes; errors as :func:`open_file`."""
    with open_file(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise FailedError(f"cannot be read: {error.strerror}", where=str(path)) from error


def source_of(path: Path, *, most: int | None) -> Source:
    """Return the source that `path` names, ``-`` being the standard input.

    What can be read once only, such as a pipe, is read whole.

    Args:
        path: of a file.
        most: bytes of a pipe to hold at most; None for no limit.

    Raises:
        UsageError: more bytes than `most` in a pipe; otherwise as :func:`open_file`.

    """
    if str(path) == "-":
        return _drain(sys.stdin.buffer, "stdin", most)
    with open_file(path) as file:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            return Source(str(path), path, b"", status.st_size)
        return _drain(file, str(path), most)


def _drain(file: BinaryIO, name: str, most: int | None) -> Source:
    blocks: list[bytes] = []
    size = 0
    while block := file.read(_BLOCK):
        blocks.append(block)
        size += len(block)
        if most is not None and size > most:
            raise UsageError(
                f"more than {most} bytes, which is all that memory has room for",
                where=name,
                hint="save it as a file, and read a part of it with --sample N",
            )
    return Source(name, None, b"".join(blocks), size)
