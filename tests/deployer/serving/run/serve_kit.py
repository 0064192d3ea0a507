"""`deployer serve` in processes of its own, two packages that never answer alike, and clients."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from deployer.training.options import Options
from deployer.training.train import train
from tests.deployer.packaging.package_kit import seal
from tests.deployer.registry.cli_kit import DEPLOYER, World

__all__ = ["MODEL", "Answer", "Client", "Load", "Server", "infer_body", "labels_of", "make_packages",
           "until"]  # fmt: skip

PENGUINS = Path(__file__).parents[4] / "examples" / "penguins" / "penguins.csv"
MODEL = "penguins"
PATIENCE = 60.0  # seconds; a start takes one, on a machine that does nothing else
ANYBODY = 'warning: [serve] auth = "none"'
_RENAMED = {b"Adelie": b"Bdelie", b"Chinstrap": b"Dhinstrap", b"Gentoo": b"Hentoo"}


def make_packages(folder: Path) -> tuple[Path, Path]:
    """Train a package, and make another one of it whose classes have other names."""
    first, second = folder / "first", folder / "second"
    lines = PENGUINS.read_text("utf-8").splitlines()
    table = folder / "some.csv"
    table.write_text("\n".join([lines[0], *lines[1::3]]) + "\n", "utf-8")
    options = Options(candidates=("softmax",), strategy="none", folds=2, jobs=1)
    train(table, target="species", out=first, options=options)
    shutil.copytree(first, second)
    for name in ("model.onnx", "model.json", "schema.json", "golden.json"):
        body = (second / name).read_bytes()
        for old, new in _RENAMED.items():
            body = body.replace(old, new)
        (second / name).write_bytes(body)
    seal(second)
    return first, second


def spoil(package: Path, out: Path) -> Path:
    """Copy a package whose golden answers are not the model's."""
    shutil.copytree(package, out)
    document = json.loads((out / "golden.json").read_bytes())
    for row in document["rows"]:
        row["probabilities"] = list(reversed(row["probabilities"]))
    (out / "golden.json").write_text(json.dumps(document))
    seal(out)
    return out


def _golden(package: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((package / "golden.json").read_bytes())["rows"]
    return rows


def infer_body(package: Path) -> bytes:
    """Return a request for all golden rows of a package."""
    rows = _golden(package)
    inputs = []
    schema = json.loads((package / "schema.json").read_bytes())
    for each in schema["inputs"]:
        cells = [row["inputs"][each["name"]] for row in rows]
        text = each["dtype"] == "string"
        inputs.append(
            {
                "name": each["name"],
                "datatype": "BYTES" if text else "FP32",
                "shape": [len(rows), 1],
                "data": [cell or "" for cell in cells] if text else cells,
            }
        )
    return json.dumps({"inputs": inputs}).encode()


def labels_of(package: Path) -> list[str]:
    """Return the labels of the golden rows."""
    return [row["label"] for row in _golden(package)]


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        threading.Event().wait(0.02)


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def digest(self) -> str:
        return self.headers.get("x-deployer-model-digest", "")

    @property
    def labels(self) -> list[str]:
        outputs = {each["name"]: each["data"] for each in self.json["outputs"]}
        return list(outputs["label"])


class Client:
    """One connection, kept."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self._link = http.client.HTTPConnection(at.hostname or "", at.port, timeout=30)

    def ask(self, path: str, body: bytes | None = None, *, method: str | None = None) -> Answer:
        headers = {"content-type": "application/json"} if body is not None else {}
        self._link.request(method or ("GET" if body is None else "POST"), path, body, headers)
        response = self._link.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())

    def close(self) -> None:
        self._link.close()


class Server:
    """A `deployer serve` that runs.

    Attributes:
        said: the line that it printed when it was ready.
        log: what it and its workers write to stderr.

    """

    def __init__(self, world: World, *arguments: str, json_line: bool = True) -> None:
        self.log = world.folder / f"serve-{time.monotonic_ns()}.log"
        command = [str(DEPLOYER), "serve", *arguments]
        if "--port" not in arguments:
            command += ["--port", "0"]
        if "--auth" not in arguments:
            command += ["--auth", "none"]
        if json_line:
            command += ["-o", "json"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        self.said: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def ready(self) -> "Server":
        """Wait until it says so."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors
        self.said = json.loads(line)
        return self

    @property
    def errors(self) -> str:
        """What it said on stderr, but for the access log and what every server here says."""
        lines = self.log.read_text("utf-8").splitlines()
        return "\n".join(line for line in lines if not line.startswith(('{"time"', ANYBODY)))

    @property
    def url(self) -> str:
        return str(self.said["url"])

    def ask(self, path: str, body: bytes | None = None, *, method: str | None = None) -> Answer:
        return self._ask(self.url, path, body, method)

    def admin(self, path: str, *, method: str = "GET") -> Answer:
        return self._ask(str(self.said["admin"]), path, None, method)

    def _ask(self, url: str, path: str, body: bytes | None, method: str | None) -> Answer:
        client = Client(url)
        try:
            return client.ask(path, body, method=method)
        finally:
            client.close()

    def entry(self, name: str = MODEL) -> dict[str, str]:
        """Return what the admin index says of a model."""
        entries: list[dict[str, str]] = self.admin("/v2/repository/index", method="POST").json
        return next(each for each in entries if each["name"] == name)

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class Load:
    """Threads that ask again and again, each on a connection of its own, until they are stopped.

    A connection that was closed is opened anew; a request that got no answer on a connection that
    was kept is sent once more on a new one, as HTTP allows and every client does.

    Attributes:
        answers: status, digest and labels of each.
        failed: why a request got no answer.
        ends: set once the server was told to end. A new connection that the kernel had not handed
            over when the port was closed is then reset; nobody read a request from it.

    """

    def __init__(self, url: str, body: bytes, threads: int = 4) -> None:
        self.answers: list[tuple[int, str, tuple[str, ...]]] = []
        self.failed: list[str] = []
        self.refused = 0
        self._url = url
        self._body = body
        self.ends = False
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait(self, count: int, *, digest: str = "") -> None:
        """Wait for more than `count` answers, and for one with this digest after them."""
        until(
            lambda: (
                len(self.answers) > count
                and (not digest or any(each[1] == digest for each in self.answers[count:]))
            ),
            f"answers of {digest or 'any'}",
        )

    def _run(self) -> None:
        client, fresh = Client(self._url), True
        while not self._stop.is_set():
            try:
                answer = client.ask(f"/v2/models/{MODEL}/infer", self._body)
            except (OSError, http.client.HTTPException) as error:
                client.close()
                client = Client(self._url)
                queued = self.ends and fresh and type(error) is ConnectionResetError
                if isinstance(error, ConnectionRefusedError) or queued:
                    self.refused += 1  # nobody listens: no request was taken
                    return
                if fresh:
                    self.failed.append(repr(error))
                    return
                fresh = True
                continue
            fresh = answer.headers.get("connection") == "close"
            if fresh:
                client.close()
            labels = tuple(answer.labels) if answer.status == 200 else ()
            self.answers.append((answer.status, answer.digest, labels))


def alive(pids: Sequence[int]) -> list[int]:
    """Return which of these processes run."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(pid)
    return found
