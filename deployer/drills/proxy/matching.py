"""A rule in force: which requests it takes, and what has come of it so far."""

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from deployer.drills.proxy.heads import RequestHead
from deployer.drills.proxy.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Active"]

_BODIES = ("truncate", "flip")
_ROUNDING = 1e-9


class Active:
    """A rule in force.

    Attributes:
        number: of it.
        rule: what it says.
        hits: how many requests it has affected.
        ended: whether it was removed.
        ends: what is to be ended with it: called when it is removed.

    """

    def __init__(self, number: int, rule: Rule) -> None:
        self.number = number
        self.rule = rule
        self.hits = 0
        self.ended = False
        self.ends: set[Callable[[], None]] = set()
        self._target = re.compile(rule.match.target)
        self._seen = 0
        self._taken = 0
        self._gate: asyncio.Future[None] | None = None
        self._watchers: list[tuple[int, asyncio.Future[None]]] = []

    def takes(self, request: RequestHead) -> bool:
        """Whether it is this rule's turn with `request`; asking counts."""
        rule = self.rule
        match = rule.match
        if (
            rule.effect == "refuse"
            or (match.methods and request.method not in match.methods)
            or (match.larger and request.length < match.larger)
            or (match.target and not self._finds(request.target))
            # Nothing can be cut off or flipped of an answer without a body.
            or (rule.effect in _BODIES and request.method == "HEAD")
            or (rule.times is not None and self._taken >= rule.times)
        ):
            return False
        self._seen += 1
        turn = self._seen - rule.skip
        if turn < 1 or self._share(turn) == self._share(turn - 1):
            return False
        self._taken += 1
        return True

    def _finds(self, target: str) -> bool:
        """Whether what is looked for is in `target`, as it travels or as it is meant."""
        search = self._target.search
        return bool(search(target) or ("%" in target and search(unquote(target))))

    def _share(self, turns: int) -> int:
        """Return how many of so many turns are taken, evenly spread."""
        return int(turns * self.rule.share + _ROUNDING)

    def hit(self) -> None:
        """Count a request as affected."""
        self.hits += 1
        for count, watcher in self._watchers:
            if count <= self.hits and not watcher.done():
                watcher.set_result(None)

    async def wait_hits(self, count: int, timeout: float) -> bool:
        """Wait until so many requests were affected. Returns whether they were, within `timeout`."""
        if self.hits < count:
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.append((count, watcher))
            await asyncio.wait([watcher], timeout=timeout)
            self._watchers.remove((count, watcher))
        return self.hits >= count

    def gate(self) -> "asyncio.Future[None]":
        """Return what is done when those who wait now may go on."""
        if self._gate is None:
            self._gate = asyncio.get_running_loop().create_future()
        return self._gate

    def release(self) -> None:
        """Let those go on who wait now."""
        gate, self._gate = self._gate, None
        if gate is not None and not gate.done():
            gate.set_result(None)

    def end(self) -> None:
        """End it: what it holds is ended, and what it delays goes on."""
        self.ended = True
        for end in list(self.ends):
            end()
        self.release()
