"""``python -m benchmarks.training``: train and evaluate, beside scikit-learn used directly.

Both sides do the same steps on the same file with the same number of processes, one after the
other, as whole processes. The direct side leaves out what scikit-learn does not have (see
``direct_training``), so the overhead is that of everything else that a package holds.
"""

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from benchmarks.measure import Command, Figures, middle, run_together
from benchmarks.single_row import single_row

MIB = 1024 * 1024
KEPT = Path(__file__).parent.parent / "docs" / "benchmarks-training.md"
DEPLOYER = str(Path(sys.executable).with_name("deployer"))
SIGNAL = 8

HEAD = """# Benchmarks of training

Written by `make bench-training`. Whole processes, start to end, imports included, in turns; the
median of each. **Ratio** is a row's time over the direct one's. Memory is the largest process's.
The direct scripts do the same steps with scikit-learn and nothing else; they leave out the quality
report, the confidence intervals, the slices, the drift profile, the fingerprints, the model card,
the bill of materials and the report, which `deployer` does in the same time.
"""


def make_table(path: Path, rows: int, columns: int = 50, classes: int = 3) -> Path:
    """Write numbers of which a few tell the class, with noise; the same for the same size."""
    random = np.random.default_rng(0)
    target = random.integers(0, classes, rows)
    arrays = {}
    for index in range(columns):
        values = random.normal(size=rows)
        if index < SIGNAL:
            values += target * (0.2 + 0.05 * index)
        arrays[f"x{index:02}"] = np.round(values, 5)
    table = pa.table({**arrays, "label": np.array(["red", "green", "blue"])[target]})
    options = pyarrow.csv.WriteOptions(quoting_style="none")
    pyarrow.csv.write_csv(table, path, options)
    return path


def in_turns(contenders: dict[str, Command], rounds: int, made: Path) -> dict[str, Figures]:
    """Run each contender `rounds` times, in turns; `made` is what they write, removed before."""
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            shutil.rmtree(made, ignore_errors=True)
            found[name] += run_together([contender])
    return {name: middle(figures) for name, figures in found.items()}


def train_command(data: Path, out: Path, families: Sequence[str]) -> Command:
    """Return the command that trains without a search, as the direct script does."""
    return Command(
        [
            *(DEPLOYER, "train", str(data), "--target", "label", "--out", str(out), "-q"),
            *("--candidates", ",".join(families), "--search", "none", "--jobs", "2"),
            *("--metric", "accuracy", "--budget", "1d"),
        ],
        {},
    )


def direct(module: str, *arguments: object) -> Command:
    """Return the command of a direct script."""
    return Command([sys.executable, "-m", module, *map(str, arguments)], {})


def table(title: str, figures: dict[str, Figures]) -> str:
    """Return one result as Markdown; the last row is what the others are compared with."""
    base = list(figures.values())[-1]
    lines = [f"\n## {title}\n", "| | wall | ratio | CPU | peak memory |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {name} | {each.wall:.2f} s | {each.wall / base.wall:.2f} | {each.cpu:.2f} s "
        f"| {each.memory / MIB:.0f} MiB |"
        for name, each in figures.items()
    ]
    return "\n".join(lines) + "\n"


def overhead(folder: Path, rows: int, rounds: int) -> list[str]:
    """Compare train and evaluate with the direct scripts."""
    data, model = make_table(folder / "table.csv", rows), folder / "model"
    shown = []
    for families in (["softmax"], ["softmax", "tree", "boosting"]):
        figures = in_turns(
            {
                "deployer train": train_command(data, model, families),
                "scikit-learn": direct(
                    "benchmarks.direct_training", data, "label", model, *families
                ),
            },
            rounds,
            model,
        )
        shown.append(table(f"Train on {rows:,} x 50: {', '.join(families)}", figures))
    kept = folder / "kept"
    run_together([train_command(data, kept, ["softmax"])])
    fresh = make_table(folder / "fresh.csv", rows + 1)
    for resamples in (0, 20):
        command = [DEPLOYER, "evaluate", str(kept), str(fresh), "-q", "-o", "json"]
        figures = in_turns(
            {
                "deployer evaluate": Command([*command, "--resamples", str(resamples)], {}),
                "scikit-learn": direct("benchmarks.direct_evaluation", kept, fresh, resamples),
            },
            rounds,
            model,
        )
        what = f"{resamples} resamples" if resamples else "no intervals"
        shown.append(table(f"Evaluate {rows:,} x 50, {what}", figures))
    figures = in_turns({"deployer evaluate": Command(command, {})}, 1, model)
    shown.append(table(f"Evaluate {rows:,} x 50, 1,000 resamples (the default)", figures))
    return shown


def growth(folder: Path, sizes: Sequence[int]) -> str:
    """Return how train and evaluate grow with the rows."""
    lines = [
        "\n## Growth with the rows (50 columns, softmax, no search)\n",
        "| rows | file | train | peak memory | evaluate | peak memory |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for rows in sizes:
        data, model = make_table(folder / f"{rows}.csv", rows), folder / f"model-{rows}"
        (train,) = run_together([train_command(data, model, ["softmax"])])
        fresh = make_table(folder / "fresh.csv", max(1000, rows // 10) + 1)
        evaluate = Command([DEPLOYER, "evaluate", str(model), str(fresh), "-q", "-o", "json"], {})
        (measured,) = run_together([evaluate])
        lines.append(
            f"| {rows:,} | {data.stat().st_size / MIB:.0f} MiB | {train.wall:.1f} s "
            f"| {train.memory / MIB:.0f} MiB | {measured.wall:.1f} s "
            f"| {measured.memory / MIB:.0f} MiB |"
        )
        data.unlink()
    lines.append("\nEvaluated are a tenth as many rows, with 1,000 resamples.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--largest", type=int, default=1_000_000)
    parser.add_argument("--only", default="", choices=["", "overhead", "growth", "single"])
    parser.add_argument("--keep", action="store_true", help="write docs/benchmarks-training.md")
    options = parser.parse_args()
    where = f"{platform.platform()}, Python {platform.python_version()}"
    parts = [HEAD, f"\n{datetime.now(UTC):%Y-%m-%d}, {where}.\n"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only in ("", "overhead"):
            parts += overhead(folder, options.rows, options.rounds)
        if options.only in ("", "growth"):
            sizes = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= options.largest]
            parts.append(growth(folder, sizes))
        if options.only in ("", "single"):
            parts.append(single_row())
    print("".join(parts))
    if options.keep:
        KEPT.write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
