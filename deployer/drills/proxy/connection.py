"""A client's connection: its requests one after the other, each to the server and back.

Each client's connection has one of its own to the server, and ends as that one ends.
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from deployer.drills.proxy.effects import Effect
from deployer.drills.proxy.exchange import Exchange, OverError, head_of
from deployer.drills.proxy.heads import StrangeError, request_head
from deployer.drills.proxy.stream import Stream
from deployer.drills.proxy.tunnel import tunnel
from deployer.drills.proxy.upstream import Upstream

if TYPE_CHECKING:
    from deployer.drills.proxy.listener import Listener

__all__ = ["Connection"]

_LINGER = 1.0  # seconds in which a client may read its answer before what it still sends is cut


class Connection:
    """A client's connection.

    Args:
        listener: that it came to.

    """

    def __init__(self, listener: "Listener") -> None:
        self._listener = listener
        self.client = Stream(self._client_ended)
        self._links: dict[Upstream, Stream] = {}
        self._current: Stream | None = None  # the link that was used last
        self._exchange: Exchange | None = None
        self._unfinished = False  # whether the server was left in the middle of something

    async def serve(self) -> None:
        """Pass on what comes until a side has enough."""
        over = asyncio.CancelledError, OverError, StrangeError, OSError
        try:
            with contextlib.suppress(*over):
                while await self._one():
                    pass
            link = self._current
            if self._unfinished and link is not None and link.broken:
                self.client.reset()
            await self._bid_farewell()
        finally:
            self._close()

    async def _one(self) -> bool:
        """Pass one request on; False at the end."""
        raw: bytes | None = b""
        try:
            raw = await head_of(self.client)
            if raw is None:
                return False
            head = request_head(raw)
        except StrangeError:
            # Whatever it is, it is not ours to refuse.
            link = await self._link(self._listener.upstream)
            self._unfinished = True
            await tunnel(self.client, link, raw or b"")
            return False
        effect = self._listener.decide(head)
        exchange = self._exchange = Exchange(self.client, head, effect)
        try:
            if await effect.before(exchange):
                await self._pass_on(exchange, effect)
        finally:
            self._listener.passed(exchange)
            self._exchange = None
        return self._current is None or not self._current.eof

    async def _pass_on(self, exchange: Exchange, effect: Effect) -> None:
        upstream = effect.upstream or self._listener.upstream
        link = await self._link(upstream)
        rename = self._listener.rename or upstream.tls is not None
        self._unfinished = True
        try:
            await exchange.pass_on(link, upstream, rename=rename)
        finally:
            self._unfinished = not exchange.complete

    async def _link(self, upstream: Upstream) -> Stream:
        link = self._links.get(upstream)
        if link is None or (link.eof and link is not self._current):
            try:
                link = self._links[upstream] = await upstream.connect(self._link_ended)
            except OSError:
                self.client.reset()
                raise
        self._current = link
        return link

    # --- ends -------------------------------------------------------------------------------

    def _client_ended(self) -> None:
        if self.client.lost:
            if self._current is not None and (self._unfinished or self.client.broken):
                self._current.reset()
        elif self._exchange is not None:
            self._exchange.pass_eof()

    def _link_ended(self) -> None:
        link = self._current
        if link is not None and link.eof and self._exchange is None:
            self.client.close()

    async def _bid_farewell(self) -> None:
        """End once the client has read what it was told: to close before would reset."""
        client = self.client
        if client.lost or client.eof:
            return
        client.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while await client.more():
                    client.buffer.clear()
                    client.taken()

    def _close(self) -> None:
        for link in self._links.values():
            if link is self._current and self._unfinished and not link.eof:
                link.reset()
            else:
                link.close()
        self.client.close()
