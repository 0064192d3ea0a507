"""Reading bodies at a cost of next to nothing for small ones, and never without a bound.

A timer per request would cost more than all checks together (12 µs with uvloop), so one timer looks
after all bodies that are being read; all have the same time, so the oldest ends first.
"""

import asyncio

from deployer.serving.http.exchange import CLOSE, Transport, declared_length, too_large, too_slow
from deployer.serving.http.messages import Headers
from deployer.serving.refusals import RefusedError, Status

__all__ = ["Bodies"]

_SMALL = 64 * 1024
_MEMORY = 256 * 1024 * 1024


class Bodies:
    """Reads the bodies of one event loop's requests.

    Args:
        most: bytes of one.
        seconds: in which all of one must have come.
        memory: bytes of all that are being read or answered, small ones aside.

    """

    def __init__(self, *, most: int, seconds: float, memory: int = _MEMORY) -> None:
        self._most = most
        self._seconds = seconds
        self._memory = max(memory, 4 * most)
        self._held = 0
        self._reading: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._watching = False

    async def read(self, proto: Transport, headers: Headers) -> bytes:
        """Return a body; what it holds is given back by :meth:`done`.

        Raises:
            RefusedError: 400, its length is no number; 413, too large, by its declared length
                without reading any of it; 408, too slow; 503, too many others are held.

        """
        declared = declared_length(headers)
        if declared is None and headers.get("transfer-encoding") is None:
            return b""
        if declared is not None and declared > self._most:
            raise too_large(self._most)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - Granian runs each request as a task
        loop = task.get_loop()
        self._reading[task] = loop.time() + self._seconds
        if not self._watching:
            self._watching = True
            loop.call_later(self._pause, self._watch, loop)
        try:
            if declared is None:
                return await self._collect(proto)
            if declared <= _SMALL:
                return await proto()
            return await self._whole(proto, declared)
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise too_slow(self._seconds) from None
        finally:
            self._late.discard(task)
            self._reading.pop(task, None)

    def done(self, body: bytes) -> None:
        """Say that a body that was read is needed no more."""
        if len(body) > _SMALL:
            self._held -= len(body)

    async def _whole(self, proto: Transport, declared: int) -> bytes:
        self._hold(declared)
        kept = False
        try:
            body = await proto()
            kept = len(body) == declared
            return body
        finally:
            if not kept:
                self._held -= declared

    async def _collect(self, proto: Transport) -> bytes:
        parts: list[bytes] = []
        size = 0
        kept = 0
        try:
            async for part in proto:
                size += len(part)
                if size > self._most:
                    raise too_large(self._most)
                self._hold(len(part))
                kept += len(part)
                parts.append(part)
        except BaseException:
            self._held -= kept
            raise
        if size <= _SMALL:
            self._held -= kept
        return b"".join(parts)

    def _hold(self, count: int) -> None:
        if self._held + count > self._memory:
            raise RefusedError(
                Status.UNAVAILABLE,
                "too many large requests at once: try again",
                (("retry-after", "1"), CLOSE),
            )
        self._held += count

    @property
    def _pause(self) -> float:
        return min(0.25, self._seconds / 4)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, deadline in self._reading.items():
            if deadline > now:
                break
            if task not in self._late:
                self._late.add(task)
                task.cancel()
        self._watching = bool(self._reading)
        if self._watching:
            loop.call_later(self._pause, self._watch, loop)
