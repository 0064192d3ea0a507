"""What rules do to an answer's bytes: slow them, cut them off, flip one bit."""

import asyncio

from deployer.drills.proxy.bodies import Piece
from deployer.drills.proxy.effect import Ruled
from deployer.drills.proxy.exchange import Exchange, OverError
from deployer.drills.proxy.heads import AnswerHead
from deployer.drills.proxy.matching import Active

__all__ = ["Drip", "Flip", "Truncate"]

_TICK = 0.05  # seconds between drops, if a drop is not less than a byte


class Drip(Ruled):
    """Sends the answer slowly."""

    _due = 0.0

    async def answered(self, exchange: Exchange, head: AnswerHead) -> bytes:
        """Count it; its first byte is as late as all others."""
        exchange.hit(self.active)
        self._due = asyncio.get_running_loop().time()
        return head.raw

    async def send(self, exchange: Exchange, data: bytes) -> None:
        """Send byte after byte."""
        loop = asyncio.get_running_loop()
        rate = self.active.rule.rate
        drop = max(1, int(rate * _TICK))
        with self.ending(exchange):
            for start in range(0, len(data), drop):
                part = data[start : start + drop]
                self._due = max(self._due + len(part) / rate, loop.time())
                await asyncio.sleep(self._due - loop.time())
                if exchange.client.lost:
                    raise OverError
                await super().send(exchange, part)


class Truncate(Ruled):
    """Ends the connection in the middle of the answer's body."""

    def __init__(self, active: Active) -> None:
        super().__init__(active)
        self._left = active.rule.bytes

    async def give(self, exchange: Exchange, start: bytes, pieces: list[Piece]) -> None:
        """Give what is before the cut."""
        for index, piece in enumerate(pieces):
            if not piece.content:
                continue
            if len(piece.data) > self._left:
                last = Piece(piece.data[: self._left])
                exchange.hit(self.active)
                await super().give(exchange, start, [*pieces[:index], last])
                raise OverError
            self._left -= len(piece.data)
        await super().give(exchange, start, pieces)


class Flip(Ruled):
    """Flips the lowest bit of one byte of the answer's body.

    Counted from the end of a body of unknown length, the byte is found when the body has ended:
    as many bytes as that are kept back.
    """

    def __init__(self, active: Active) -> None:
        super().__init__(active)
        self._at = active.rule.bytes
        self._passed = 0
        self._kept: list[Piece] = []
        self._held = 0

    async def answered(self, exchange: Exchange, head: AnswerHead) -> bytes:
        """Count from the start, if the length is known."""
        if self._at < 0 and head.body.length is not None:
            self._at += head.body.length
            if self._at < 0:
                self._at = head.body.length  # there is no such byte
        return head.raw

    async def give(self, exchange: Exchange, start: bytes, pieces: list[Piece]) -> None:
        """Give what the byte is not in, and the byte."""
        if self._at < 0:
            pieces = self._keep_back(pieces)
        else:
            pieces = [self._flipped(exchange, piece) for piece in pieces]
        await super().give(exchange, start, pieces)

    async def finished(self, exchange: Exchange) -> None:
        """Give what was kept back."""
        if self._at < 0:
            self._at = max(self._held + self._at, -1)
            kept = [self._flipped(exchange, piece) for piece in self._kept]
            await super().give(exchange, b"", kept)

    def _keep_back(self, pieces: list[Piece]) -> list[Piece]:
        self._kept += pieces
        self._held += sum(len(piece.data) for piece in pieces if piece.content)
        free = 0
        for piece in self._kept:
            size = len(piece.data) if piece.content else 0
            if self._held - size < -self._at:
                break
            self._held -= size
            free += 1
        ready, self._kept = self._kept[:free], self._kept[free:]
        return ready

    def _flipped(self, exchange: Exchange, piece: Piece) -> Piece:
        if not piece.content:
            return piece
        index = self._at - self._passed
        self._passed += len(piece.data)
        if not 0 <= index < len(piece.data):
            return piece
        exchange.hit(self.active)
        data = bytearray(piece.data)
        data[index] ^= 1
        return Piece(bytes(data))
