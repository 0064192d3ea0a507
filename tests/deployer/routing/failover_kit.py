"""Real servers, faults, real proxies from generated configuration, and load on them."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.rules import Match, Rule
from deployer.routing.answers import golden_of_folder
from deployer.routing.folder import RouterFolder, Status
from deployer.routing.ports import free_port
from deployer.routing.proxies import counts_of
from deployer.training.options import Options
from deployer.training.train import train
from infra.contract import infer_path, model_ready_path
from tests.deployer.routing.load_kit import Load, Result, Target

__all__ = [
    "DEPLOYER", "MODEL", "RATE", "Backends", "Fault", "Run", "Running", "Server", "Shim", "faults",
    "make_versions", "request_body", "routers", "run_fault", "until",
]  # fmt: skip

DEPLOYER = Path(sys.executable).with_name("deployer")
PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"
TOOLS = Path(__file__).parents[3] / ".tools/haproxy/bin"
MODEL = "penguins"
RATE = 100.0
START = 60.0
QUICK = Options(candidates=("softmax",), strategy="none", folds=2, jobs=1, seed=0)


def until(condition: Callable[[], Any], what: str, deadline: float = 20.0) -> Any:
    """Wait until `condition` is true and return it."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        assert time.monotonic() < end, f"after {deadline} s not so: {what}"
        time.sleep(0.05)
    return found


async def until_async(condition: Callable[[], Any], what: str, deadline: float = 20.0) -> None:
    end = time.monotonic() + deadline
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, f"after {deadline} s not so: {what}"
        await asyncio.sleep(0.05)


def make_versions(folder: Path) -> tuple[Path, Path]:
    """Train two versions that answer differently, and return their folders."""
    header, *lines = PENGUINS.read_text("utf-8").splitlines()
    found = []
    for name, rows in (("one", lines[::2]), ("two", lines[1::2])):
        data = folder / f"{name}.csv"
        (folder / name).mkdir()
        data.write_text("\n".join([header, *rows]) + "\n", "utf-8")
        train(data, target="species", out=folder / name / MODEL, options=QUICK)
        found.append(folder / name / MODEL)
    return found[0], found[1]


