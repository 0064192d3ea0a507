"""``python -m benchmarks``: run everything, print the table, and keep it in docs/benchmarks.md."""

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders import CLOUDS, MLFLOW
from benchmarks.measure import Figures
from benchmarks.publishing import pulling, to_one
from benchmarks.startup import startup
from benchmarks.transfers import MIB, alone, make_files, make_model, together
from benchmarks.versions import versions

KEPT = Path(__file__).parent.parent / "docs" / "benchmarks.md"

PARTS = ("startup", "large", "small", "together", "model", "versions")

HEAD = """# Benchmarks

Written by `make bench`. Each figure is the median of whole processes, start to end, imports
included; a fresh server for each run. Client and server share the processors, so only the ratios
mean anything: **wall ratio** is a contender's time over the last row's of its table, below 1 is
faster. `deployer push` does more than a copy: it hashes, verifies, and publishes a version;
`deployer store` is its storage layer alone. CPU is the client's own. Defaults everywhere. A pull
hashes every byte; rclone's copy back compares sizes and, where the store has one, a checksum.
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


def measure(options: argparse.Namespace, show: Callable[[str], None]) -> None:
    """Measure each part that was asked for."""

    def wanted(*parts: str) -> bool:
        return not options.only or options.only in parts

    rounds = options.rounds
    if wanted("startup"):
        show(table("Start-up", startup(10 * rounds)))
    with tempfile.TemporaryDirectory() as folder:
        large, small = make_files(Path(folder), large=options.large * MIB, small=options.small)
        for part, path, name, size in (
            ("large", large, f"{options.large} MiB in one file", options.large * MIB),
            ("small", small, f"{options.small} files of 10 KB", options.small * 10_000),
        ):
            for cloud in CLOUDS if wanted(part) else ():
                show(table(f"{name} to {cloud}", alone(cloud, path, rounds), size))
            if wanted(part, "together"):
                show(table(f"{name} to all three at once", together(path, rounds), 3 * size))
    if wanted("model"):
        with tempfile.TemporaryDirectory() as folder:
            size = options.model * MIB
            model = make_model(Path(folder), size)
            name = f"A model of {options.model} MiB in ten files"
            show(table(f"{name} to all three at once", together(model, rounds), 3 * size))
            show(table(f"{name} to aws", to_one(model, rounds), size))
            for cloud in CLOUDS:
                show(table(f"{name} back from {cloud}", pulling(cloud, model, rounds), size))
    if wanted("versions"):
        show(table("Many versions (on aws)", versions(options.versions, rounds)))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", type=int, default=512, help="MiB of the large file")
    parser.add_argument("--small", type=int, default=1000, help="number of 10 KB files")
    parser.add_argument("--model", type=int, default=1000, help="MiB of the model of ten files")
    parser.add_argument("--versions", type=int, default=10_000, help="how many there are to list")
    parser.add_argument("--only", default="", choices=["", *PARTS], help="one part")
    parser.add_argument("--keep", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if shutil.which("rclone", path=str(Path(sys.executable).parent)) is None:
        parser.error("rclone is not installed; run: make install")
    if not MLFLOW.exists():
        parser.error("MLflow is not installed; run: make .tools/mlflow/.installed")
    where = f"{platform.platform()}, Python {platform.python_version()}"
    parts = [HEAD, f"\n{datetime.now(UTC):%Y-%m-%d}, {where}.\n"]

    def show(part: str) -> None:
        parts.append(part)
        print(part, flush=True)

    measure(options, show)
    if options.keep:
        KEPT.write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
