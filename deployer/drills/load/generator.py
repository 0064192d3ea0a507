"""Begins requests when they are due and tells what became of each."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from deployer.drills.evidence.records import Request
from deployer.drills.load.answer import Answer
from deployer.drills.load.exchange import Connection, connect, why

__all__ = ["Generator", "Target"]


class Target(msgspec.Struct, frozen=True):
    """Where requests go, and what they are.

    Attributes:
        url: ``http://host[:port]`` or ``https://…``, whose certificate is verified.
        path: of the requests.
        body: of the requests; they are POST.
        headers: beside Host, Content-Length and, unless given, Content-Type.

    """

    url: str
    path: str
    body: bytes
    headers: Mapping[str, str] = {}

    def request(self) -> bytes:
        """Return the bytes of a request."""
        headers = {
            "host": urlsplit(self.url).netloc.rpartition("@")[2],
            "content-type": "application/json",
            **{name.lower(): value for name, value in self.headers.items()},
            "content-length": str(len(self.body)),
        }
        lines = [f"POST {self.path} HTTP/1.1", *(f"{key}: {val}" for key, val in headers.items())]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


class Generator:
    """Sends requests at a steady rate until it is stopped or until there were enough.

    Request number n is due n / `rate` seconds after the first, whatever became of those before it;
    one that had to wait here is late and says so, since its time counts from when it was due.

    Args:
        target: where to, and what.
        rate: requests a second.
        give_up: seconds from when a request is due until it is given up.
        tell: is told each request when it is over, from the event loop.
        count: how many requests; None: until stopped.

    """

    def __init__(
        self,
        target: Target,
        *,
        rate: float,
        give_up: float,
        tell: Callable[[Request], None],
        count: int | None = None,
    ) -> None:
        self._bytes = target.request()
        self._address = urlsplit(target.url)
        self._tls = ssl.create_default_context() if self._address.scheme == "https" else None
        self._rate = rate
        self._give_up = give_up
        self._tell = tell
        self._count = count
        self._idle: list[Connection] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Begin no more requests; :meth:`run` returns when those under way are over."""
        self._stop.set()

    async def run(self) -> None:
        """Send all requests and wait for their ends."""
        loop = asyncio.get_running_loop()
        begun = loop.create_future()
        ticker = threading.Thread(target=self._tick, args=(loop, begun), daemon=True)
        ticker.start()
        try:
            await begun
        finally:
            self._stop.set()
            ticker.join()
        while self._under_way:
            await asyncio.wait(self._under_way)
        for connection in list(self._idle):
            connection.close()

    def _tick(self, loop: asyncio.AbstractEventLoop, begun: "asyncio.Future[None]") -> None:
        """Begin each request when it is due.

        In a thread: the timers of an event loop count whole milliseconds (epoll_wait(2), and
        uv_timer_start of libuv), by which each answer would seem to take longer.
        """
        first, number = time.monotonic(), 0
        while self._count is None or number < self._count:
            due = first + number / self._rate
            if self._stop.wait(max(0.0, due - time.monotonic())):
                break
            loop.call_soon_threadsafe(self._begin, due)
            number += 1
        loop.call_soon_threadsafe(begun.set_result, None)

    def _begin(self, due: float) -> None:
        task = asyncio.get_running_loop().create_task(self._one(due))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _one(self, due: float) -> None:
        status, digest, error = 0, "", ""
        try:
            async with asyncio.timeout(due + self._give_up - time.monotonic()):
                status, digest, _ = await self._ask()
        except Exception as caught:  # noqa: BLE001 - a request that leaves no record is lost
            error = why(caught)
        self._tell(Request(due, time.monotonic() - due, status, digest, error))

    async def _ask(self) -> Answer:
        connection = None
        while self._idle and connection is None:
            connection = self._idle.pop()
            if not connection.usable:
                connection = None
        if connection is None:
            connection = await connect(self._address, self._tls, self._gone)
        answer = await connection.ask(self._bytes)
        if connection.usable:
            self._idle.append(connection)
        return answer

    def _gone(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
