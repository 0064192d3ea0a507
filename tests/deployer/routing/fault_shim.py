"""A server in front of a real one that counts its requests and fails in ways that the real one cannot.

Run as a program: ``python fault_shim.py PORT CONTROL_PORT UPSTREAM_PORT [OTHER_PORT]``. It prints
``ready`` and is steered over the control port: ``GET /mode/NAME`` and ``GET /count``.

====== =====================================================================
pass   answers are the real server's
dead   500 to everything, readiness included
sick   500 to inference; readiness is the real server's
wrong  everything is answered by the other server
rogue  the same, and what the client demands of the version is kept from it
====== =====================================================================
"""

import asyncio
import sys

MODES = ("pass", "dead", "sick", "wrong", "rogue")
EXPECT = b"x-deployer-expect-digest:"
BROKEN = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n"
    b'content-length: 17\r\n\r\n{"error":"fault"}'
)


class Shim:
    def __init__(self, upstream: int, other: int) -> None:
        self.upstream = upstream
        self.other = other
        self.mode = "pass"
        self.inferences = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        links: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(length_of(head))
                await self.answer(head, body, writer, links)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()
            for _, link in links.values():
                link.close()

    async def answer(
        self,
        head: bytes,
        body: bytes,
        writer: asyncio.StreamWriter,
        links: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]],
    ) -> None:
        inference = head.startswith(b"POST ")
        self.inferences += inference
        if self.mode == "dead" or (self.mode == "sick" and inference):
            writer.write(BROKEN)
            return
        port = self.other if self.mode in {"wrong", "rogue"} else self.upstream
        if self.mode == "rogue":
            lines = head.split(b"\r\n")
            head = b"\r\n".join(line for line in lines if not line.lower().startswith(EXPECT))
        if port not in links or links[port][0].at_eof():
            links[port] = await asyncio.open_connection("127.0.0.1", port)
        upstream, link = links[port]
        link.write(head + body)
        answer = await upstream.readuntil(b"\r\n\r\n")
        writer.write(answer + await upstream.readexactly(length_of(answer)))

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()
            return
        if path.removeprefix("/mode/") in MODES:
            self.mode = path.removeprefix("/mode/")
        text = f"{self.inferences}".encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text))
        await writer.drain()
        writer.close()


def length_of(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


async def main(port: int, control: int, upstream: int, other: int) -> None:
    shim = Shim(upstream, other)
    server = await asyncio.start_server(shim.serve, "127.0.0.1", port, backlog=512)
    steering = await asyncio.start_server(shim.control, "127.0.0.1", control)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with server, steering:
        await asyncio.gather(server.serve_forever(), steering.serve_forever())


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    asyncio.run(main(numbers[0], numbers[1], numbers[2], numbers[-1]))
