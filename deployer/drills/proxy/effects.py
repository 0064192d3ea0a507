"""What the rules do to a request, each at its stage: before it is passed on, or to its answer."""

import time
from email.utils import formatdate

from deployer.drills.proxy.bodies import Piece
from deployer.drills.proxy.damage import Drip, Flip, Truncate
from deployer.drills.proxy.effect import PLAIN, Effect, Ruled, pause
from deployer.drills.proxy.exchange import Exchange, OverError
from deployer.drills.proxy.heads import AnswerHead, with_field
from deployer.drills.proxy.matching import Active
from deployer.drills.proxy.upstream import upstream_of
from deployer.drills.proxy.words import CLOSE, answer, refusal, skewed

__all__ = ["PLAIN", "Effect", "effect_of"]


class Answer(Ruled):
    """Answers in the server's place."""

    async def before(self, exchange: Exchange) -> bool:
        """Answer."""
        rule = self.active.rule
        headers, body = rule.headers, rule.body
        if not body and not headers:
            headers, body = refusal(rule.dialect, rule.status)
        await self.give_own(exchange, rule.status, headers, body)
        return False

    async def give_own(
        self, exchange: Exchange, status: int, headers: dict[str, str], body: str
    ) -> None:
        """Give an answer of ours; a client that holds its body back need not send it.

        Raises:
            OverError: the client is told that the connection ends with it.

        """
        head = exchange.head
        ends = head.expects or head.fields.get(b"connection", b"").lower() == b"close"
        if not head.expects:
            await exchange.swallow()
        content = body.encode()
        raw = answer(status, {**headers, **(CLOSE if ends else {})}, len(content))
        exchange.hit(self.active)
        exchange.status = status
        await super().give(exchange, raw, [] if head.method == "HEAD" else [Piece(content)])
        exchange.complete = True
        if ends:
            raise OverError


class Latency(Ruled):
    """Passes the request on later."""

    async def before(self, exchange: Exchange) -> bool:
        """Wait."""
        exchange.hit(self.active)
        await pause(exchange, self.active.gate(), seconds=self.active.rule.seconds)
        return True


class Reset(Ruled):
    """Resets the connection before the server gets the request."""

    async def before(self, exchange: Exchange) -> bool:
        """Reset it."""
        exchange.hit(self.active)
        exchange.client.reset()
        raise OverError


class Lose(Ruled):
    """Has the server carry the request out, and loses its answer."""

    async def answered(self, exchange: Exchange, head: AnswerHead) -> bytes:
        """Keep it back."""
        return b""

    async def give(self, exchange: Exchange, start: bytes, pieces: list[Piece]) -> None:
        """Keep it back."""

    async def finished(self, exchange: Exchange) -> None:
        """Reset the connection, now that the server has done all of it."""
        exchange.hit(self.active)
        exchange.complete = True
        exchange.client.reset()
        raise OverError


class HalfOpen(Ruled):
    """Reads what comes, and never says anything."""

    async def before(self, exchange: Exchange) -> bool:
        """Say nothing until the client or the rule ends."""
        client = exchange.client
        exchange.hit(self.active)
        with self.ending(exchange):
            await exchange.swallow()
            while await client.more():
                client.buffer.clear()
                client.taken()
        raise OverError


class Hold(Ruled):
    """Has the request wait until it is let go."""

    async def before(self, exchange: Exchange) -> bool:
        """Wait before it is passed on."""
        if not self.active.rule.after:
            await self._wait(exchange)
        return True

    async def answered(self, exchange: Exchange, head: AnswerHead) -> bytes:
        """Wait now that the server has answered."""
        if self.active.rule.after:
            await self._wait(exchange)
        return head.raw

    async def _wait(self, exchange: Exchange) -> None:
        gate = self.active.gate()
        exchange.hit(self.active)
        with self.ending(exchange):
            await pause(exchange, gate)
        if self.active.ended:
            raise OverError


class Divert(Ruled):
    """Has another server answer."""

    def __init__(self, active: Active) -> None:
        super().__init__(active)
        self.upstream = upstream_of(active.rule.upstream)

    async def before(self, exchange: Exchange) -> bool:
        """Count it."""
        exchange.hit(self.active)
        return True


class Clock(Answer):
    """Has the server's clock be ahead of the true one."""

    async def before(self, exchange: Exchange) -> bool:
        """Refuse what was signed too far from the server's time, as the cloud would."""
        rule = self.active.rule
        now = time.time() + rule.seconds
        refused = skewed(rule.dialect, exchange.head, now)
        if refused is None:
            exchange.hit(self.active)
            return True
        status, headers, body = refused
        headers = {"Date": formatdate(now, usegmt=True), **headers}
        await self.give_own(exchange, status, headers, body)
        return False

    async def answered(self, exchange: Exchange, head: AnswerHead) -> bytes:
        """Tell the server's time."""
        now = time.time() + self.active.rule.seconds
        return with_field(head.raw, b"Date", formatdate(now, usegmt=True).encode())


_EFFECTS: dict[str, type[Ruled]] = {
    "answer": Answer, "latency": Latency, "reset": Reset, "lose": Lose, "half-open": HalfOpen,
    "drip": Drip, "truncate": Truncate, "flip": Flip, "hold": Hold, "divert": Divert,
    "clock": Clock,
}  # fmt: skip


def effect_of(active: Active) -> Effect:
    """Return what a rule does to one request."""
    return _EFFECTS[active.rule.effect](active)
