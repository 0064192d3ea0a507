"""Granian's embedded server, with the limits of the settings."""

import asyncio
import os
import socket
import stat
from contextlib import suppress
from typing import Any

from deployer.settings import ServeSettings

__all__ = ["listening", "rest_server", "stop_accepting"]

BACKLOG = 1024
LOOKS = 0.003  # seconds between two
CONNECTIONS = 16_384  # open ones of a process; Granian's own default is 128, idle ones included


def rest_server(app: Any, host: str, port: int, settings: ServeSettings) -> Any:
    """Return a server of the RSGI application `app`; its ``serve()`` is to be awaited.

    Its listener has SO_REUSEPORT set. ``stop()`` closes the listener and the connections that
    are idle; requests under way are answered, with ``connection: close`` (Granian 2.8).
    """
    from granian.http import HTTP1Settings  # noqa: PLC0415 - slow to import
    from granian.server.embed import Server  # noqa: PLC0415 - as above

    return Server(
        app,
        address=host,
        port=port,
        interface="rsgi",
        http="1",
        websockets=False,
        log_enabled=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.body_timeout * 1000),
            max_buffer_size=max(settings.max_headers, 8192),
        ),
    )


async def listening(port: int, serving: "asyncio.Task[Any]") -> None:
    """Wait until this process listens on `port`, which Granian does not tell.

    To connect would prove nothing where others listen on the same port.

    Args:
        port: to be listened on.
        serving: what shall do so.

    Raises:
        Exception: what `serving` ended with.

    """
    while not _listeners(port):
        await asyncio.sleep(LOOKS)
        if serving.done():
            serving.result()


def stop_accepting(port: int) -> None:
    """Have the system refuse new connections on `port`; those that there are go on.

    Granian closes its listener and every connection without a request in one step, and so cuts off
    clients that have just connected. Here another socket takes the listener's place, one that
    nobody knows and that has nothing to accept; what the system closes then is the listener alone.
    """
    for number in _listeners(port):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            nobody.listen(1)
            nobody.setblocking(False)
            os.dup2(nobody.fileno(), number, inheritable=False)


def _listeners(port: int) -> list[int]:
    """Return this process's descriptors of sockets that take connections on `port`."""
    found = []
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - numbers, not paths
        with suppress(OSError):
            number = int(name)
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as each:
                    takes = each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                    if takes and each.getsockname()[1] == port:
                        found.append(number)
    return found
