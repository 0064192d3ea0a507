"""Clients and servers of bytes, in front of the fault proxy and behind it."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Self

__all__ = ["DEADLINE", "Answer", "RawClient", "RawServer", "Seen", "ok", "reset", "serve_http"]

DEADLINE = 10.0


def reset(sock: socket.socket) -> None:
    """End a connection with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def ok(body: bytes, *headers: bytes) -> bytes:
    """Return an answer of 200."""
    lines = [b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class RawServer:
    """Runs `handle` with each connection, in a thread of its own."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.settimeout(DEADLINE)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            self._handle(sock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A thread in accept is not woken by close alone.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@dataclass
class Seen:
    """What a server has got: method and target of each request, and the bytes of all of them."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


def serve_http(
    answer: Callable[[str, str, bytes], bytes], seen: Seen
) -> Callable[[socket.socket], None]:
    """Return a server's part that answers request after request with ``answer(method, target, body)``."""

    def handle(sock: socket.socket) -> None:
        with sock.makefile("rb") as stream:
            while head := read_head(stream):
                method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
                if b"100-continue" in head.lower():
                    sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = stream.read(length_of(head))
                seen.heads.append(head)
                seen.bodies.append(body)
                seen.requests.append((method, target))
                sock.sendall(answer(method, target, body))

    return handle


def read_head(stream: BinaryIO) -> bytes:
    lines = []
    while line := stream.readline():
        lines.append(line)
        if line in {b"\r\n", b"\n"}:
            return b"".join(lines)
    return b""


def length_of(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@dataclass(frozen=True)
class Answer:
    status: int
    head: bytes
    body: bytes


class RawClient:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(
        self, method: str = "GET", target: str = "/", body: bytes = b"", more: str = ""
    ) -> None:
        """Send a request; `more` is further lines of its head."""
        head = f"{method} {target} HTTP/1.1\r\nHost: here\r\n{more}"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        self.send(head.encode() + b"\r\n" + body)

    def answer(self, *, bodiless: bool = False) -> Answer:
        """Read an answer with a Content-Length; its body may be cut off."""
        head = read_head(self.stream)
        if not head:
            raise EOFError
        body = b"" if bodiless else self.stream.read(length_of(head))
        return Answer(int(head.split(b" ")[1]), head, body)

    def get(self, target: str = "/") -> Answer:
        self.ask("GET", target)
        return self.answer()

    def end(self) -> str:
        """Wait for the other side to end the connection: how it did, "fin" or "rst"."""
        try:
            while self.stream.read1(65536):
                pass
        except ConnectionResetError:
            return "rst"
        return "fin"

    def close(self) -> None:
        self.stream.close()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
