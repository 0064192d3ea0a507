"""The serving half of the demo: real servers, a real router, and a client that never waits its turn."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

__all__ = ["Load", "Process", "Seen", "failed", "request_of", "running"]

READY_SECONDS = 90
STOP_SECONDS = 30


class Process(NamedTuple):
    """A command of deployer that runs on, and what it said when it was ready."""

    popen: "subprocess.Popen[str]"
    ready: dict[str, Any]

    def kill(self) -> None:
        """End it and its children at once, as a machine that loses power would."""
        os.killpg(self.popen.pid, signal.SIGKILL)


@contextmanager
def running(*arguments: str) -> Iterator[Process]:
    """Run a command of deployer until the block ends; it is ready when the block begins."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "deployer", *arguments, "-o", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    threading.Thread(target=_keep_last, args=(popen.stderr, said), daemon=True).start()
    try:
        watch = threading.Timer(READY_SECONDS, popen.kill)
        watch.start()
        assert popen.stdout is not None
        line = popen.stdout.readline()
        watch.cancel()
        if not line:
            popen.wait()
            sys.exit(f"demo: deployer {' '.join(arguments)} did not start: {' '.join(said[-1:])}")
        yield Process(popen, json.loads(line))
    finally:
        _stop(popen)


def _keep_last(lines: Any, said: list[str]) -> None:
    for line in lines:
        said[:] = [line.strip()]


def _stop(popen: "subprocess.Popen[str]") -> None:
    if popen.poll() is None:
        popen.terminate()
        try:
            popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()


class Seen(NamedTuple):
    """One request: when it was due, how long its answer took from then, and what it was."""

    due: float
    seconds: float
    status: int
    digest: str


class Load:
    """Requests at a steady rate, each at its time whether or not those before were answered.

    A client that waits for an answer before it sends the next request would not notice that a
    server stood still: it would just ask less.
    """

    def __init__(self, url: str, path: str, body: bytes, key: str, *, rate: float) -> None:
        self.seen: list[Seen] = []
        self._address = urlsplit(url)
        self._path, self._body = path, body
        self._headers = {"content-type": "application/json", "x-api-key": key}
        self._rate = rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._next = 0
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._work) for _ in range(16)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop.is_set():
            with self._lock:
                due = self._began + self._next / self._rate
                self._next += 1
            if self._stop.wait(max(0.0, due - time.monotonic())):
                break
            connection = connection or http.client.HTTPConnection(
                self._address.hostname or "", self._address.port, timeout=10
            )
            status, digest = 0, ""
            try:
                connection.request("POST", self._path, self._body, self._headers)
                answer = connection.getresponse()
                answer.read()
                status, digest = answer.status, answer.headers.get("x-deployer-model-digest", "")
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
            self.seen.append(Seen(due, time.monotonic() - due, status, digest))
        if connection is not None:
            connection.close()


def failed(seen: Sequence[Seen], digest: str) -> int:
    """Return how many requests got no answer, or one of another model."""
    return sum(each.status != http.client.OK or each.digest != digest for each in seen)


def request_of(schema: Sequence[dict[str, Any]], row: dict[str, Any]) -> bytes:
    """Return a row as an Open Inference request: a tensor of shape (1, 1) for each column."""
    datatypes = {"numeric": "FP32", "date": "FP64"}
    inputs = [
        {
            "name": each["name"],
            "shape": [1, 1],
            "datatype": datatypes.get(each["kind"], "BYTES"),
            "data": [row[each["name"]]],
        }
        for each in schema
    ]
    return json.dumps({"inputs": inputs}).encode()
