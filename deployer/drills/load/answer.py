"""Reads one answer of HTTP/1.1 (RFC 9112) in whatever pieces it comes. No I/O."""

from typing import NamedTuple

__all__ = ["DIGEST_HEADER", "Answer", "AnswerReader", "TruncatedError"]

DIGEST_HEADER = b"x-deployer-model-digest"
_LONGEST_HEAD = 65536


class Answer(NamedTuple):
    """A whole answer.

    Attributes:
        status: of HTTP.
        digest: hex SHA-256 of the version that answered; "" if it does not say.
        keep: whether the connection can be used again.

    """

    status: int
    digest: str
    keep: bool


class TruncatedError(Exception):
    """The connection ended inside the body."""


class AnswerReader:
    """Takes the bytes of one answer; its body is counted and thrown away."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: Answer | None = None
        self._left: int | None = None
        """Bytes that are still to come: of the body or of a chunk. None: until the end."""
        self._chunked = False
        self._trailer = False

    def feed(self, data: bytes) -> Answer | None:
        """Take some bytes. Return the answer once it is complete.

        Raises:
            ValueError: this is not HTTP.

        """
        self._buffer += data
        while self._answer is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _LONGEST_HEAD:
                    raise ValueError("the head of the answer does not end")
                return None
            head = bytes(self._buffer[:end])
            del self._buffer[: end + 4]
            self._head(head)
        return self._chunks() if self._chunked else self._body()

    def end(self) -> Answer:
        """Take the end of the connection.

        Raises:
            EOFError: before the head was complete.
            TruncatedError: inside the body.

        """
        if self._answer is None:
            raise EOFError
        if self._chunked or self._left is not None:
            raise TruncatedError
        return self._answer

    def _head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        version, code, *_ = first.split(b" ", 2)
        status = int(code)
        if not version.startswith(b"HTTP/1."):
            raise ValueError("not HTTP/1")
        if 100 <= status < 200:  # noqa: PLR2004 - RFC 9110 section 15.2: the answer is yet to come
            return
        digest, keep, length = "", version != b"HTTP/1.0", None
        for line in lines:
            name, _, value = line.partition(b":")
            name, value = name.lower(), value.strip()
            if name == DIGEST_HEADER:
                digest = value.decode("latin-1").removeprefix("sha256:")
            elif name == b"content-length":
                length = int(value)
                if length < 0:
                    raise ValueError("a length below 0")
            elif name == b"transfer-encoding":
                self._chunked = value.lower() == b"chunked"
            elif name == b"connection":
                keep = keep and b"close" not in value.lower()
        if status in (204, 304):
            length, self._chunked = 0, False
        self._left = 0 if self._chunked else length
        keep = keep and self._left is not None
        self._answer = Answer(status, digest, keep)

    def _body(self) -> Answer | None:
        if self._left is None:
            self._buffer.clear()
            return None
        taken = min(self._left, len(self._buffer))
        del self._buffer[:taken]
        self._left -= taken
        return None if self._left else self._whole()

    def _chunks(self) -> Answer | None:
        while True:
            taken = min(self._left or 0, len(self._buffer))
            del self._buffer[:taken]
            self._left = (self._left or 0) - taken
            end = self._buffer.find(b"\r\n")
            if self._left or end < 0:
                return None
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 2]
            if self._trailer:
                if not line:
                    return self._whole()
            else:
                # Two more bytes than the chunk has: the line end that follows it.
                size = int(line.partition(b";")[0], 16)
                self._trailer = size == 0
                self._left = size + 2 if size else 0

    def _whole(self) -> Answer:
        assert self._answer is not None  # noqa: S101 - for the type checker
        # More than was announced would be taken for the next answer.
        return self._answer._replace(keep=False) if self._buffer else self._answer
