"""``python -m benchmarks``: run everything, print the table, and keep it in docs/benchmarks.md."""

import argparse
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders import CLOUDS
from benchmarks.measure import Figures
from benchmarks.startup import startup
from benchmarks.transfers import MIB, alone, make_files, together

KEPT = Path(__file__).parent.parent / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Written by `make bench`. Each figure is the median of whole processes, start to end, imports
included; a fresh server for each run. Client and server share the processors, so only the ratios
mean anything: **wall ratio** is a contender's time over the last row's of its table, below 1 is
faster. `deployer push` does more than a copy: it hashes, verifies, and publishes a version;
`deployer store` is its storage layer alone. CPU is the client's own. Defaults everywhere.
"""


def table(title: str, figures: dict[str, Figures], size: int | None = None) -> str:
    """Return one result as Markdown; the last row is what the others are compared with."""
    base = list(figures.values())[-1]
    lines = [
        f"\n## {title}\n",
        "| | wall | wall ratio | rate | client CPU | peak memory |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, each in figures.items():
        rate = f"{size / each.wall / MIB:.0f} MiB/s" if size else ""
        lines.append(
            f"| {name} | {each.wall:.2f} s | {each.wall / base.wall:.2f} | {rate} "
            f"| {each.cpu:.2f} s | {each.memory / MIB:.0f} MiB |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", type=int, default=512, help="MiB of the large file")
    parser.add_argument("--small", type=int, default=1000, help="number of 10 KB files")
    parser.add_argument("--only", default="", help="startup, large, small or together")
    parser.add_argument("--keep", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if shutil.which("rclone", path=str(Path(sys.executable).parent)) is None:
        parser.error("rclone is not installed; run: make install")
    text = HEAD
    text += f"\n{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, Python {platform.python_version()}.\n"

    def show(part: str) -> None:
        nonlocal text
        text += part
        print(part, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        large, small = make_files(Path(folder), large=options.large * MIB, small=options.small)
        sizes = {large: options.large * MIB, small: options.small * 10_000}
        names = {
            large: f"{options.large} MiB in one file",
            small: f"{options.small} files of 10 KB",
        }
        if options.only in ("", "startup"):
            show(table("Start-up", startup(10 * options.rounds)))
        for kind, path in (("large", large), ("small", small)):
            if options.only in ("", kind):
                for cloud in CLOUDS:
                    figures = alone(cloud, path, options.rounds)
                    show(table(f"{names[path]} to {cloud}", figures, sizes[path]))
            if options.only in ("", "together", kind):
                figures = together(path, options.rounds)
                show(table(f"{names[path]} to all three at once", figures, 3 * sizes[path]))
    if options.keep:
        KEPT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
