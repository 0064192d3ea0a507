"""The failover matrix in full: every fault, on Envoy and on HAProxy, several runs of many requests.

``python -m benchmarks.failover --runs 5 --requests 1000`` trains two small versions, serves them,
runs both proxies from generated configuration side by side, and prints a Markdown table. Requests
are sent at a steady rate whatever becomes of them, and latencies count from when they were due.
Everything is on this machine: proxies, servers and the load share its processors.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deployer.drills.proxy.client import FaultProxy
from tests.deployer.routing.failover_kit import (
    RATE,
    Backends,
    Fault,
    Outage,
    Run,
    Running,
    faults,
    make_versions,
    routers,
    run_fault,
    run_outage,
    run_storm,
)

STORM = 30.0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.failover", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each fault")
    parser.add_argument("--requests", type=int, default=1000, help="in each run, at least")
    parser.add_argument("--rate", type=float, default=RATE, help="requests a second")
    parser.add_argument("--storm", type=float, default=STORM, help="seconds with all failing")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="failover-") as name:
        folder = Path(name)
        one, two = make_versions(folder)
        with FaultProxy(folder / "faults") as proxy:
            backends = Backends(folder, one, two, proxy)
            try:
                backends.start()
                return measure(folder, backends, options)
            finally:
                backends.stop()


def measure(folder: Path, backends: Backends, options: argparse.Namespace) -> int:
    runs: list[Run] = []
    print(f"{platform.platform()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
    with routers(folder / "direct", backends.direct, backends.one) as running:
        runs += repeat(backends, running, [each for each in faults() if not each.shimmed], options)
    with routers(folder / "shimmed", backends.shimmed, backends.one) as running:
        runs += repeat(backends, running, [each for each in faults() if each.shimmed], options)
        outages = [
            each
            for _ in range(options.runs)
            for each in asyncio.run(run_outage(backends, running, rate=options.rate))
        ]
        storms = [
            (
                each.proxy,
                *asyncio.run(run_storm(backends, each, seconds=options.storm, rate=options.rate)),
            )
            for each in running
        ]
    print(table(runs))
    print(outage_table(outages))
    print(storm_table(storms))
    return int(any(run.failed for run in runs))


def repeat(
    backends: Backends,
    running: Sequence[Running],
    todo: Sequence[Fault],
    options: argparse.Namespace,
) -> list[Run]:
    found = []
    for fault in todo:
        for number in range(options.runs):
            for run in asyncio.run(
                run_fault(backends, running, fault, requests=options.requests, rate=options.rate)
            ):
                print(f"{number + 1}/{options.runs} {run.line()}", file=sys.stderr, flush=True)
                found.append(run)
    return found


def table(runs: Sequence[Run]) -> str:
    lines = [
        "| proxy | fault | runs | requests | failed | longest | p50 | p99 |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for proxy, fault in dict.fromkeys((run.proxy, run.fault) for run in runs):
        same = [run for run in runs if (run.proxy, run.fault) == (proxy, fault)]
        seconds = sorted(each.seconds for run in same for each in run.result.outcomes)
        lines.append(
            f"| {proxy} | {fault} | {len(same)} | {len(seconds):,} | {sum(r.failed for r in same)} "
            f"| {seconds[-1]:.2f} s | {at(seconds, 0.5):.1f} ms | {at(seconds, 0.99):.1f} ms |"
        )
    return "\n".join(lines) + "\n"


def outage_table(outages: Sequence[Outage]) -> str:
    lines = ["| proxy | all down: slowest 503 | recovery |", "|---|---:|---:|"]
    for proxy in dict.fromkeys(each.proxy for each in outages):
        same = [each for each in outages if each.proxy == proxy]
        slowest, recovery = max(e.slowest for e in same), max(e.recovery for e in same)
        lines.append(f"| {proxy} | {slowest:.3f} s | {recovery:.1f} s |")
    return "\n".join(lines) + "\n"


def storm_table(storms: Sequence[tuple[str, int, int]]) -> str:
    lines = [
        "| proxy | requests, all failing | reached endpoints | factor |",
        "|---|---:|---:|---:|",
    ]
    for proxy, sent, arrived in storms:
        lines.append(f"| {proxy} | {sent:,} | {arrived:,} | {arrived / sent:.2f} |")
    return "\n".join(lines) + "\n"


def at(ordered: Sequence[float], share: float) -> float:
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