def request_body(model: Path) -> bytes:
    """Return a request of one row: the first golden one."""
    _, golden = golden_of_folder(model)
    row = golden.rows[0]
    schema = json.loads((model / "schema.json").read_bytes())
    numeric = {each["name"] for each in schema["inputs"] if each["kind"] == "numeric"}
    inputs = [
        {
            "name": name,
            "shape": [1, 1],
            "datatype": "FP32" if name in numeric else "BYTES",
            "data": [value if value is not None or name in numeric else ""],
        }
        for name, value in row.inputs.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


def environment(folder: Path) -> dict[str, str]:
    """Return an environment whose settings and state are in `folder` alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEPLOYER_")}
    kept["PATH"] = os.pathsep.join((kept.get("PATH", ""), str(TOOLS), "/usr/sbin"))
    for name in ("config", "state", "cache"):
        kept[f"XDG_{name.upper()}_HOME"] = str(folder / name)
    return kept


def family(pid: int) -> list[int]:
    """Return a process and its descendants, parents first."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text("utf-8").rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


@dataclass
class _Process:
    """A program that prints a line when it is ready, in a session of its own."""

    folder: Path
    command: Sequence[str]
    name: str
    _child: subprocess.Popen[bytes] | None = None

    def launch(self) -> bytes:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._child = subprocess.Popen(
                list(self.command), stdout=subprocess.PIPE, stderr=log, cwd=self.folder,
                env=environment(self.folder), start_new_session=True,
            )  # fmt: skip
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line, (self.folder / f"{self.name}.log").read_text("utf-8")[-2000:]
        return line

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def signal(self, number: signal.Signals) -> None:
        """Signal the program and all that it started, itself last."""
        if self._child is not None and self._child.poll() is None:
            for pid in reversed(family(self._child.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def kill(self) -> None:
        """End all of it at once."""
        self.signal(signal.SIGKILL)
        self.reap()

    def stop(self) -> None:
        """Ask the program itself to end."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGCONT)
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(30)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
        self.reap()

    def reap(self) -> None:
        if self._child is not None:
            self._child.wait(30)
            if self._child.stdout is not None:
                self._child.stdout.close()


class Server(_Process):
    """``deployer serve`` of a folder or a version, always on the same port."""

    def __init__(self, folder: Path, model: Path | str, name: str) -> None:
        self.port = free_port("127.0.0.1")
        super().__init__(
            folder,
            [
                str(DEPLOYER), "serve", str(model), "--port", str(self.port), "--auth",
                "none", "--grpc-port", "0", "--admin-port", "0", "-o", "json",
            ],
            name,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.launch()
        until(self.ready, f"{self.name} is ready")

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + model_ready_path(MODEL), timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Shim:
    """A switch of faults in front of a server: a port of the fault proxy that drills use.

    ====== =====================================================================
    pass   answers are the real server's
    dead   500 to everything, readiness included
    sick   500 to inference; readiness is the real server's
    wrong  everything is answered by the other server
    ====== =====================================================================
    """

    def __init__(self, proxy: FaultProxy, upstream: int, other: int, name: str) -> None:
        self._proxy = proxy
        self._name = name
        self.url = f"http://127.0.0.1:{proxy.listen(name, _local(upstream))}"
        self._rules = {
            "pass": None,
            "dead": Rule(effect="answer", status=500),
            "sick": Rule(effect="answer", status=500, match=Match(methods=("POST",))),
            "wrong": Rule(effect="divert", upstream=_local(other)),
        }

    def mode(self, name: str) -> None:
        """Change what it does."""
        rule = self._rules[name]
        self._proxy.clear(self._name)
        if rule is not None:
            self._proxy.add(self._name, rule)

    def count(self) -> int:
        """Return how many inferences it was asked for so far."""
        return self._proxy.counts(self._name).methods.get("POST", 0)


def _local(port: int) -> str:
    return f"http://127.0.0.1:{port}"


class Running(_Process):
    """``deployer router run``."""

    status: Status

    def __init__(
        self,
        folder: Path,
        proxy: str,
        endpoints: Mapping[str, str],
        model: Path,
        extra: str = "",
        more: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self.place = RouterFolder(folder / "run")
        self.proxy = proxy
        lines = ["[router]", f'model = "{MODEL}"', "port = 0", "admin_port = 0", extra]
        for priority, (name, url) in enumerate(endpoints.items()):
            lines += [f"[router.endpoints.{name}]", f'url = "{url}"', f"priority = {priority}"]
            lines += [(more or {}).get(name, "")]
        (folder / "deployer.toml").write_text("\n".join(lines) + "\n", "utf-8")
        super().__init__(
            folder,
            [
                str(DEPLOYER), "router", "run", "--proxy", proxy, "--dir", str(self.place.path),
                "--model-dir", str(model), "-o", "json",
            ],
            f"router-{proxy}",
        )  # fmt: skip

    def start(self) -> None:
        self.line = json.loads(self.launch())
        found = self.place.status()
        assert found is not None
        self.status = found

    @property
    def url(self) -> str:
        return self.status.url

    def kill_controller(self) -> None:
        """End ``router run`` alone, as a crash would; the proxy stays."""
        assert self._child is not None
        self._child.kill()
        self.reap()

    def traffic(self) -> set[str]:
        """Return the names of the endpoints that may get requests."""
        found = self.place.status()
        return {each.name for each in found.endpoints if each.traffic} if found else set()

    def requests(self, name: str) -> int:
        """Return how many requests an endpoint was sent."""
        with contextlib.suppress(OSError):
            found = self.place.status()
            counts = counts_of(found, self.place) if found else {}
            return counts[name].requests if name in counts else 0
        return 0


@dataclass
class Backends:
    """Two servers of a version, a third of another, and switches of faults before the first two."""

    folder: Path
    one: Path
    two: Path
    proxy: FaultProxy
    first: Server = field(init=False)
    second: Server = field(init=False)
    other: Server = field(init=False)
    shims: list[Shim] = field(init=False)

    def __post_init__(self) -> None:
        self.first = Server(self.folder, self.one, "first")
        self.second = Server(self.folder, self.one, "second")
        self.other = Server(self.folder, self.two, "other")
        self.shims = [
            Shim(self.proxy, each.port, self.other.port, each.name)
            for each in (self.first, self.second)
        ]
        self.digest = golden_of_folder(self.one)[0]

    @property
    def direct(self) -> dict[str, str]:
        return {"first": self.first.url, "second": self.second.url}

    @property
    def shimmed(self) -> dict[str, str]:
        return {"first": self.shims[0].url, "second": self.shims[1].url}

    def start(self) -> None:
        for server in (self.first, self.second, self.other):
            server.launch()
        for server in (self.first, self.second, self.other):
            until(server.ready, f"{server.name} is ready", START)

    def stop(self) -> None:
        for each in (self.first, self.second, self.other):
            each.kill()

    def target(self, url: str) -> Target:
        return Target(url, infer_path(MODEL), request_body(self.one))


def _all_used(one: Running, names: set[str]) -> bool:
    return one.traffic() == names


@contextlib.contextmanager
def routers(
    folder: Path,
    endpoints: Mapping[str, str],
    model: Path,
    *,
    extra: str = "",
    more: Mapping[str, str] | None = None,
    used: set[str] | None = None,
) -> Iterator[list[Running]]:
    """Run Envoy and HAProxy side by side before the same endpoints.

    Args:
        folder: for their files.
        endpoints: name → address.
        model: package with the golden answers.
        extra: lines for ``[router]``.
        more: name → lines for that endpoint.
        used: which of them shall get requests; all by default.

    """
    started: list[Running] = []
    try:
        for proxy in ("envoy", "haproxy"):
            one = Running(folder / proxy, proxy, endpoints, model, extra, more)
            started.append(one)
            one.start()
        for one in started:
            until(partial(_all_used, one, used or set(endpoints)), "the endpoints get requests")
        yield started
    finally:
        for one in started:
            one.stop()


@dataclass(frozen=True)
class Fault:
    """A way to fail, and back."""

    name: str
    shimmed: bool
    begin: Callable[[Backends], object]
    end: Callable[[Backends], object]


def faults() -> list[Fault]:
    """Return the faults of the matrix."""

    def restart(each: Backends) -> None:
        each.first.start()

    def mode(name: str) -> Callable[[Backends], None]:
        return lambda each: each.shims[0].mode(name)

    return [
        Fault("kill -9", False, lambda each: each.first.kill(), restart),
        Fault(
            "SIGSTOP",
            False,
            lambda each: each.first.signal(signal.SIGSTOP),
            lambda each: each.first.signal(signal.SIGCONT),
        ),
        Fault("500, not ready", True, mode("dead"), mode("pass")),
        Fault("500, ready", True, mode("sick"), mode("pass")),
        Fault("wrong digest", True, mode("wrong"), mode("pass")),
    ]


@dataclass(frozen=True)
class Run:
    """What became of the requests to one router while a fault came and went."""

    proxy: str
    fault: str
    result: Result
    failed: int
    moved: int

    def line(self) -> str:
        result = self.result
        return (
            f"{self.proxy:8} {self.fault:15} {len(result.outcomes):5} requests, "
            f"{self.failed} failed, longest {result.longest:.3f} s, "
            f"p50 {result.quantile(0.5) * 1000:.1f} ms, p99 {result.quantile(0.99) * 1000:.1f} ms, "
            f"{dict(result.kinds())}"
        )


def _sends(each: Running, more_than: float) -> bool:
    return each.requests("first") > more_than


async def run_fault(
    backends: Backends,
    running: Sequence[Running],
    fault: Fault,
    *,
    requests: int,
    rate: float = RATE,
) -> list[Run]:
    """Load all routers, let the first endpoint fail and come back, and return what was seen.

    At least `requests` requests go to each; the load ends when the first endpoint gets requests
    again and the fault's share of the time is over, so that failing back is part of it.
    """
    loads = [Load(backends.target(each.url), rate) for each in running]
    tasks = [asyncio.create_task(load.run()) for load in loads]
    whole = requests / rate
    begun = time.monotonic()
    await asyncio.sleep(1.0)
    await asyncio.to_thread(fault.begin, backends)
    second = [await asyncio.to_thread(each.requests, "second") for each in running]
    await asyncio.sleep(0.5 * whole)
    moved = []
    for each, before in zip(running, second, strict=True):
        now = await asyncio.to_thread(each.requests, "second")
        # A configuration that changed made the proxy count from 0 again.
        moved.append(now - before if now >= before else now)
    await asyncio.to_thread(fault.end, backends)
    for each in running:
        before = await asyncio.to_thread(each.requests, "first")
        await until_async(
            partial(_sends, each, before + rate / 2),
            f"{each.proxy} sends requests to the first endpoint again after {fault.name}",
            30.0,
        )
    await asyncio.sleep(max(0.0, begun + whole - time.monotonic()))
    for load in loads:
        load.stop()
    results = await asyncio.gather(*tasks)
    return [
        Run(each.proxy, fault.name, result, len(result.failed([backends.digest])), gone)
        for each, result, gone in zip(running, results, moved, strict=True)
    ]


@dataclass(frozen=True)
class Outage:
    """What became of requests while no endpoint answered.

    Attributes:
        slowest: seconds of the slowest 503, once the proxy knew.
        kinds: statuses, by count.
        recovery: seconds from the endpoints' return to the first of a second's good answers.

    """

    proxy: str
    slowest: float
    kinds: Mapping[str, int]
    recovery: float


async def run_outage(
    backends: Backends, running: Sequence[Running], *, rate: float = RATE
) -> list[Outage]:
    """Take both endpoints away by their switches, and give them back."""
    for shim in backends.shims:
        await asyncio.to_thread(shim.mode, "dead")
    await asyncio.sleep(4.0)
    loads = [Load(backends.target(each.url), rate, int(2 * rate)) for each in running]
    down = await asyncio.gather(*(load.run() for load in loads))
    loads = [Load(backends.target(each.url), rate) for each in running]
    tasks = [asyncio.create_task(load.run()) for load in loads]
    back = time.monotonic()
    for shim in backends.shims:
        await asyncio.to_thread(shim.mode, "pass")
    await asyncio.sleep(8.0)
    for load in loads:
        load.stop()
    up = await asyncio.gather(*tasks)
    return [
        Outage(each.proxy, gone.longest, gone.kinds(), _recovered(result) - back)
        for each, gone, result in zip(running, down, up, strict=True)
    ]


def _recovered(result: Result) -> float:
    """Return the time after the last request that was not answered."""
    bad = [each.due for each in result.outcomes if each.status != 200]
    return max(bad, default=0.0)


async def run_storm(
    backends: Backends, running: Running, *, seconds: float, rate: float = RATE
) -> tuple[int, int]:
    """Have both endpoints fail inference while they say ready; return requests before and behind."""
    for shim in backends.shims:
        await asyncio.to_thread(shim.mode, "sick")
    before = [await asyncio.to_thread(shim.count) for shim in backends.shims]
    load = Load(backends.target(running.url), rate, int(seconds * rate))
    result = await load.run()
    after = [await asyncio.to_thread(shim.count) for shim in backends.shims]
    for shim in backends.shims:
        await asyncio.to_thread(shim.mode, "pass")
    return len(result.outcomes), sum(after) - sum(before)
