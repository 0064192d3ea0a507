"""The stages of a request at which a rule can do something; without a rule nothing is done."""

import asyncio
import contextlib
from collections.abc import Iterator

from deployer.drills.proxy.bodies import Piece
from deployer.drills.proxy.exchange import Exchange, OverError
from deployer.drills.proxy.heads import AnswerHead
from deployer.drills.proxy.matching import Active
from deployer.drills.proxy.upstream import Upstream

__all__ = ["PLAIN", "Effect", "Ruled", "pause"]


class Effect:
    """Passes a request and its answer on, unchanged.

    Attributes:
        upstream: the server that gets it; None for the listener's.

    """

    upstream: Upstream | None = None

    async def before(self, exchange: Exchange) -> bool:
        """Act when the request's head has come. False: it is not passed on.

        Raises:
            OverError: the connection ends.

        """
        return True

    async def answered(self, exchange: Exchange, head: AnswerHead) -> bytes:
        """Return the answer's head as the client gets it; empty if it gets none."""
        return head.raw

    async def give(self, exchange: Exchange, start: bytes, pieces: list[Piece]) -> None:
        """Give the client some of the answer.

        Args:
            exchange: the request.
            start: the head, if it was not given yet.
            pieces: of the body.

        """
        exchange.received += sum(len(piece.data) for piece in pieces if piece.content)
        await self.send(exchange, start + b"".join([piece.data for piece in pieces]))

    async def send(self, exchange: Exchange, data: bytes) -> None:
        """Send the client bytes."""
        exchange.client.write(data)
        await exchange.client.drain()

    async def finished(self, exchange: Exchange) -> None:
        """Act when the answer is complete."""


PLAIN = Effect()


class Ruled(Effect):
    """What a rule does."""

    def __init__(self, active: Active) -> None:
        self.active = active

    @contextlib.contextmanager
    def ending(self, exchange: Exchange) -> Iterator[None]:
        """Reset the client's connection if the rule ends within."""
        reset = exchange.client.reset
        self.active.ends.add(reset)
        try:
            yield
        finally:
            self.active.ends.discard(reset)


async def pause(
    exchange: Exchange, gate: "asyncio.Future[None]", *, seconds: float | None = None
) -> None:
    """Wait until `gate` opens, or for some time.

    Raises:
        OverError: the client has not waited.

    """
    ended = exchange.client.ended
    await asyncio.wait([gate, ended], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        raise OverError
