"""A model of ten files: published to one cloud beside MLflow, and pulled from each of them."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contenders import (
    deployer_pull,
    deployer_push,
    mlflow,
    rclone,
    rclone_back,
)
from benchmarks.measure import Command, Figures, middle, run_together
from benchmarks.transfers import servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.emulators import Server

__all__ = ["pulling", "to_one"]


def to_one(path: Path, rounds: int) -> dict[str, Figures]:
    """Measure a push to S3 alone against MLflow's upload of artifacts there."""
    contenders: dict[str, Callable[[Server, Path], Command]] = {
        "deployer push": lambda server, state: deployer_push({"aws": server}, path, state),
        "rclone": lambda server, _: rclone("aws", server, path),
        "MLflow": lambda server, _: mlflow(server, path),
    }
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            with servers("aws") as up, tempfile.TemporaryDirectory() as state:
                found[name] += run_together([contender(up["aws"], Path(state))])
    return {name: middle(figures) for name, figures in found.items()}


def pulling(cloud: str, path: Path, rounds: int) -> dict[str, Figures]:
    """Measure a pull from one cloud, and one more from the cache, against rclone's copy back."""
    found: dict[str, list[Figures]] = {}
    with servers(cloud) as up, tempfile.TemporaryDirectory() as folder:
        state, target = Path(folder, "state"), Path(folder, "target")
        run_together([deployer_push(up, path, state)])
        run_together([rclone(cloud, up[cloud], path)])
        cache = state / "cache"
        for _ in range(rounds):
            shutil.rmtree(cache, ignore_errors=True)
            for name, command in {
                "deployer pull": deployer_pull(cloud, up, state, target),
                "deployer pull, cached": deployer_pull(cloud, up, state, target),
                "rclone": rclone_back(cloud, up[cloud], target),
            }.items():
                found.setdefault(name, []).extend(run_together([command]))
                shutil.rmtree(target)
    return {name: middle(figures) for name, figures in found.items()}
