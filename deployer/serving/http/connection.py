"""One connection of HTTP/1.1: its requests answered one after the other, and its end.

A request whose body has come with its head is answered within the call that its bytes came with:
no task, no queue, no other thread.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from deployer.serving.http.heads import CONTINUE, head
from deployer.serving.http.messages import CLOSE, Response, broken, refusal
from deployer.serving.http.reading import SMALL, Incoming, Reader
from deployer.serving.http.request import Handler
from deployer.serving.refusals import RefusedError, Status

if TYPE_CHECKING:
    from deployer.serving.http.server import HttpServer

__all__ = ["Connection"]

_TOGETHER = 16 * 1024  # bytes of a response that are copied once, to be sent with its head
_LINGER = 1.0  # seconds in which a client may read its answer before what it still sends is cut
_ENDING = RefusedError(Status.UNAVAILABLE, "the server ends", (CLOSE,))


class Connection(asyncio.Protocol):
    """A client's connection.

    Args:
        server: that it belongs to: limits, deadlines, whether it drains.
        handler: answers.

    """

    _transport: asyncio.Transport
    _reader: Reader

    def __init__(self, server: "HttpServer", handler: Handler) -> None:
        self._server = server
        self._handler = handler
        self._waiting: deque[Incoming] = deque()
        self._pending: Incoming | None = None
        self._ignored = 0
        self._full = False  # the client does not read
        self._lingering = False
        self._eof = False
        self._lost = False

    # --- the transport ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        client = f"{peer[0]}:{peer[1]}" if peer else ""
        self._reader = Reader(self._server, self._handler, client, self._take)
        self._server.came(self)

    def data_received(self, data: bytes) -> None:
        """Read."""
        reader = self._reader
        if reader.deaf:
            # Else a client that pours without end would be read without end.
            self._ignored += len(data)
            if self._ignored > SMALL:
                self._transport.pause_reading()
            return
        reader.feed(data)
        if reader.begun:
            self._server.watch(self)
            if reader.message is not None and reader.message.waits:
                reader.message.waits = False
                self._transport.write(CONTINUE)

    def eof_received(self) -> bool:
        """Answer what was asked, and then end."""
        self._eof = self._reader.deaf = True
        return bool(self._pending or self._waiting)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; what is being answered is answered for nothing."""
        self._lost = self._reader.deaf = True
        self._server.went(self)
        for message in (self._reader.message, *self._waiting):
            if message is not None:
                self._end(message, None)
        self._waiting.clear()
        self._reader.message = None

    def pause_writing(self) -> None:
        """Ask nothing more of the handler while the client does not read."""
        self._full = True
        self._transport.pause_reading()
        self._server.watch(self)

    def resume_writing(self) -> None:
        """Go on."""
        self._full = False
        if not self._lingering:
            self._server.unwatch(self)
            if self._reader.begun:
                self._server.watch(self)
        self._go_on()

    # --- answers, in order ------------------------------------------------------------------

    def _take(self, message: Incoming) -> None:
        """Answer a request, or have it wait for those before it."""
        if self._lingering:
            self._end(message, None)
            return
        if not self._full:
            self._server.unwatch(self)
        if self._pending is not None or self._full or self._waiting:
            self._waiting.append(message)
            self._transport.pause_reading()
        else:
            self._answer(message)

    def _answer(self, message: Incoming) -> None:
        response = message.refused
        if response is None:
            answer = self._handler.answer(message.request, message.body())
            if not isinstance(answer, Response):
                self._pending = message
                self._transport.pause_reading()
                answer.add_done_callback(self._answered)
                return
            response = answer
        self._send(message, response)

    def _answered(self, future: "asyncio.Future[Response]") -> None:
        message, self._pending = self._pending, None
        assert message is not None  # noqa: S101 - one is pending at a time
        if future.cancelled():
            response = refusal(_ENDING)
        else:
            error = future.exception()
            response = future.result() if error is None else broken(cast(Exception, error))
        if self._lost:
            self._end(message, None)
        else:
            self._send(message, response)
            self._go_on()

    def _go_on(self) -> None:
        while self._waiting and self._pending is None and not self._full and not self._lingering:
            self._answer(self._waiting.popleft())
        if self._pending is None and not self._full and not self._lingering and not self._lost:
            if self._reader.deaf:
                self._shut()
            else:
                self._transport.resume_reading()

    def _send(self, message: Incoming, response: Response) -> None:
        request = message.request
        self._end(message, response)
        headers = response.headers
        keep = request.keep and CLOSE not in headers
        if keep and self._server.draining:
            # A client that keeps its connection would send a request just when it is closed, and
            # could not know whether it was read.
            keep = False
        if not keep and CLOSE not in headers:
            headers = [*headers, CLOSE]
        body = response.body
        start = head(response.status, headers, len(body))
        if request.method == "HEAD":
            body = b""
        if len(body) <= _TOGETHER:
            self._transport.write(start + body)
        else:
            self._transport.writelines((start, body))
        if not keep:
            self._shut()

    def _end(self, message: Incoming, response: Response | None) -> None:
        """Give back what a request holds, and tell its handler."""
        self._server.release(message.held)
        message.held = 0
        self._handler.ended(message.request, response)

    # --- ends -------------------------------------------------------------------------------

    def _shut(self) -> None:
        """End the connection once the client has read what it was told.

        To close it while bytes of the client's are not read would reset it, and a reset takes the
        answer away that the client has not read yet (RFC 9112, 9.6).
        """
        self._reader.deaf = True
        if self._lingering or self._lost:
            return
        self._lingering = True
        while self._waiting:
            self._end(self._waiting.popleft(), None)
        if self._eof:
            self._transport.close()
            return
        self._transport.resume_reading()
        self._transport.write_eof()
        self._server.watch(self, _LINGER)

    @property
    def idle(self) -> bool:
        """Whether nothing was asked that is not answered."""
        return not self._reader.begun and self._pending is None and not self._waiting

    def close(self) -> None:
        """End the connection, if no request is under way."""
        if self.idle:
            self._transport.close()

    def late(self) -> None:
        """Cut off a client that has used up its time."""
        if self._full or self._lingering:
            self._transport.abort()
        elif self._pending is not None or self._waiting:
            self._server.watch(self)  # it is we who are slow
        elif self._reader.message is not None:
            self._reader.refuse(self._server.too_slow())
        else:
            self._transport.abort()
