"""One TCP connection on the event loop, read into a small buffer; the other side is slowed by it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import cast

__all__ = ["HIGH", "Stream"]

HIGH = 256 * 1024
"""Bytes in the buffer at which reading pauses."""

# struct linger {l_onoff, l_linger}: closing sends RST and drops what is unsent (socket(7)).
_RESET = struct.pack("ii", 1, 0)


class Stream(asyncio.Protocol):
    """A connection.

    One coroutine at a time may wait for its bytes.

    Args:
        on_end: called when nothing more comes, and again when nothing more can be sent.

    Attributes:
        buffer: what has come and was not taken.
        eof: whether nothing more will come.
        lost: whether nothing more can be sent.
        broken: whether it was lost by an error, such as RST.
        ended: a future that is done when nothing more comes.

    """

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._doomed = False
        self.buffer = bytearray()
        self.eof = self.lost = self.broken = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = self._paused = self._tls = False

    # --- the transport's calls --------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        if self._doomed:
            self.reset()
        self._tls = transport.get_extra_info("ssl_object") is not None

    def data_received(self, data: bytes) -> None:
        """Keep what came until it is taken."""
        self.buffer += data
        if len(self.buffer) > HIGH and not self._paused:
            self._paused = True
            self._made.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note that nothing more comes; what is still to be sent is sent."""
        self.eof = True
        self._wake()
        self._on_end()
        return not self._tls

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.eof = self.lost = True
        self.broken = self.broken or exc is not None
        self._wake()
        self.resume_writing()
        self._on_end()

    def pause_writing(self) -> None:
        """Have writers wait: the other side does not read."""
        self._full = True

    def resume_writing(self) -> None:
        """Let writers go on."""
        self._full = False
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    # --- reading ----------------------------------------------------------------------------

    async def more(self) -> bool:
        """Wait until more has come than the buffer holds now; False when nothing will."""
        if self.eof:
            return False
        self._resume()
        self._reader = self._loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None
        return True

    def taken(self) -> None:
        """Go on reading, if the buffer has room again."""
        if self._paused and len(self.buffer) <= HIGH:
            self._resume()

    def _resume(self) -> None:
        if self._paused and not self.lost:
            self._paused = False
            self._made.resume_reading()

    def _wake(self) -> None:
        if self.eof and not self.ended.done():
            self.ended.set_result(None)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    # --- writing ----------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send, or keep until it can be sent."""
        if not self.lost:
            self._made.write(data)

    async def drain(self) -> None:
        """Wait until the other side has read enough for more to be written."""
        if self._full and not self.lost:
            self._writer = self._loop.create_future()
            try:
                await self._writer
            finally:
                self._writer = None

    def write_eof(self) -> None:
        """Tell the other side that nothing more comes (FIN), and go on reading."""
        if not self.lost and not self._made.is_closing() and self._made.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                self._made.write_eof()

    def close(self) -> None:
        """Send what is left, then FIN."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """End at once, with RST."""
        self._doomed = True
        if self._transport is None or self.lost:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    @property
    def _made(self) -> asyncio.Transport:
        assert self._transport is not None  # noqa: S101 - nothing is read or written before
        return self._transport
