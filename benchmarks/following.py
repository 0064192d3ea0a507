"""How long a move of an alias takes to reach clients: ``python -m benchmarks.following``.

One server with the settings that it comes with follows an alias on a local store; clients ask at a
steady rate on connections that they keep, and ``deployer alias set`` moves the alias to and fro.
Every answer must be of the version that its header names, and none may fail. Seconds count from
when the command has returned. Server, clients and commands share the processors.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.serving.run.following_kit import follow


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.following", description=__doc__)
    parser.add_argument("--moves", type=int, default=5, help="of the alias")
    parser.add_argument("--rate", type=float, default=50, help="requests a second")
    parser.add_argument("--clients", type=int, default=4, help="that ask at once")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="following-") as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        seen = follow(
            World(Path(name), patch),
            moves=options.moves,
            rate=options.rate,
            clients=options.clients,
        )
    print(f"{platform.platform()}, {os.cpu_count()} processors, load before {load:.1f}\n")
    print("| move | first answer of the new version | last answer of the old |\n|---|--:|--:|")
    for number, move in enumerate(seen.moves, start=1):
        print(f"| {number} | {move.first:.2f} s | {move.last:.2f} s |")
    firsts, lasts = zip(*seen.moves, strict=True)
    print(f"| median | {median(firsts):.2f} s | {median(lasts):.2f} s |")
    print(f"\n{seen.asked} requests, {len(seen.failed)} failed, {seen.wrong} of another version")
    return 1 if seen.failed or seen.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
