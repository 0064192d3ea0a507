"""`kill -9` of a real `deployer push` in the middle of a large file, then the same command again."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from deployer.emulators import EngineName, Server, start
from deployer.errors import DeployerError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.pull import pull
from deployer.registry.reading.resolve import resolve
from providers.errors import NotFoundError, StoreError
from providers.open import open_store
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    audit,
    folder_of,
    sha256,
    strict_cloud,
    strict_environment,
)
from tests.fakes.wire import Request, Response

MIB = 1024 * 1024
PART = 5 * MIB
TIMEOUT = 120
DEPLOYER = Path(sys.executable).with_name("deployer")


def random_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def start_push(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    kept = {
        n: v for n, v in os.environ.items() if not n.startswith(("DEPLOYER_", "AWS_", "AZURE_"))
    }
    return subprocess.Popen(
        [DEPLOYER, "push", "model", "penguins", "-o", "json"],
        cwd=folder,
        env=kept
        | environment
        | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "DEPLOYER_TRANSFER_PART_SIZE": str(PART),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == -signal.SIGKILL


def finish(folder: Path, environment: dict[str, str]) -> Any:
    process = start_push(folder, environment)
    out, err = process.communicate(timeout=TIMEOUT * 2)
    assert process.returncode == 0, err
    return json.loads(out)


def part_of(request: Request) -> str | None:
    """Return which part of a large upload a request carries, if it does."""
    if request.operation == "UploadPart":
        return request.query["partNumber"]
    if request.operation == "PutBlock":
        return request.query["blockid"]
    if request.operation == "objects.insert" and request.key.startswith(".deployer-parts/"):
        return request.key
    return None


class Parts:
    """The parts that the strict fake has confirmed, per dialect and run of the publisher."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.runs: list[dict[str, list[str]]] = [{d: [] for d in DIALECTS.values()}]
        self.reached = threading.Event()
        self.lock = threading.Lock()

    def note(self, request: Request, response: Response) -> None:
        part = part_of(request)
        if part is None or response.status >= 300:
            return
        with self.lock:
            run = self.runs[-1]
            run[request.dialect].append(part)
            if all(len(parts) >= self.enough for parts in run.values()):
                self.reached.set()

    def next_run(self) -> None:
        with self.lock:
            self.runs.append({d: [] for d in DIALECTS.values()})


def test_no_finished_part_is_sent_twice(tmp_path: Path) -> None:
    body = random_bytes(6 * PART - 3)
    folder_of(tmp_path / "model", {"weights": body, "small": b"1"})
    with strict_cloud() as cloud:
        parts = Parts(enough=2)
        wrong: list[str] = []

        def look(request: Request, response: Response) -> None:
            for dialect in DIALECTS.values():
                try:
                    # Partial bytes under the blob's key would fail in audit().
                    assert audit(cloud.objects(dialect, BUCKET)) in ({}, {"penguins": [1]})
                except (AssertionError, KeyError) as error:
                    wrong.append(f"{dialect}: {error!r}")

        cloud.on_response(parts.note)
        cloud.on_response(look)
        # Without a part held back, a fast cloud is done before the slowest has its second part.
        gates = [
            cloud.pause_before_commit("s3", "UploadPart", nth=3),
            cloud.pause_before_commit("gcs", "objects.insert", ".deployer-parts/*", nth=3),
            cloud.pause_before_commit("azure", "PutBlock", nth=3),
        ]
        environment = strict_environment(cloud)
        process = start_push(tmp_path, environment)
        for gate in gates:
            gate.wait(TIMEOUT)
        assert parts.reached.wait(TIMEOUT), process.communicate(timeout=5)
        kill(process)
        for gate in gates:
            gate.release(commit=False)
        for dialect in DIALECTS.values():
            held = cloud.objects(dialect, BUCKET)
            assert layout.blob(sha256(body)) not in held
            assert audit(held) == {}
        parts.next_run()
        published = finish(tmp_path, environment)
        first, second = parts.runs
        for dialect in DIALECTS.values():
            assert len(first[dialect]) >= 2
            assert not set(first[dialect]) & set(second[dialect]), f"{dialect} got a part twice"
            assert len(second[dialect]) == len(set(second[dialect])) == 6 - len(first[dialect])
            held = cloud.objects(dialect, BUCKET)
            assert held[layout.blob(sha256(body))] == body
            assert audit(held) == {"penguins": [1]}
            assert not [key for key in held if key.startswith((".deployer-parts/", "txn/"))]
            assert not cloud.pending_uploads(dialect, BUCKET)
        assert published["version"] == 1
        assert wrong == []


