"""An open-loop load generator: requests start when they are due, whatever became of those before.

The latency of a request counts from the moment it was due, so that a server that stalls is charged
for every request that had to wait (no "coordinated omission": Tene, "How NOT to measure latency").
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["Load", "Outcome", "Result", "Target"]

GIVE_UP = 10.0
_PREFIX = b"x-deployer-model-digest:"


@dataclass(frozen=True)
class Target:
    """Where requests go, and what they are.

    Attributes:
        url: ``http://host:port``.
        path: of the requests.
        body: of the requests.
        headers: more headers, without those of the body.

    """

    url: str
    path: str
    body: bytes
    headers: Sequence[tuple[str, str]] = ()

    def request(self) -> bytes:
        """Return the bytes of a request."""
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"host: {urlsplit(self.url).netloc}",
            "content-type: application/json",
            f"content-length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Outcome:
    """Of one request: `due` in seconds of time.monotonic(), `seconds` from then to the answer."""

    due: float
    seconds: float
    status: int
    digest: str
    error: str = ""


@dataclass
class Result:
    """Of all requests."""

    outcomes: list[Outcome] = field(default_factory=list)

    def failed(self, digests: Sequence[str]) -> list[Outcome]:
        """Return the outcomes that are no answer of a wanted version."""
        return [each for each in self.outcomes if each.status != 200 or each.digest not in digests]

    def between(self, begin: float, end: float) -> "Result":
        """Return the outcomes of requests that were due in a span of time."""
        return Result([each for each in self.outcomes if begin <= each.due < end])

    @property
    def longest(self) -> float:
        """Seconds of the slowest."""
        return max((each.seconds for each in self.outcomes), default=0.0)

    def quantile(self, share: float) -> float:
        """Seconds that `share` of the requests took at most."""
        ordered = sorted(each.seconds for each in self.outcomes)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def kinds(self) -> Counter[str]:
        """Count the outcomes by status or error."""
        return Counter(each.error or str(each.status) for each in self.outcomes)


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def usable(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing()

    async def ask(self, request: bytes) -> tuple[int, str, bool]:
        """Send and return status, digest, and whether the connection can be used again."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.lower().split(b"\r\n")
        status = int(first.split()[1])
        length, digest, keep = None, "", True
        for line in lines:
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            elif line.startswith(_PREFIX):
                digest = line.split(b":", 1)[1].strip().decode().removeprefix("sha256:")
            elif line.startswith(b"connection:") and b"close" in line:
                keep = False
            elif line.startswith(b"transfer-encoding:"):
                length = -1
        if length is None:
            await self.reader.read()
            keep = False
        elif length < 0:
            await self._chunks()
        else:
            await self.reader.readexactly(length)
        return status, digest, keep

    async def _chunks(self) -> None:
        while size := int((await self.reader.readline()).strip() or b"0", 16):
            await self.reader.readexactly(size + 2)
        await self.reader.readline()


class Load:
    """Sends requests at a steady rate until stopped or until there were enough."""

    def __init__(self, target: Target, rate: float, count: int | None = None) -> None:
        self._target = target
        self._rate = rate
        self._count = count
        self._idle: list[_Connection] = []
        self._stop = asyncio.Event()
        self.result = Result()

    def stop(self) -> None:
        """Begin no more requests."""
        self._stop.set()

    async def run(self) -> Result:
        """Send all requests and wait for their answers."""
        begun = time.monotonic()
        under_way: set[asyncio.Task[None]] = set()
        number = 0
        while not self._stop.is_set() and (self._count is None or number < self._count):
            due = begun + number / self._rate
            wait = due - time.monotonic()
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), wait)
                    break
            task = asyncio.create_task(self._one(due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1
        if under_way:
            await asyncio.wait(under_way)
        for each in self._idle:
            each.writer.close()
        return self.result

    async def _one(self, due: float) -> None:
        status, digest, error = 0, "", ""
        try:
            async with asyncio.timeout(GIVE_UP):
                connection = await self._connect()
                try:
                    status, digest, keep = await connection.ask(self._target.request())
                except BaseException:
                    connection.writer.close()
                    raise
                if keep:
                    self._idle.append(connection)
                else:
                    connection.writer.close()
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as caught:
            error = type(caught).__name__
        taken = time.monotonic() - due
        self.result.outcomes.append(Outcome(due, taken, status, digest, error))

    async def _connect(self) -> _Connection:
        while self._idle:
            found = self._idle.pop()
            if found.usable:
                return found
            found.writer.close()
        parts = urlsplit(self._target.url)
        return _Connection(*await asyncio.open_connection(parts.hostname, parts.port))
