"""Bodies of messages, taken from a buffer piece by piece: where they end, and what is content.

Nothing is changed: the pieces, one after the other, are the bytes that came (RFC 9112, 6 and 7).
"""

import re
from typing import NamedTuple, Protocol

__all__ = ["Body", "Chunked", "Piece", "Sized", "ToTheEnd"]

_LINE = 16 * 1024  # bytes of a chunk's size with its extensions, or of a trailer
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]+")


class Piece(NamedTuple):
    """Bytes of a body as they travel; `content` is False for what only frames it."""

    data: bytes
    content: bool = True


class Body(Protocol):
    """What is left of a message's body.

    Attributes:
        done: whether nothing is left.
        length: bytes of its content, if the head has told.
        open_ended: whether it ends with the connection.

    """

    done: bool
    length: int | None
    open_ended: bool

    def take(self, buffer: bytearray) -> list[Piece]:
        """Take from `buffer` what is there of the body."""


class Sized:
    """A body of a known length."""

    open_ended = False

    def __init__(self, length: int) -> None:
        self.length: int | None = length
        self._left = length
        self.done = length == 0

    def take(self, buffer: bytearray) -> list[Piece]:
        """Take what is there."""
        if not buffer or self.done:
            return []
        piece = _cut(buffer, self._left)
        self._left -= len(piece)
        self.done = self._left == 0
        return [Piece(piece)]


class ToTheEnd:
    """A body that lasts until its sender closes the connection."""

    open_ended = True
    length: int | None = None
    done = False

    def take(self, buffer: bytearray) -> list[Piece]:
        """Take what is there."""
        return [Piece(_cut(buffer, len(buffer)))] if buffer else []


class Chunked:
    """A body in chunks, each of which tells its size.

    One that breaks the rules is nobody's to mend: from there on it lasts until the connection ends.
    """

    def __init__(self) -> None:
        self.length: int | None = None
        self.done = False
        self.open_ended = False
        self._left = 0  # of the content of this chunk
        self._read = self._size

    def take(self, buffer: bytearray) -> list[Piece]:
        """Take what is there, whole lines of the framing."""
        pieces: list[Piece] = []
        while buffer and not self.done:
            if self._left or self.open_ended:
                data = _cut(buffer, len(buffer) if self.open_ended else self._left)
                self._left = max(0, self._left - len(data))
                pieces.append(Piece(data))
                continue
            end = buffer.find(b"\n") + 1
            if end:
                line = bytes(buffer[:end])
                self.open_ended = not self._read(line.strip())
                if self.open_ended:
                    continue
                del buffer[:end]
                pieces.append(Piece(line, content=False))
            elif len(buffer) > _LINE:
                self.open_ended = True
            else:
                break
        return pieces

    # Each reads a line, without its end, and tells whether it is as it must be.

    def _size(self, line: bytes) -> bool:
        digits = line.partition(b";")[0].rstrip()
        if not _HEXADECIMAL.fullmatch(digits):
            return False
        self._left = int(digits, 16)
        self._read = self._gap if self._left else self._trailer
        return True

    def _gap(self, line: bytes) -> bool:
        self._read = self._size
        return not line

    def _trailer(self, line: bytes) -> bool:
        self.done = not line
        return True


def _cut(buffer: bytearray, most: int) -> bytes:
    if most >= len(buffer):
        data = bytes(buffer)
        buffer.clear()
        return data
    data = bytes(buffer[:most])
    del buffer[:most]
    return data
