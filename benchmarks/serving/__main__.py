"""``python -m benchmarks.serving``: measure servers side by side, print, keep the document."""

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.serving.contenders import CONTENDERS, PEERS, tools
from benchmarks.serving.load import find_wrk
from benchmarks.serving.model import make_model
from benchmarks.serving.rounds import CONNECTIONS, SIZES, compare
from benchmarks.serving.router import compare_routers, router_table
from benchmarks.serving.tables import goals, load_table, start_table

KEPT = Path(__file__).parent.parent.parent / "docs" / "benchmarks-serving.md"
PARTS = ("servers", "router")

HEAD = """# Benchmarks of serving

Written by `make bench-serving`. Every server answers with the same model, a scaler and a logistic
regression of 64 numbers and four classes: the package that `deployer train` wrote, and for the
others the same fitted numbers in scikit-learn's own objects. One worker each; the same rows as
JSON; one server at a time, in turns, started anew in each round. Before it is timed, an answer is
compared with probabilities computed apart. `wrk` keeps {connections} connections busy and shares the
processors with the server, so only ratios mean anything elsewhere; figures are medians of the
rounds. **requests/s** counts good answers, **failed** all others: any status but 2xx, broken
connections, no answer for ten seconds.

`deployer` runs as it comes: API keys, checks of type, shape and size, metrics, drift counts, access
log, gRPC on a port of its own. MLServer runs with `parallel_workers = 0`, in one process as the
others; its default, a second process for inference, was not clearly faster or slower. MLServer is
asked for probabilities, BentoML and MLflow answer nothing else. `constant` is deployer's own HTTP
server with a handler that answers a constant: what the way over HTTP costs at least.
"""


def versions() -> str:
    """Return what was measured, and on what."""
    script = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    found = []
    for peer in PEERS:
        python = tools(peer) / "bin" / "python"
        if python.exists():
            command = [str(python), "-c", script, peer]
            told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            found.append(f"{peer} {told.stdout.strip() or '?'}")
    where = (
        f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    load = f"load of the machine before: {os.getloadavg()[0]:.1f}"
    return f"\n{datetime.now(UTC):%Y-%m-%d}, {where}; {', '.join(found)}; {load}.\n"


def measure(options: argparse.Namespace, show: Callable[[str], None]) -> None:
    """Measure each part that was asked for."""

    def say(line: str) -> None:
        print(f"- {line}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = make_model(folder)
        if options.only != "router":
            names = [each for each in CONTENDERS if not options.servers or each in options.servers]
            found = compare(
                names, model, folder, rounds=options.rounds, seconds=options.seconds, say=say
            )
            for size in SIZES:
                rows = "One row" if size == 1 else f"{size:,} rows"
                show(load_table(f"{rows} per request", size, found))
            show(start_table(found))
            show(goals(found))
        if options.only != "servers":
            loads, failures = compare_routers(
                model, folder, rounds=options.rounds, seconds=options.seconds, say=say
            )
            show(router_table(loads, failures))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of each timed load")
    parser.add_argument("--only", default="", choices=["", *PARTS], help="one part")
    parser.add_argument("--servers", nargs="*", default=[], choices=list(CONTENDERS))
    parser.add_argument("--keep", action="store_true", help="write docs/benchmarks-serving.md")
    options = parser.parse_args()
    if find_wrk() is None:
        parser.error("wrk is missing; run: make .tools/wrk/.installed, or apt-get install wrk")
    # Ended from outside, it must still end the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Compiled files are part of a normal installation.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parts = [HEAD.format(connections=CONNECTIONS), versions()]
    print("".join(parts), flush=True)

    def show(part: str) -> None:
        parts.append(part)
        print(part, flush=True)

    measure(options, show)
    if options.keep:
        KEPT.write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