def test_control_c_ends_it_at_once_and_it_resumes(tmp_path: Path) -> None:
    """Also while a cloud does not answer: nobody waits for what is under way."""
    body = random_bytes(4 * PART)
    folder_of(tmp_path / "model", {"weights": body})
    with strict_cloud() as cloud:
        gates = [
            cloud.pause_before_commit("s3", "UploadPart", nth=2),
            cloud.pause_before_commit("gcs", "objects.insert", ".deployer-parts/*", nth=2),
            cloud.pause_before_commit("azure", "PutBlock", nth=2),
        ]
        environment = strict_environment(cloud)
        process = start_push(tmp_path, environment)
        for gate in gates:
            gate.wait(TIMEOUT)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)  # the gates still hold three of its requests
        assert process.returncode == 130
        assert "Traceback" not in err
        assert "resumes" in err
        for gate in gates:
            gate.release(commit=False)
        assert finish(tmp_path, environment)["version"] == 1
        for dialect in DIALECTS.values():
            assert audit(cloud.objects(dialect, BUCKET)) == {"penguins": [1]}


# Real emulators


class Meter:
    """Passes connections on to a server and counts what it is sent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sent = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def endpoint(self, url: str) -> str:
        return url.replace(f":{self.port}", f":{self.listener.getsockname()[1]}")

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.port))
                for pair in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(256 * 1024):
                if counted:
                    self.sent += len(data)
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.listener.close()


class Reader:
    """Looks at a cloud again and again: nothing, or a whole version; never a part of a blob."""

    def __init__(self, cloud: Cloud, blob: str, size: int) -> None:
        self.cloud, self.blob, self.size = cloud, blob, size
        self.looks = 0
        self.wrong: list[str] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._loop)

    def _loop(self) -> None:
        while not self.stop.is_set():
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - reported by the test
                self.wrong.append(repr(error))
            self.looks += 1

    def _look(self) -> None:
        try:
            found = resolve(self.cloud, parse_reference("penguins"))
        except DeployerError as error:
            assert error.exit_code == 6, error  # noqa: PT017 - not found, so far
            found = None
        try:
            meta = self.cloud.store.head(self.blob)
        except NotFoundError:
            assert found is None
        else:
            assert meta.size == self.size

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


ENGINES: list[tuple[EngineName, str]] = [
    ("moto", "s3://deployer-models"),
    ("seaweedfs", "s3://deployer-models"),
    ("fake-gcs", "gs://deployer-models"),
    ("azurite", "az://devstoreaccount1/deployer-models"),
]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    try:
        made = start(request.param)
    except DeployerError as error:
        if os.environ.get("DEPLOYER_TEST_REQUIRE"):
            raise
        pytest.skip(f"{request.param} cannot be started: {error}")
    yield made
    made.stop()


def parts_there(cloud: Cloud, folder: Path, blob: str) -> int:
    """Return how many parts the server holds, asked past the publisher."""
    for entry in (folder / "state" / "deployer" / "uploads").glob("*.json"):
        upload = json.loads(entry.read_text("utf-8"))["upload"]
        return len(cloud.store.driver.list_parts(blob, upload))
    return 0


def wait_until(met: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        with contextlib.suppress(StoreError, OSError, ValueError, Exception):
            if met():
                return
    raise AssertionError(process.communicate(timeout=10))


@pytest.mark.slow
@pytest.mark.parametrize(("server", "url"), ENGINES, indirect=["server"])
def test_200_mb_on_an_emulator(
    server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 200 * MIB
    count = -(-size // PART)
    body = random_bytes(size)
    folder_of(tmp_path / "model", {"weights": body})
    blob = layout.blob(sha256(body))
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    meter = Meter(server.port)
    # fake-gcs-server composes objects under its own host and port alone, so not through a meter;
    # that no part is sent twice to Cloud Storage is shown on the strict fake above.
    metered = server.record.engine != "fake-gcs"
    environment = dict(server.environment())
    if metered:
        environment = {name: meter.endpoint(value) for name, value in environment.items()}
    environment["DEPLOYER_CLOUDS_ONE_URL"] = url
    cloud = Cloud("one", open_store(url))
    with Reader(cloud, blob, size) as reader:
        process = start_push(tmp_path, environment)
        wait_until(lambda: parts_there(cloud, tmp_path, blob) >= count // 4, process)
        kill(process)
        finished = parts_there(cloud, tmp_path, blob)
        assert count // 4 <= finished < count
        before = meter.sent
        assert finish(tmp_path, environment)["version"] == 1
        sent = meter.sent - before
    assert reader.wrong == []
    assert reader.looks > 5
    assert sent > 0 or not metered
    assert sent < size - finished * PART + MIB, "a finished part was sent again"
    pull(
        [cloud],
        parse_reference("penguins"),
        tmp_path / "out",
        progress=lambda _: None,
        begin=lambda _: None,
    )
    assert (tmp_path / "out" / "weights").read_bytes() == body
    meter.close()
