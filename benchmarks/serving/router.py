"""What the router adds: ``deployer router run`` before one server and before two."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.serving.contenders import Contender, deployer
from benchmarks.serving.load import Load, middle_load, put_under_load
from benchmarks.serving.model import DEPLOYER, Model
from benchmarks.serving.servers import Failure, free_port, start
from deployer.config import SERVE_KEYS

__all__ = ["compare_routers", "router_table"]

WARM_UP = 1.0  # seconds
FETCHED = Path(__file__).parent.parent.parent / ".tools" / "haproxy" / "bin"
ARRANGEMENTS = (
    ("no router", None, 1),
    ("Envoy, one server", "envoy", 1),
    ("Envoy, two servers", "envoy", 2),
    ("HAProxy, one server", "haproxy", 1),
    ("HAProxy, two servers", "haproxy", 2),
)
CONNECTIONS = (1, 16)

Loads = dict[tuple[str, int], list[Load]]


def compare_routers(
    model: Model, folder: Path, *, rounds: int, seconds: float, say: Callable[[str], None]
) -> tuple[Loads, dict[str, str]]:
    """Measure one row through each arrangement, in turns.

    Returns:
        Loads by arrangement and connections; and why an arrangement has no more, by its name.

    """
    loads: Loads = {}
    failures: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        servers = _servers(stack, model, folder)
        for number in range(rounds):
            for name, proxy, count in ARRANGEMENTS:
                if name in failures:
                    continue
                place = folder / f"{proxy}-{count}"
                place.mkdir(exist_ok=True)
                try:
                    with _front(proxy, servers[:count], model, place) as (url, body):
                        for connections in CONNECTIONS:
                            load = _load(servers[0], url, body, connections, seconds)
                            loads.setdefault((name, connections), []).append(load)
                            say(f"round {number + 1}, {name}, {connections}: {load.rate:.0f}/s")
                except (Failure, OSError, RuntimeError) as error:
                    failures[name] = str(error)
                    say(f"{name}: {error}")
    return loads, failures


def _servers(stack: contextlib.ExitStack, model: Model, folder: Path) -> list[Contender]:
    """Start two servers that know the same key."""
    places = [folder / f"server-{number}" for number in range(2)]
    for place in places:
        place.mkdir()
    first, second = (deployer(model, place) for place in places)
    known = {SERVE_KEYS: first.environment[SERVE_KEYS]}
    second = replace(second, environment={**second.environment, **known}, headers=first.headers)
    for contender, place in zip((first, second), places, strict=True):
        server = start(
            contender.command,
            contender.environment,
            folder=place,
            url=contender.url,
            body=contender.write(model.rows[:1]),
            headers=contender.headers,
        )
        stack.enter_context(server)
    return [first, second]


@contextlib.contextmanager
def _front(
    proxy: str | None, servers: Sequence[Contender], model: Model, folder: Path
) -> Iterator[tuple[str, Path]]:
    """Run a router; yields the address of the model and a file with the body of a request."""
    body = folder / "body.json"
    body.write_bytes(servers[0].write(model.rows[:1]))
    if proxy is None:
        yield servers[0].url, body
        return
    port = free_port()
    lines = ["[router]", 'model = "bench"', f"port = {port}", f"admin_port = {free_port()}"]
    for number, server in enumerate(servers):
        address = urlsplit(server.url).netloc
        lines += [f"[router.endpoints.server{number}]", f'url = "http://{address}"']
    (folder / "deployer.toml").write_text("\n".join(lines) + "\n", "utf-8")
    command = [DEPLOYER, "router", "run", "--proxy", proxy, "--dir", str(folder / "run")]
    url = f"http://127.0.0.1:{port}{urlsplit(servers[0].url).path}"
    with start(
        [*command, "--model-dir", str(model.package)],
        {
            **servers[0].environment,
            "DEPLOYER_API_KEY": servers[0].headers["x-api-key"],
            "PATH": f"{Path(sys.executable).parent}:{FETCHED}:/usr/sbin:/usr/bin:/bin",
        },
        folder=folder,
        url=url,
        body=body.read_bytes(),
        headers=servers[0].headers,
    ):
        yield url, body


def _load(server: Contender, url: str, body: Path, connections: int, seconds: float) -> Load:
    for length in (WARM_UP, seconds):
        load = put_under_load(url, body, server.headers, connections=connections, seconds=length)
    return load


def router_table(loads: Loads, failures: dict[str, str]) -> str:
    """Return what each arrangement does with one connection and with many."""
    lines = ["\n## What the router adds: one row\n"]
    few, many = CONNECTIONS
    lines += [
        f"| | {few} connection: p50 | p99 | {many} connections: requests/s | p50 | p99 | failed |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, _, _ in ARRANGEMENTS:
        if (name, many) not in loads:
            reason = (failures.get(name, "").splitlines() or ["not measured"])[0]
            lines.append(f"| {name} | {reason.replace('|', '/')[:120]} | | | | | |")
            continue
        alone, busy = (middle_load(loads[name, each]) for each in CONNECTIONS)
        lines.append(
            f"| {name} | {alone.p50 * 1000:.2f} ms | {alone.p99 * 1000:.2f} ms "
            f"| {busy.rate:,.0f} | {busy.p50 * 1000:.1f} ms | {busy.p99 * 1000:.1f} ms "
            f"| {alone.failed + busy.failed} |"
        )
    return "\n".join(lines) + "\n"
