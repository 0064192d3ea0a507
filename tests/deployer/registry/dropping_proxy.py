"""Passes HTTP requests on to a server, and lets a test come between: hold one, lose an answer.

The hooks are those of the strict fake, so that one policy, such as :class:`EveryNth` or
:class:`Guillotine`, serves both the fake and, through this proxy, any emulator.
"""

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, Self, cast

from tests.fakes.connection import DroppedError
from tests.fakes.wire import (
    BadRequestError,
    BodyReader,
    ClientGoneError,
    Request,
    Response,
    head_bytes,
    read_request,
)

if TYPE_CHECKING:
    from io import BufferedReader

__all__ = ["DroppingProxy", "EveryNth", "Guillotine", "Watched"]

TIMEOUT = 120
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# The body is passed on unpacked and whole, so what described its transfer is not.
NOT_PASSED_ON = {"transfer-encoding", "connection", "expect", "content-length"}
MADE_HERE = {"transfer-encoding", "connection", "content-length", "date"}


class Watched(Protocol):
    """What tells of its requests: the strict fake, or a proxy."""

    def on_request(self, callback: Callable[[Request], None]) -> None: ...

    def on_response(self, callback: Callable[[Request, Response], None]) -> None: ...


class DroppingProxy:
    """A server on a port of its own in front of the one on `port`.

    A hook that raises DroppedError ends the client's connection: before the request was passed
    on, or with its answer, which the client then never gets.

    Args:
        port: of the server on this machine.
        rename: give the server its own name as Host, not the one that the client used. A
            signature that covers Host would break; a server that answers to its name needs it.

    """

    def __init__(self, port: int, *, rename: bool = False) -> None:
        self.server = port
        self._rename = rename
        self._before: list[Callable[[Request], None]] = []
        self._after: list[Callable[[Request, Response], None]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def endpoint(self, text: str) -> str:
        """Return an endpoint or a connection string with this proxy in the server's place."""
        return text.replace(f":{self.server}", f":{self.port}")

    def on_request(self, callback: Callable[[Request], None]) -> None:
        """Call back with each complete request before it is passed on."""
        self._before.append(callback)

    def on_response(self, callback: Callable[[Request, Response], None]) -> None:
        """Call back with each answer before it is given to the client."""
        self._after.append(callback)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        gone = (OSError, ClientGoneError, BadRequestError, http.client.HTTPException)
        with client, contextlib.suppress(*gone):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with cast("BufferedReader", client.makefile("rb", 65536)) as stream:
                while self._one(client, stream):
                    pass

    def _one(self, client: socket.socket, stream: "BufferedReader") -> bool:
        """Pass one request on; False ends the connection."""
        request = read_request(stream)
        if request is None:
            return False
        body = BodyReader(stream, request, lambda: client.sendall(CONTINUE))
        request.body = body.everything()
        try:
            client.sendall(self._pass_on(request))
        except DroppedError:
            # RST rather than FIN: nobody takes it for the end of an answer.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        return request.headers.get("connection", "").lower() != "close"

    def _pass_on(self, request: Request) -> bytes:
        for before in self._before:
            before(request)
        # A connection for each request: none is stale, so none is lost that the test did not lose.
        server = http.client.HTTPConnection("127.0.0.1", self.server, timeout=TIMEOUT)
        with contextlib.closing(server):
            target = request.raw_path + (f"?{request.query_string}" if request.query_string else "")
            server.putrequest(
                request.method, target, skip_host=not self._rename, skip_accept_encoding=True
            )
            for name, value in request.headers.items():
                if name not in NOT_PASSED_ON and not (name == "host" and self._rename):
                    server.putheader(name, value)
            if request.body or request.mutates:
                server.putheader("content-length", str(len(request.body)))
            server.endheaders(request.body or None)
            got = server.getresponse()
            headers = {name: value for name, value in got.getheaders() if _is_kept(name)}
            response = Response(got.status, headers, got.read())
        if request.method == "HEAD":
            response.length = int(got.headers.get("content-length", 0))
        for after in self._after:
            after(request, response)
        return head_bytes(response, {}) + response.body

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_kept(name: str) -> bool:
    return name.lower() not in MADE_HERE


class EveryNth:
    """Loses the answer to every nth write that succeeded, counted over all `clouds`."""

    def __init__(self, nth: int, clouds: Sequence[Watched]) -> None:
        self.nth = nth
        self.writes = 0
        self.lost = 0
        self._lock = threading.Lock()
        for cloud in clouds:
            cloud.on_response(self._judge)

    def _judge(self, request: Request, response: Response) -> None:
        if not request.mutates or response.status >= 300:
            return
        with self._lock:
            self.writes += 1
            if self.writes % self.nth:
                return
            self.lost += 1
        raise DroppedError


class Guillotine:
    """Stops the nth request to any of `clouds`, so that its sender can be killed.

    Args:
        clouds: where requests come to.
        nth: which one.
        carried_out: whether it is stopped after it was carried out, rather than before.

    """

    def __init__(self, clouds: Sequence[Watched], nth: int, *, carried_out: bool) -> None:
        self.nth = nth
        self.count = 0
        self.lock = threading.Lock()
        self.reached = threading.Event()
        self.go = threading.Event()
        self.carried_out = carried_out
        for cloud in clouds:
            if carried_out:
                cloud.on_response(lambda request, _: self.hold(request))
            else:
                cloud.on_request(self.hold)

    def hold(self, request: Request) -> None:
        with self.lock:
            self.count += 1
            if self.count != self.nth:
                return
        self.reached.set()
        self.go.wait(TIMEOUT)
        if not self.carried_out:
            raise DroppedError
