"""Uploads: one large file and many small ones, to each cloud alone and to all at once."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.contenders import CLOUDS, ENGINES, deployer_push, deployer_store, rclone, sdk
from benchmarks.measure import Command, Figures, middle, run_together
from deployer.emulators import Server, running

__all__ = ["alone", "make_files", "make_model", "servers", "side_by_side", "together"]

MIB = 1024 * 1024


def _write(path: Path, size: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))
    return path


def make_model(folder: Path, size: int) -> Path:
    """Write ten files of `size` bytes together; return their folder."""
    for number in range(10):
        _write(folder / "model" / f"{number}.bin", size // 10)
    return folder / "model"


def make_files(folder: Path, *, large: int, small: int) -> tuple[Path, Path]:
    """Write one file of `large` bytes and `small` files of 10 KB; return a path for each."""
    one = _write(folder / "large" / "model.bin", large)
    many = folder / "small"
    many.mkdir()
    for number in range(small):
        (many / f"{number:04d}.bin").write_bytes(os.urandom(10_000))
    return one, many


@contextlib.contextmanager
def servers(*clouds: str) -> Iterator[dict[str, Server]]:
    """Run fresh servers: what one contender left must not slow down the next."""
    with contextlib.ExitStack() as stack:
        yield {
            cloud: stack.enter_context(running(ENGINES[cloud]))  # type: ignore[arg-type]
            for cloud in clouds
        }


def alone(cloud: str, path: Path, rounds: int) -> dict[str, Figures]:
    """Measure each contender on one cloud."""
    contenders: dict[str, Callable[[Server, Path], Command]] = {
        "deployer push": lambda server, state: deployer_push({cloud: server}, path, state),
        "deployer store": lambda server, _: deployer_store(cloud, server, path),
        "raw SDK": lambda server, _: sdk(cloud, server, path),
        "rclone": lambda server, _: rclone(cloud, server, path),
    }
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            with servers(cloud) as up, tempfile.TemporaryDirectory() as state:
                found[name] += run_together([contender(up[cloud], Path(state))])
    return {name: middle(figures) for name, figures in found.items()}


def side_by_side(each: Sequence[Figures]) -> Figures:
    """Return what several processes cost that ran at the same time."""
    return Figures(
        wall=max(figures.wall for figures in each),
        cpu=sum(figures.cpu for figures in each),
        memory=sum(figures.memory for figures in each),
    )


def together(path: Path, rounds: int) -> dict[str, Figures]:
    """Measure one push to all clouds against three rclone copies at the same time."""
    ours: list[Figures] = []
    theirs: list[Figures] = []
    for _ in range(rounds):
        with servers(*CLOUDS) as up, tempfile.TemporaryDirectory() as state:
            ours += run_together([deployer_push(up, path, Path(state))])
        with servers(*CLOUDS) as up:
            each = run_together([rclone(cloud, up[cloud], path) for cloud in CLOUDS])
            theirs.append(side_by_side(each))
    return {"deployer push": middle(ours), "three rclones (slowest)": middle(theirs)}
