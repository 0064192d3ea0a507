"""How long ``deployer --help`` takes, as a ratio to importing click in a bare interpreter."""

import sys
from pathlib import Path

from benchmarks.measure import Command, Figures, middle, run_together

__all__ = ["startup"]


def startup(rounds: int) -> dict[str, Figures]:
    """Measure both, interleaved."""
    command = str(Path(sys.executable).with_name("deployer"))
    contenders = {
        "deployer --help": Command([command, "--help"], {}),
        'python -c "import click"': Command([sys.executable, "-c", "import click"], {}),
    }
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            found[name] += run_together([contender])
    return {name: middle(figures) for name, figures in found.items()}
