"""A small HTTP server that answers as an endpoint does, or as one that is broken in some way."""

import json
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from infra.contract import DIGEST_HEADER, EXPECT_HEADER

__all__ = ["StandIn", "free_port", "stand_ins"]


class StandIn:
    """An endpoint on loopback.

    Attributes:
        digest: of the model that it serves; "" sends none.
        ready: whether its readiness says so.
        status: of its predictions.
        delay: seconds that its predictions take.
        stalled: whether nothing is answered at all, as by a stopped process.
        obeys: whether it refuses requests that expect another digest.
        broken: how many connections failed, such as in their TLS handshake.
        seen: how many requests came, by method and path.
        headers: of the last request to each path.

    """

    def __init__(self, name: str, digest: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.digest = digest
        self.ready = True
        self.status = 200
        self.delay = 0.0
        self.stalled = False
        self.obeys = True
        self.broken = 0
        self.seen: Counter[str] = Counter()
        self.headers: dict[str, dict[str, str]] = {}
        self.woken = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand_in = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._server.server_address[1])

    @property
    def predictions(self) -> int:
        """How many predictions were asked of it."""
        return sum(count for key, count in self.seen.items() if key.startswith("POST"))

    def stop(self) -> None:
        """Stop answering; what waits is let go."""
        self.woken.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    stand_in: StandIn

    def get_request(self) -> tuple[Any, Any]:
        """Count connections that TLS refuses; the base class then waits for the next."""
        try:
            return super().get_request()
        except OSError:
            self.stand_in.broken += 1
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Count, and say nothing: a client went away."""
        self.stand_in.broken += 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer, or each takes the 40 ms of a delayed acknowledgement
    server: _Server
    timeout: ClassVar[float] = 30.0

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        own = self.server.stand_in
        path = self.path.partition("?")[0]
        own.seen[f"{self.command} {path}"] += 1
        own.headers[path] = {name.lower(): value for name, value in self.headers.items()}
        expected = self.headers.get(EXPECT_HEADER)
        status = own.status if self.command == "POST" else 200
        if own.stalled or (self.command == "POST" and own.delay):
            own.woken.wait(30 if own.stalled else own.delay)
        if path.endswith("/ready") and not own.ready:
            status = 503
        if expected and own.obeys and own.digest not in expected.split(","):
            status = 503
        content = json.dumps({"from": own.name, "bytes": len(body)}).encode()
        self.send_response(status)
        if own.digest and status not in {401, 404}:
            self.send_header(DIGEST_HEADER, own.digest)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def stand_ins(*names: str, digest: str = "") -> Iterator[list[StandIn]]:
    """Run one stand-in per name."""
    servers = [StandIn(name, digest) for name in names]
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
