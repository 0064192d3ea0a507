"""A server that answers, stalls, refuses or breaks as a test says; in a thread, on loopback."""

import asyncio
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from deployer.drills.evidence.records import Request
from deployer.drills.load.client import LoadGenerator

__all__ = ["ANSWER", "KEY", "RATE", "SlowServer", "at_least", "generator"]

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Deployer-Model-Digest: sha256:" + b"ab" * 32
    + b"\r\n\r\n{}"
)  # fmt: skip

KEY = "s3cret-key"
RATE = 200.0


def generator(url: str, folder: Path, *, rate: float = RATE, give_up: float = 5.0) -> LoadGenerator:
    return LoadGenerator(
        url,
        "/v2/models/m/infer",
        b'{"inputs": []}',
        {"x-api-key": KEY},
        rate=rate,
        give_up=give_up,
        file=folder / "requests.jsonl",
        folder=folder,
    )


def at_least(count: int) -> Callable[[Sequence[Request]], bool]:
    return lambda seen: len(seen) >= count


@dataclass
class SlowServer:
    """Answers every request with `answer`, unless it is stalled.

    Attributes:
        answer: bytes of an answer.
        end: how a connection ends after an answer: "" not, "close" or "reset".
        tls: what it needs to be asked over TLS; None: it is asked without.
        arrivals: when the end of each request came.
        heads: of the requests.

    """

    answer: bytes = ANSWER
    end: str = ""
    tls: ssl.SSLContext | None = None
    port: int = 0
    connections: int = 0
    arrivals: list[float] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    _stalled: bool = False
    _held: list["_Connection"] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def stall(self) -> None:
        """Answer nothing until :meth:`go_on`; return when that is so."""
        self._call(lambda: setattr(self, "_stalled", True))

    def go_on(self) -> None:
        """Answer what waits, and all that comes."""

        def answer() -> None:
            self._stalled = False
            held, self._held = self._held, []
            for connection in held:
                connection.reply()

        self._call(answer)

    def _call(self, act: object) -> None:
        done = threading.Event()

        def run() -> None:
            assert callable(act)
            act()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, ssl=self.tls
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()


class _Connection(asyncio.Protocol):
    def __init__(self, server: SlowServer) -> None:
        self._server = server
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._server.arrivals.append(time.monotonic())
            self._server.heads.append(head)
            if self._server._stalled:
                self._server._held.append(self)
            else:
                self.reply()

    def reply(self) -> None:
        self._transport.write(self._server.answer)
        if self._server.end == "reset":
            # Closed with nothing to linger for: RST instead of FIN (socket(7)).
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        elif self._server.end == "close":
            self._transport.close()
