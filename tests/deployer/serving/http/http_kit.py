"""A real server on a free port, in a thread; and clients that may be as rude as they like."""

import asyncio
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from deployer.packaging.load import load_package
from deployer.serving.auth.check import Authenticator, authenticator
from deployer.serving.http.app import App
from deployer.serving.http.server import MEMORY, HttpServer
from deployer.serving.models import Models, Served
from deployer.serving.run.ports import reserve
from deployer.serving.telemetry.metrics import Telemetry, telemetry
from deployer.settings import ServeSettings

__all__ = [
    "DIGEST", "HASHES", "INFER", "KEY", "Answer", "Running", "columns", "drain", "head",
    "infer_body", "parse", "served_from", "serving", "until",
]  # fmt: skip

KEY = "dk_the-right-one"
HASHES = f"tester:{hashlib.sha256(KEY.encode()).hexdigest()}"
DIGEST = "ab" * 32
INFER = "/v2/models/penguins/infer"


class Answer(NamedTuple):
    """A response as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A server that runs."""

    def __init__(
        self,
        port: int,
        models: Models,
        app: App,
        server: HttpServer,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.models = models
        self.app = app
        self.server = server
        self._loop = loop

    def stop(self) -> None:
        """Have the server end."""
        self._loop.call_soon_threadsafe(self.server.stop)

    def connect(self, timeout: float = 10.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def raw(self, data: bytes, timeout: float = 10.0) -> bytes:
        """Send bytes and return all that comes back until the server closes the connection."""
        with self.connect(timeout) as link:
            link.sendall(data)
            return drain(link)

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        *,
        method: str | None = None,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {"host": "x", "connection": "close", **({"x-api-key": key} if key else {})}
        if body is not None:
            sent |= {"content-length": str(len(body)), "content-type": "application/json"}
        sent |= dict(headers or {})
        method = method or ("GET" if body is None else "POST")
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in sent.items())
        with self.connect(30) as link:
            link.sendall(head.encode("latin-1") + b"\r\n" + (body or b""))
            return parse(drain(link))


def drain(link: socket.socket) -> bytes:
    parts = []
    try:
        while part := link.recv(65536):
            parts.append(part)
    except ConnectionResetError:  # it had more to say than the server cared to read
        pass
    return b"".join(parts)


def head(*lines: str, path: str = INFER) -> bytes:
    """Return the head of a request with a key and these lines."""
    sent = (f"POST {path} HTTP/1.1", "host: x", f"x-api-key: {KEY}", *lines)
    return "\r\n".join(sent).encode() + b"\r\n\r\n"


def parse(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, body)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        threading.Event().wait(0.02)


def served_from(folder: Path, **changes: Any) -> Served:
    told = {"name": "penguins", "version": "3", "digest": DIGEST, "source": "here"} | changes
    return Served(**told, package=load_package(folder), reference="penguins@champion")


def columns(served: Served, rows: int) -> dict[str, list[Any]]:
    """Return cells of the package's golden rows, over and over."""
    golden = served.package.golden.rows
    some = [golden[index % len(golden)].inputs for index in range(rows)]
    return {each.name: [row[each.name] for row in some] for each in served.package.schema.inputs}


def infer_body(served: Served, rows: int = 1, **more: Any) -> bytes:
    """Return a request for golden rows, one tensor per column."""
    kinds = {each.name: each.dtype for each in served.package.schema.inputs}
    inputs = [
        {
            "name": name,
            "datatype": "BYTES" if kinds[name] == "string" else "FP32",
            "shape": [rows, 1],
            "data": cells,
        }
        for name, cells in columns(served, rows).items()
    ]
    return json.dumps({"inputs": inputs, **more}).encode()


@contextmanager
def serving(
    models: Models,
    settings: ServeSettings | None = None,
    *,
    counted: Telemetry | None = None,
    checks: Authenticator | None = None,
    keys: Path = Path("/nonexistent/keys.json"),
    memory: int = MEMORY,
) -> Iterator[Running]:
    """Serve as a worker does."""
    settings = settings or ServeSettings(access_log=False, keys_file=str(keys))
    counted = counted or telemetry(settings, None)
    checks = checks or authenticator(settings, {"DEPLOYER_SERVE_KEYS": HASHES})
    app = App(models, settings, checks, counted)
    port = reserve("127.0.0.1", 0, what="port")
    loop = uvloop.new_event_loop()
    made: list[Any] = []

    async def run() -> None:
        made.append(HttpServer(app, "127.0.0.1", port.number, settings, memory=memory))
        await made[0].serve()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        until(lambda: _listens(port.number))
        yield Running(port.number, models, app, made[0], loop)
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(made[0].stop)
        thread.join(10)
        app.close()
        counted.close()
        port.close()
        assert not thread.is_alive()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
