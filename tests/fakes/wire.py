"""HTTP/1.1 as bytes: requests read, responses written, nothing guessed.

The standard library's handler parses headers through the email package and hides the socket.
This module needs both to be otherwise: it is on the path of every request of a test run, and
the faults need to stop reading or writing at an exact byte.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import BufferedReader

MAX_LINE = 65536


class ClientGoneError(Exception):
    """The peer closed its end in the middle of a request."""


class BadRequestError(Exception):
    """What arrived is not HTTP/1.1."""


@dataclass(slots=True)
class Request:
    """One request; `operation`, `bucket` and `key` are filled in by the dialect."""

    method: str
    raw_path: str
    query_string: str
    headers: dict[str, str]
    query: dict[str, str]
    dialect: str = ""
    operation: str = ""
    bucket: str = ""
    key: str = ""
    body: bytes = b""

    @property
    def mutates(self) -> bool:
        """Whether a success changes what the cloud holds."""
        return self.method not in {"GET", "HEAD"}

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


@dataclass(slots=True)
class Response:
    """One answer. `length` is for HEAD, whose Content-Length describes a body not sent."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None


def split_query(query_string: str) -> dict[str, str]:
    """Decoded parameters; a repeated name is no part of any of the three protocols."""
    found: dict[str, str] = {}
    for item in query_string.split("&"):
        if item:
            name, _, value = item.partition("=")
            found[unquote(name)] = unquote(value.replace("+", " "))
    return found


def read_request(stream: BufferedReader) -> Request | None:
    """Read a request line and its headers; None when the peer closed between requests."""
    line = stream.readline(MAX_LINE)
    if not line:
        return None
    try:
        method, target, version = line.decode("latin-1").split()
    except ValueError as error:
        raise BadRequestError(repr(line[:80])) from error
    if version != "HTTP/1.1":
        raise BadRequestError(version)
    headers: dict[str, str] = {}
    while True:
        line = stream.readline(MAX_LINE)
        if not line:
            raise ClientGoneError
        if line in {b"\r\n", b"\n"}:
            break
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator:
            raise BadRequestError(repr(line[:80]))
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    path, _, query_string = target.partition("?")
    return Request(method, path, query_string, headers, split_query(query_string))


class BodyReader:
    """The body of one request, readable in steps so that a fault can stop half-way."""

    def __init__(self, stream: BufferedReader, request: Request, go_on: Callable[[], None]) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._chunked = "chunked" in request.headers.get("transfer-encoding", "").lower()
        self._remaining = 0 if self._chunked else int(request.headers.get("content-length", "0"))
        self._done = not self._chunked and self._remaining == 0
        # "Expect: 100-continue": the client holds the body back until it is told to go on.
        expects = request.headers.get("expect", "").lower() == "100-continue"
        self._go_on = go_on if expects else None

    def _exactly(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise ClientGoneError
        return data

    def _fill(self, count: int | None) -> None:
        """Have `count` bytes in the buffer (None: all there are)."""
        if self._go_on is not None and not self._done:
            self._go_on()
            self._go_on = None
        while not self._done and (count is None or len(self._buffer) < count):
            if self._chunked:
                self._next_chunk()
                continue
            wanted = self._remaining
            if count is not None:
                wanted = min(wanted, count - len(self._buffer))
            self._buffer += self._exactly(wanted)
            self._remaining -= wanted
            self._done = self._remaining == 0

    def _next_chunk(self) -> None:
        size = int(self._stream.readline(MAX_LINE).split(b";")[0] or b"0", 16)
        if size:
            self._buffer += self._exactly(size)
            self._exactly(2)
            return
        while self._stream.readline(MAX_LINE) not in {b"\r\n", b"\n", b""}:
            pass  # trailers of the transfer coding: none of the three protocols uses them
        self._done = True

    def peek(self, count: int) -> bytes:
        """Return the first bytes, without consuming them."""
        self._fill(count)
        return bytes(self._buffer[:count])

    def at_most(self, count: int) -> bytes:
        self._fill(count)
        return bytes(self._buffer[:count])

    def everything(self) -> bytes:
        self._fill(None)
        return bytes(self._buffer)


_date: tuple[int, str] = (0, "")


def http_date(moment: float | None = None) -> str:
    """Format an RFC 9110 date; the current one is made once a second."""
    global _date  # noqa: PLW0603 - a cache of one entry, replaced whole
    if moment is not None:
        return formatdate(moment, usegmt=True)
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def head_bytes(response: Response, extra: Mapping[str, str]) -> bytes:
    """Encode the status line and the headers, blank line included."""
    own = {**response.headers, **extra}
    date = own.pop("Date", None) or http_date()  # a hook may have set another clock
    lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}", f"Date: {date}"]
    length = len(response.body) if response.length is None else response.length
    if response.status not in {204, 304}:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in own.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "backslashreplace")
