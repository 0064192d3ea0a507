"""A server of HTTP/1.1 on an event loop: its connections, deadlines and limits.

One timer looks after all connections, as one for each request would cost more than its checks.
"""

import asyncio

from deployer.serving.http.connection import Connection
from deployer.serving.http.messages import CLOSE
from deployer.serving.http.request import Handler
from deployer.serving.refusals import RefusedError, Status
from deployer.settings import ServeSettings

__all__ = ["HttpServer"]

BACKLOG = 1024
CONNECTIONS = 16_384  # open ones, idle ones included
MEMORY = 256 * 1024 * 1024


class HttpServer:
    """Listens, and answers with a handler.

    Args:
        handler: answers.
        host: address to listen on.
        port: to listen on; other processes may listen on it too.
        settings: limits.
        memory: bytes of all bodies that are being read or answered, small ones aside.

    Attributes:
        max_headers: bytes of a head.
        max_body: bytes of a body.
        draining: whether each connection ends with its next answer.
        held: bytes of bodies now.

    """

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        settings: ServeSettings,
        *,
        memory: int = MEMORY,
    ) -> None:
        self.max_headers = settings.max_headers
        self.max_body = settings.max_body
        self.draining = False
        self._handler = handler
        self._address = host, port
        self._seconds = settings.body_timeout
        self._pause = min(0.25, self._seconds / 4)
        self._memory = max(memory, 4 * settings.max_body)
        self.held = 0
        self._open: dict[Connection, None] = {}
        self._watched: dict[Connection, float] = {}
        self._watching = False
        self._listener: asyncio.Server | None = None
        self._ended = asyncio.Event()
        self._stopped = False

    async def listen(self) -> None:
        """Take connections from now on.

        Raises:
            OSError: the address cannot be listened on.

        """
        host, port = self._address
        self._loop = asyncio.get_running_loop()
        self._listener = await self._loop.create_server(
            lambda: Connection(self, self._handler), host, port, backlog=BACKLOG, reuse_port=True
        )

    async def serve(self) -> None:
        """Listen, and return when it was stopped and the last connection has ended.

        Raises:
            OSError: the address cannot be listened on.

        """
        if self._listener is None:
            await self.listen()
        await self._ended.wait()

    def drain(self) -> None:
        """Close each connection after its next answer; a client's next one gets another server."""
        self.draining = True

    def stop_accepting(self) -> None:
        """Have the system refuse new connections; those that there are go on."""
        if self._listener is not None:
            self._listener.close()

    def stop(self) -> None:
        """Take no more connections, and end those without a request; the others are answered."""
        self.drain()
        self.stop_accepting()
        self._stopped = True
        for connection in list(self._open):
            connection.close()
        self._look_for_end()

    # --- for connections --------------------------------------------------------------------

    def came(self, connection: Connection) -> None:
        """Count a connection; a client that asks nothing is waited for as long as for a body."""
        if len(self._open) >= CONNECTIONS:
            for other in self._open:
                if other.idle:
                    other.close()
                    break
        self._open[connection] = None
        self.watch(connection)

    def went(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)
        self._watched.pop(connection, None)
        self._look_for_end()

    def watch(self, connection: Connection, seconds: float = 0.0) -> None:
        """Cut a connection off after some time, from when it was first to be watched.

        Args:
            connection: to be watched.
            seconds: in place of the time that a whole request may take; counts from now.

        """
        if seconds or connection not in self._watched:
            self._watched[connection] = self._loop.time() + (seconds or self._seconds)
            if not self._watching:
                self._watching = True
                self._loop.call_later(self._pause, self._look)

    def unwatch(self, connection: Connection) -> None:
        """Wait for a connection as long as it lasts."""
        self._watched.pop(connection, None)

    def hold(self, count: int) -> None:
        """Keep memory for a body.

        Raises:
            RefusedError: 503; the others have it all.

        """
        if self.held + count > self._memory:
            raise RefusedError(
                Status.UNAVAILABLE,
                "too many large requests at once: try again",
                (("retry-after", "1"), CLOSE),
            )
        self.held += count

    def release(self, count: int) -> None:
        """Give back what was held."""
        self.held -= count

    def too_slow(self) -> RefusedError:
        """Return the refusal of a body that took too long."""
        return RefusedError(
            Status.TIMEOUT, f"the body did not come within {self._seconds:g} seconds", (CLOSE,)
        )

    # --- its own ----------------------------------------------------------------------------

    def _look(self) -> None:
        now = self._loop.time()
        for connection in [each for each, when in self._watched.items() if when <= now]:
            del self._watched[connection]
            connection.late()
        self._watching = bool(self._watched)
        if self._watching:
            self._loop.call_later(self._pause, self._look)

    def _look_for_end(self) -> None:
        if self._stopped and not self._open:
            self._ended.set()
