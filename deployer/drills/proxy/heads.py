"""Heads of requests and answers: what must be known of them to pass them on unchanged (RFC 9112)."""

import re
from dataclasses import dataclass

from deployer.drills.proxy.bodies import Body, Chunked, Sized, ToTheEnd

__all__ = [
    "HEAD_END",
    "AnswerHead",
    "RequestHead",
    "StrangeError",
    "answer_head",
    "request_head",
    "with_field",
]

HEAD_END = re.compile(rb"\n\r?\n")
_BODILESS = (204, 304)
_SWITCHING = 101


class StrangeError(Exception):
    """What came cannot be told apart into messages."""


@dataclass(slots=True)
class RequestHead:
    """A request's line and headers.

    Attributes:
        raw: as they came, with the blank line.
        method: of HTTP.
        target: path and query.
        fields: name in lower case → value; the last one, if there are several.
        length: what Content-Length says; 0 without it.

    """

    raw: bytes
    method: str
    target: str
    fields: dict[bytes, bytes]
    length: int

    @property
    def expects(self) -> bool:
        """Whether the client holds its body back until it is told to go on."""
        return self.fields.get(b"expect", b"").lower() == b"100-continue"

    def body(self) -> Body:
        """Return what tells where the body ends."""
        return Chunked() if b"transfer-encoding" in self.fields else Sized(self.length)


@dataclass(slots=True)
class AnswerHead:
    """An answer's line and headers.

    Attributes:
        raw: as they came, with the blank line.
        status: of HTTP.
        fields: name in lower case → value.
        body: tells where the body ends.

    """

    raw: bytes
    status: int
    fields: dict[bytes, bytes]
    body: Body

    @property
    def interim(self) -> bool:
        """Whether the answer proper is still to come."""
        return 100 <= self.status < 200 and self.status != _SWITCHING  # noqa: PLR2004 - 1xx


def request_head(raw: bytes) -> RequestHead:
    """Read a request's head.

    Raises:
        StrangeError: it does not say clearly where the request ends.

    """
    first, fields, length = _parts(raw)
    words = first.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or words[0] == b"CONNECT":  # noqa: PLR2004
        raise StrangeError(first)
    return RequestHead(raw, words[0].decode("latin-1"), words[1].decode("latin-1"), fields, length)


def answer_head(raw: bytes, method: str) -> AnswerHead:
    """Read an answer's head.

    Args:
        raw: line and headers.
        method: that of the request that it answers.

    Raises:
        StrangeError: it is none.

    """
    first, fields, length = _parts(raw)
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():  # noqa: PLR2004
        raise StrangeError(first)
    status = int(words[1])
    if status == _SWITCHING:
        body: Body = ToTheEnd()
    elif method == "HEAD" or status in _BODILESS or status < 200:  # noqa: PLR2004 - 1xx
        body = Sized(0)
    elif b"transfer-encoding" in fields:
        body = Chunked()
    elif b"content-length" in fields:
        body = Sized(length)
    else:
        body = ToTheEnd()
    return AnswerHead(raw, status, fields, body)


def with_field(raw: bytes, name: bytes, value: bytes) -> bytes:
    """Return a head with another value for the field `name`; all else stays as it is."""
    pattern = re.compile(rb"(\n" + re.escape(name) + rb":[ \t]*)[^\r\n]*", re.IGNORECASE)
    return pattern.sub(lambda found: found[1] + value, raw)


def _parts(raw: bytes) -> tuple[bytes, dict[bytes, bytes], int]:
    """Return the first line, the fields, and what Content-Length says."""
    lines = raw.strip(b"\r\n").split(b"\n")
    fields: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or name[:1] in b" \t":
            continue
        value = value.strip()
        if name in {b"content-length", b"transfer-encoding"} and fields.get(name, value) != value:
            raise StrangeError(line)
        fields[name] = value
    length = fields.get(b"content-length", b"0")
    coding = fields.get(b"transfer-encoding")
    if not length.isdigit() or (
        coding is not None and (coding.lower() != b"chunked" or b"content-length" in fields)
    ):
        raise StrangeError(lines[0])
    return lines[0].rstrip(b"\r"), fields, int(length)
