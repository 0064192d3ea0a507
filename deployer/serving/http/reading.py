"""Bytes of one connection to requests, in order; llhttp reads them (by way of httptools)."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import httptools

from deployer.serving.http.heads import bad, declared_length, header_name, path_of
from deployer.serving.http.messages import CLOSE, Response, refusal, too_large
from deployer.serving.http.request import Handler, Request
from deployer.serving.refusals import RefusedError, Status

if TYPE_CHECKING:
    from deployer.serving.http.server import HttpServer

__all__ = ["SMALL", "Incoming", "Reader"]

SMALL = 64 * 1024
"""Bodies up to so many bytes count for no limit."""

_LONGEST_KNOWN = 4096  # bytes of a head that is kept to know it again
_MOST_HEADERS = 256
_VERSIONS = ("1.1", "1.0")
_END = b"\r\n\r\n"


class Incoming:
    """A request as far as it has come.

    Attributes:
        request: its head.
        refused: what it is told, whatever else comes; None if it is to be answered.
        parts: of its body.
        size: of them, in bytes.
        held: bytes of the server's that are kept for it.
        waits: whether the client sends the body only when it is told to (RFC 9110, 10.1.1).

    """

    __slots__ = ("held", "parts", "refused", "request", "size", "waits")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.refused: Response | None = None
        self.parts: list[bytes] = []
        self.size = 0
        self.held = 0
        self.waits = False

    def body(self) -> bytes:
        """Return the whole body, which is then no longer kept here."""
        parts, self.parts = self.parts, []
        return parts[0] if len(parts) == 1 else b"".join(parts)


class _Known(NamedTuple):
    """The head of a request that came whole, and what was read of it.

    Attributes:
        head: its bytes.
        size: of it and its body.
        request: that was read.

    """

    head: bytes
    size: int
    request: Request


class Reader:
    """Reads requests.

    Clients that keep a connection say the same again and again: a request whose head is, byte for
    byte, that of the one before is not parsed again.

    Args:
        server: limits.
        handler: admits requests.
        client: address and port of the other end.
        deliver: takes each request that is complete, or was refused before it was. After one that
            was refused early nothing more is read: what follows may be its body.

    Attributes:
        deaf: whether what comes is of no interest any more.
        begun: whether a part of a request has come.
        message: whose head has come, but not the whole body.

    """

    def __init__(
        self,
        server: "HttpServer",
        handler: Handler,
        client: str,
        deliver: Callable[[Incoming], None],
    ) -> None:
        self._server = server
        self._handler = handler
        self._client = client
        self._deliver = deliver
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: dict[str, str] = {}
        self._size = 0
        self._known: _Known | None = None
        self._heads = 0
        self._declared: int | None = None
        self._read: Incoming | None = None
        self.deaf = False
        self.begun = False
        self.message: Incoming | None = None

    def feed(self, data: bytes) -> None:
        """Read what has come."""
        known = self._known
        if (
            known is not None
            and len(data) == known.size
            and data.startswith(known.head)
            and not self.begun
        ):
            self._again(known, data)
            return
        begins, self._heads = not self.begun, 0
        self._parse(data)
        if begins and self._heads == 1 and not self.begun and not self.deaf:
            self._keep(data)

    def _again(self, known: _Known, data: bytes) -> None:
        """Deliver a request whose head is known."""
        before = known.request
        request = Request(
            before.method, before.path, before.headers, self._client, time.perf_counter()
        )
        message = Incoming(request)
        message.refused = self._handler.admit(request)
        if message.refused is None:
            message.parts.append(data[len(known.head) :])
            message.size = len(data) - len(known.head)
        self._deliver(message)

    def _keep(self, data: bytes) -> None:
        """Know the head of the only request in `data` again, if it says all about its body."""
        message, declared = self._read, self._declared
        if message is None or declared is None or not message.request.keep:
            return
        size = len(data) - declared
        if (
            declared <= SMALL
            and 0 < size <= _LONGEST_KNOWN
            and data[:size].endswith(_END)
            and "expect" not in message.request.headers
        ):
            self._known = _Known(data[:size], len(data), message.request)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.deaf = True
        except httptools.HttpParserError as error:
            self.refuse(bad(f"this is not HTTP/1.1: {error}"))
        message = self.message
        if message is not None:
            if message.refused is not None:
                self._cut(message)  # its body is not waited for
        elif self.begun:
            self._size += len(data)
            if self._size > self._server.max_headers:
                self.refuse(self._too_many_headers())

    def refuse(self, error: RefusedError) -> None:
        """Refuse what is being read, unless it was refused, and read no more."""
        if self.deaf:
            return
        message = self.message
        if message is None:
            request = Request("", "", {}, self._client, time.perf_counter(), keep=False)
            self._handler.admit(request)
            message = Incoming(request)
        if message.refused is None:
            message.refused = refusal(error)
        self._cut(message)

    def _cut(self, message: Incoming) -> None:
        message.request.keep = False
        message.parts = []
        self.deaf = True
        self.begun = False
        self.message = None
        self._deliver(message)

    # --- what the parser finds --------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.begun = not self.deaf
        self._target = b""
        self._headers = {}
        self._size = 0

    def on_url(self, target: bytes) -> None:
        """Take a part of the target."""
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        key, text = header_name(name), value.decode("latin-1")
        before = self._headers.get(key)
        self._headers[key] = text if before is None else f"{before}, {text}"
        self._size += len(name) + len(value)

    def on_headers_complete(self) -> None:
        """Look at the head of a request."""
        if self.deaf:
            return
        try:
            declared = self._check()
            request = Request(
                self._parser.get_method().decode("latin-1"),
                path_of(self._target),
                self._headers,
                self._client,
                time.perf_counter(),
                keep=self._parser.should_keep_alive() and not self._parser.should_upgrade(),
            )
        except RefusedError as error:
            self.refuse(error)
            return
        self._heads += 1
        self._declared = declared
        self.message = self._read = message = Incoming(request)
        message.refused = self._handler.admit(request)
        if message.refused is None and declared != 0:
            try:
                self._expect(message, declared)
            except RefusedError as error:
                self.refuse(error)

    def _check(self) -> int | None:
        """Return how many bytes the body has; None if that will be seen.

        Raises:
            RefusedError: the head cannot be read, or promises too much.

        """
        headers, parser, server = self._headers, self._parser, self._server
        if parser.get_http_version() not in _VERSIONS:
            raise bad("this is not HTTP/1.1")
        if len(self._target) + self._size > server.max_headers or len(headers) > _MOST_HEADERS:
            raise self._too_many_headers()
        declared = declared_length(headers)
        coded = "transfer-encoding" in headers
        if (declared or coded) and parser.should_upgrade():
            # The parser takes the body for another protocol.
            raise bad("there is nothing to upgrade to")
        if declared is not None and declared > server.max_body:
            raise too_large(server.max_body)
        return None if coded else declared or 0

    def _expect(self, message: Incoming, declared: int | None) -> None:
        """Prepare for a body."""
        if declared is not None and declared > SMALL:
            self._hold(message, declared)
        expected = message.request.headers.get("expect")
        message.waits = expected is not None and expected.lower() == "100-continue"

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        message = self.message
        if message is None or message.refused is not None:
            return
        message.waits = False
        message.parts.append(body)
        message.size += len(body)
        if message.size > message.held and message.size > SMALL:
            try:
                if message.size > self._server.max_body:
                    raise too_large(self._server.max_body)
                self._hold(message, message.size)
            except RefusedError as error:
                self.refuse(error)

    def on_message_complete(self) -> None:
        """Deliver a request."""
        message, self.message = self.message, None
        if message is not None:
            self.begun = False
            self._deliver(message)

    def _hold(self, message: Incoming, size: int) -> None:
        self._server.hold(size - message.held)
        message.held = size

    def _too_many_headers(self) -> RefusedError:
        most = self._server.max_headers
        return RefusedError(
            Status.HEADERS_TOO_LARGE,
            f"the headers have more than {most} bytes or {_MOST_HEADERS} lines",
            (CLOSE,),
        )
