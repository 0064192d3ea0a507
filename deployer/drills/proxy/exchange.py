"""One request and its answer on their way through the proxy."""

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from deployer.drills.proxy.bodies import Body, ToTheEnd
from deployer.drills.proxy.heads import (
    HEAD_END,
    AnswerHead,
    RequestHead,
    StrangeError,
    answer_head,
    with_field,
)
from deployer.drills.proxy.stream import HIGH, Stream

if TYPE_CHECKING:
    from deployer.drills.proxy.effects import Effect
    from deployer.drills.proxy.matching import Active
    from deployer.drills.proxy.upstream import Upstream

__all__ = ["Exchange", "OverError", "head_of"]


class OverError(Exception):
    """The connection ends here."""


class Exchange:
    """A request on its way.

    Args:
        client: its connection.
        head: the request's.
        effect: what is done to it.

    Attributes:
        at: when its head had come, in seconds of the monotonic clock.
        link: the connection to the server; None before it is passed on.
        sent: bytes of its body.
        status: of the answer that the client got; 0 if it got none.
        received: bytes of the answer's body that the client got.
        rules: numbers of the rules that affected it.
        complete: whether its answer has come to its end.

    """

    def __init__(self, client: Stream, head: RequestHead, effect: "Effect") -> None:
        self.at = time.monotonic()
        self.client = client
        self.head = head
        self.effect = effect
        self.link: Stream | None = None
        self.sent = self.status = self.received = 0
        self.rules: tuple[int, ...] = ()
        self.complete = False
        self._body: Body = head.body()

    def hit(self, active: "Active") -> None:
        """Count it as affected by a rule."""
        self.rules = (active.number,)
        active.hit()

    # --- the request ------------------------------------------------------------------------

    async def swallow(self) -> None:
        """Read the rest of the request's body, for nobody."""
        while (await self._some()) is not None:
            pass

    async def pass_on(self, link: Stream, upstream: "Upstream", *, rename: bool) -> None:
        """Send it to the server, and give the client the answer.

        Raises:
            OverError: a side has gone.

        """
        self.link = link
        raw = self.head.raw
        first = self._take()
        link.write((with_field(raw, b"Host", upstream.name) if rename else raw) + first)
        if self._body.done:
            self.pass_eof()
            await self._answer(link)
            return
        rest = asyncio.get_running_loop().create_task(self._pump(link))
        try:
            await self._answer(link)
            if link.eof:
                raise OverError
            await rest
        finally:
            rest.cancel()
            with contextlib.suppress(asyncio.CancelledError, OverError):
                await rest

    def pass_eof(self) -> None:
        """Tell the server, if the client has told us, that no more requests come."""
        if self.link is not None and self._body.done and self.client.eof and not self.client.buffer:
            self.link.write_eof()

    async def _pump(self, link: Stream) -> None:
        while (data := await self._some()) is not None:
            link.write(data)
            await link.drain()
        self.pass_eof()

    async def _some(self) -> bytes | None:
        """Return some of the request's body; None at its end."""
        while not self._body.done:
            data = self._take()
            if data:
                return data
            if not self.client.eof:
                await self.client.more()
            elif self.client.buffer:
                self._body = ToTheEnd()  # it breaks off within a line
            elif self.link is not None:
                # As the client has done: end in the middle of a request, and see what is said.
                self.link.write_eof()
                return None
            else:
                raise OverError
        return None

    def _take(self) -> bytes:
        pieces = self._body.take(self.client.buffer)
        self.client.taken()
        self.sent += sum(len(piece.data) for piece in pieces if piece.content)
        return b"".join(piece.data for piece in pieces)

    # --- the answer -------------------------------------------------------------------------

    async def _answer(self, link: Stream) -> None:
        head = await self._answer_head(link)
        body = head.body
        start = await self.effect.answered(self, head)
        if start:
            self.status = head.status
        while True:
            pieces = body.take(link.buffer)
            link.taken()
            if link.broken or self.client.lost:
                raise OverError
            if start or pieces:
                await self.effect.give(self, start, pieces)
                start = b""
            elif body.done or (link.eof and body.open_ended):
                break
            elif link.eof:
                body = ToTheEnd()  # it breaks off, perhaps within a line
            else:
                await link.more()
        await self.effect.finished(self)
        self.complete = True
        if body.open_ended:
            raise OverError

    async def _answer_head(self, link: Stream) -> AnswerHead:
        while True:
            raw: bytes | None = b""
            try:
                raw = await head_of(link)
                if raw is None:
                    raise OverError
                head = answer_head(raw, self.head.method)
            except StrangeError:
                return AnswerHead(raw or b"", 0, {}, ToTheEnd())
            if not head.interim:
                return head
            self.client.write(raw)


async def head_of(stream: Stream) -> bytes | None:
    """Take a head, blank line included, from what comes; None if none comes.

    Raises:
        StrangeError: what comes is longer than any head, or breaks off.

    """
    searched = 0
    while True:
        found = HEAD_END.search(stream.buffer, searched)
        if found:
            raw = bytes(stream.buffer[: found.end()])
            del stream.buffer[: found.end()]
            return raw
        if len(stream.buffer) > HIGH // 4:
            raise StrangeError
        searched = max(0, len(stream.buffer) - 3)
        if not await stream.more():
            if stream.buffer:
                raise StrangeError
            return None
