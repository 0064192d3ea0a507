"""Bytes both ways, whatever they are."""

import asyncio

from deployer.drills.proxy.stream import Stream

__all__ = ["tunnel"]


async def tunnel(client: Stream, server: Stream, begun: bytes) -> None:
    """Pass on what either side sends until both have ended.

    Args:
        client: one side.
        server: the other side.
        begun: what was taken of the client's bytes already.

    """
    server.write(begun)
    await asyncio.gather(_one_way(client, server), _one_way(server, client))


async def _one_way(source: Stream, sink: Stream) -> None:
    while True:
        if source.buffer:
            sink.write(bytes(source.buffer))
            source.buffer.clear()
            source.taken()
            await sink.drain()
        elif not await source.more():
            break
    if source.broken:
        sink.reset()
    else:
        sink.write_eof()
