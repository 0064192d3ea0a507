"""HTTPS in front of a server that speaks plain HTTP: it ends TLS and passes bytes on."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator

__all__ = ["tls_front"]

_HOST = "127.0.0.1"
_CHUNK = 64 * 1024


@contextlib.contextmanager
def tls_front(context: ssl.SSLContext, port: int) -> Iterator[int]:
    """Take TLS connections for a port of this machine, and yield the port where they are taken."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def both_ways(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        server, requests = await asyncio.open_connection(_HOST, port)
        await asyncio.gather(_pass(client, requests), _pass(server, answers))

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(both_ways, _HOST, 0, ssl=context)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    # TLS knows no half of a connection that is closed.
    writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
