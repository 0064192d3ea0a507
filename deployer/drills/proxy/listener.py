"""A port of the proxy: its rules, its connections, what it has counted."""

import asyncio
import contextlib
import socket

from deployer.drills.proxy.connection import Connection
from deployer.drills.proxy.effects import PLAIN, Effect, effect_of
from deployer.drills.proxy.exchange import Exchange
from deployer.drills.proxy.heads import RequestHead
from deployer.drills.proxy.matching import Active
from deployer.drills.proxy.messages import Counts
from deployer.drills.proxy.traffic import Traffic
from deployer.drills.proxy.upstream import Upstream

__all__ = ["Listener"]

_HOST = "127.0.0.1"
_BACKLOG = 1024
_PAUSE = 0.1  # seconds until connections are taken again when no more files can be opened
_FAILED = 500


class Listener:
    """A port.

    Args:
        name: of it.
        upstream: the server behind it.
        port: to listen on.
        rename: whether the server gets its own name as Host.
        traffic: where its requests are noted down; None: nowhere.

    Raises:
        OSError: it cannot be listened on.

    """

    def __init__(
        self, name: str, upstream: Upstream, port: int, *, rename: bool, traffic: Traffic | None
    ) -> None:
        self.name = name
        self.upstream = upstream
        self.port = port
        self.rename = rename or upstream.tls is not None
        self.rules: list[Active] = []
        self._traffic = traffic
        self._loop = asyncio.get_running_loop()
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._requests = self._sent = self._received = self._errors = 0
        self._methods: dict[str, int] = {}
        self._socket = _bound(port)
        self._listens = False
        self._listen()

    # --- rules ------------------------------------------------------------------------------

    def add(self, active: Active, *, first: bool) -> None:
        """Put a rule in force."""
        self.rules.insert(0 if first else len(self.rules), active)
        if active.rule.effect == "refuse":
            self._refuse()

    def remove(self, active: Active) -> None:
        """End a rule, if it is one of this listener in force."""
        if active in self.rules:
            self.rules.remove(active)
            active.end()
            if not any(rule.rule.effect == "refuse" for rule in self.rules):
                self._listen()

    def decide(self, request: RequestHead) -> Effect:
        """Return what is done to `request`."""
        for active in self.rules:
            if active.takes(request):
                return effect_of(active)
        return PLAIN

    # --- requests ---------------------------------------------------------------------------

    def passed(self, exchange: Exchange) -> None:
        """Note a request down that has come to its end."""
        method = exchange.head.method
        self._requests += 1
        self._methods[method] = self._methods.get(method, 0) + 1
        self._sent += exchange.sent
        self._received += exchange.received
        self._errors += exchange.status >= _FAILED
        if self._traffic is not None:
            self._traffic.note(self.name, exchange)

    def counts(self) -> Counts:
        """Return what was counted."""
        return Counts(self._requests, dict(self._methods), self._sent, self._received, self._errors)

    # --- connections ------------------------------------------------------------------------

    def _listen(self) -> None:
        if not self._listens:
            self._socket.listen(_BACKLOG)
            self._listens = True
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def _refuse(self) -> None:
        """Do as a server that has died: no connection is left, and none is taken."""
        if self._listens:
            self._close_socket()
            # Bound but not listening: connections are refused, and nobody else gets the port.
            self._socket = _bound(self.port)
        for connection in self._connections.values():
            connection.client.reset()

    def _close_socket(self) -> None:
        if self._listens:
            self._loop.remove_reader(self._socket.fileno())
            self._listens = False
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                self._loop.remove_reader(self._socket.fileno())
                self._listens = False
                self._loop.call_later(_PAUSE, self._listen)
                return
            sock.setblocking(False)
            connection = Connection(self)
            task = self._loop.create_task(self._serve(connection, sock))
            self._connections[task] = connection
            task.add_done_callback(self._connections.pop)

    async def _serve(self, connection: Connection, sock: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: connection.client, sock)
        except OSError:
            sock.close()
            return
        await connection.serve()

    async def close(self) -> None:
        """End all connections and stop listening."""
        self._close_socket()
        for active in list(self.rules):
            active.end()
        tasks = list(self._connections)
        for task, connection in list(self._connections.items()):
            connection.client.reset()
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((_HOST, port))
    except BaseException:
        sock.close()
        raise
    return sock
