"""A peer that answers as it is told: for what no server of ours would do on purpose."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIGEST = "d" * 64

METADATA: dict[str, Any] = {
    "name": "m",
    "inputs": [
        {"name": "height", "datatype": "FP32", "shape": [-1, 1]},
        {"name": "colour", "datatype": "BYTES", "shape": [-1, 1]},
        {"name": "born", "datatype": "FP64", "shape": [-1, 1]},
    ],
    "outputs": [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
    ],
    "parameters": {"classes": ["a", "b"], "target": "kind", "ignored": ["id"]},
}


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """What it is answered. A `status` of 0 closes the connection; `pause` waits for the peer's end."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: int = 0


def document(value: object, status: int = 200, **headers: str) -> Said:
    return Said(
        status, json.dumps(value).encode(), {k.replace("_", "-"): v for k, v in headers.items()}
    )


def answer(rows: int = 1) -> Said:
    outputs = [
        {"name": "label", "datatype": "BYTES", "shape": [rows], "data": ["b"] * rows},
        {
            "name": "probabilities",
            "datatype": "FP32",
            "shape": [rows, 2],
            "data": [0.25, 0.75] * rows,
        },
    ]
    return document({"model_name": "m", "outputs": outputs}, x_deployer_model_digest=DIGEST)


class Peer:
    """A server whose answers are the next ones of a list, per path; the last one stays.

    Attributes:
        asked: every request, in order.

    """

    def __init__(self, script: dict[str, list[Said] | Callable[[Asked], Said]]) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self._lock = threading.Lock()

    def next(self, asked: Asked) -> Said:
        with self._lock:
            self.asked.append(asked)
            told = self.script.get(asked.path)
            if told is None:
                return document({"error": f"nothing at {asked.path}"}, 404)
            if callable(told):
                return told(asked)
            return told.pop(0) if len(told) > 1 else told[0]

    def count(self, path: str) -> int:
        return sum(each.path == path for each in self.asked)


@contextmanager
def peer(**script: Any) -> Iterator[tuple[Peer, str]]:
    """Run a peer; yield it and its URL. Names in `script`: metadata, server, models, infer, ready."""
    paths = {
        "server": "/v2",
        "models": "/v2/models",
        "metadata": "/v2/models/m",
        "ready": "/v2/models/m/ready",
        "infer": "/v2/models/m/infer",
    }
    usual = {
        "server": [document({"name": "x", "extensions": ["binary_tensor_data"]})],
        "models": [document({"models": ["m"]})],
        "metadata": [document(METADATA)],
        "infer": [answer()],
    }
    told = Peer({paths[name]: said for name, said in (usual | script).items()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            said = told.next(Asked(self.command, self.path, headers, body))
            if said.hang:
                told.over.wait(20)
            if said.hang or not said.status:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body[: len(said.body) - said.cut])
            self.close_connection = bool(said.cut)

        do_POST = do_GET  # noqa: N815 - the base class's name

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield told, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        told.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def deaf() -> Iterator[str]:
    """Yield the URL of a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
