"""One connection of the load, and what can go wrong on it."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import cast
from urllib.parse import SplitResult

from deployer.drills.load.answer import Answer, AnswerReader, TruncatedError

__all__ = ["Connection", "connect", "why"]


class Connection(asyncio.Protocol):
    """A connection that carries one request at a time.

    Args:
        gone: is told when the connection has ended.

    """

    def __init__(self, gone: Callable[["Connection"], None]) -> None:
        self._gone = gone
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._reader = AnswerReader()
        self.usable = False

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer; afterwards `usable` says whether to ask again.

        Raises:
            EOFError: the connection was closed before the head of the answer was complete.
            TruncatedError: it was closed inside the body.
            ValueError: the answer is not HTTP.
            OSError: it was reset.

        """
        assert self._transport is not None  # noqa: S101 - for the type checker
        self._reader = AnswerReader()
        self._waiting = asyncio.get_running_loop().create_future()
        self.usable = False
        self._transport.write(request)
        try:
            answer = await self._waiting
        except BaseException:
            self._transport.abort()
            raise
        finally:
            self._waiting = None
        self.usable = answer.keep and not self._transport.is_closing()
        if not self.usable:
            self._transport.close()
        return answer

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio.Protocol)."""
        # Not isinstance: those of uvloop are none by name.
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Take bytes (asyncio.Protocol)."""
        if self._waiting is None or self._waiting.done():
            # Bytes that nobody asked for would be taken for the next answer.
            self.usable = False
            self.close()
            return
        try:
            answer = self._reader.feed(data)
        except ValueError as error:
            self._waiting.set_exception(error)
        else:
            if answer is not None:
                self._waiting.set_result(answer)

    def eof_received(self) -> None:
        """Take the end of what the server sends (asyncio.Protocol)."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection (asyncio.Protocol)."""
        self._ended(exc)
        self._gone(self)

    def _ended(self, error: Exception | None) -> None:
        self.usable = False
        if self._waiting is None or self._waiting.done():
            return
        if error is not None:
            self._waiting.set_exception(error)
            return
        try:
            self._waiting.set_result(self._reader.end())
        except (EOFError, TruncatedError) as early:
            self._waiting.set_exception(early)


async def connect(
    address: SplitResult, tls: ssl.SSLContext | None, gone: Callable[[Connection], None]
) -> Connection:
    """Connect to the server of a URL.

    Raises:
        OSError: that is not possible.

    """
    port = address.port or (443 if tls else 80)
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(gone), address.hostname or "", port, ssl=tls
    )
    return connection


def why(error: Exception) -> str:
    """Say in one or two words why there is no answer."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (ConnectionRefusedError, "refused"),
        (ConnectionError, "reset"),
        (TruncatedError, "truncated"),
        (EOFError, "closed"),
        (socket.gaierror, "no such host"),
        (ssl.SSLError, "TLS"),
        (ValueError, "not HTTP"),
    )
    for kind, words in kinds:
        if isinstance(error, kind):
            return words
    if isinstance(error, TimeoutError):
        # The operating system's own has a number; ours has none.
        return "unreachable" if getattr(error, "errno", None) == errno.ETIMEDOUT else "given up"
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else type(error).__name__
