"""The models that drills publish: small, real ones, trained once and kept in the cache."""

import csv
import os
import random
import shutil
import subprocess
import sys
import uuid
import zlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from deployer.config import cache_dir
from deployer.errors import FailedError, MissingError, UsageError

__all__ = ["FAMILIES", "laden", "packages", "request_body", "variant"]

FAMILIES = ("softmax", "tree")
"""Of the first and the second version: they answer the same questions differently."""

KIB = 1024
_TRAIN_SECONDS = 300


def packages(count: int, own: Path | None = None) -> list[Path]:
    """Return model directories for `count` versions, all different.

    Args:
        count: how many.
        own: the user's model directory for the first; others are it with a file added.

    Raises:
        UsageError: `own` is no model directory.
        MissingError: training is not installed.
        FailedError: training failed.

    """
    if own is not None:
        if not (own / "golden.json").is_file():
            raise UsageError(
                "is no model directory", where=str(own), hint="make one with: deployer train"
            )
        own = own.absolute()
        return [own, *(variant(own, number) for number in range(2, count + 1))]
    made = _trained(min(count, len(FAMILIES)))
    return [*made, *(variant(made[0], number) for number in range(len(made) + 1, count + 1))]


def laden(folders: Sequence[Path], published: int, ballast: Sequence[int]) -> list[Path]:
    """Return model directories of which those that a drill will publish itself are large.

    Args:
        folders: of all versions.
        published: how many of them are published before the drill begins.
        ballast: sizes in KiB of files that the others get beside a model's own, each with content
            of its own.

    """
    rest = range(published + 1, len(folders) + 1)
    return [*folders[:published], *(variant(folders[0], number, ballast) for number in rest)]


def variant(folder: Path, number: int, ballast: Sequence[int] = ()) -> Path:
    """Return a copy that answers the same and is another version."""
    weight = f"-{zlib.crc32(repr(tuple(ballast)).encode()):08x}" if ballast else ""
    target = _place() / f"{folder.resolve().name}-version-{number}{weight}"
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    shutil.copytree(folder, part)
    for index, size in enumerate(ballast, 1):
        # Never the same bytes twice: equal content would be sent once only.
        noise = random.Random(f"{number} {index}").randbytes(size * KIB)  # noqa: S311 - no secret
        (part / f"ballast-{index:02d}.bin").write_bytes(noise)
    # A file beside those that model.json promises: it must not change what a model's own say.
    text = f"Version {number} of a drill: nothing else is different.\n"
    (part / "drill.txt").write_text(text, encoding="utf-8")
    _into(part, target)
    return target


def request_body(folder: Path) -> bytes:
    """Return the first golden row of a model as a request of the Open Inference Protocol."""
    import json  # noqa: PLC0415 - beside its only use

    schema = json.loads((folder / "schema.json").read_text("utf-8"))["inputs"]
    row = json.loads((folder / "golden.json").read_text("utf-8"))["rows"][0]["inputs"]
    datatypes = {"numeric": "FP32", "date": "FP64"}
    inputs = [
        {
            "name": each["name"],
            "shape": [1, 1],
            "datatype": datatypes.get(each["kind"], "BYTES"),
            "data": [row[each["name"]]],
        }
        for each in schema
    ]
    return json.dumps({"inputs": inputs}).encode()


def _place() -> Path:
    return cache_dir() / "drills" / f"models-{version('deployer')}"


def _trained(count: int) -> list[Path]:
    place = _place()
    place.mkdir(parents=True, exist_ok=True)
    wanted = [place / family for family in FAMILIES[:count]]
    missing = [target for target in wanted if not (target / "golden.json").is_file()]
    if missing:
        _train(missing, _table(place))
    return wanted


def _table(place: Path) -> Path:
    """Write the wine data that scikit-learn brings along: 178 rows, 13 columns, 3 classes."""
    try:
        from sklearn.datasets import load_wine  # noqa: PLC0415 - slow to import
    except ModuleNotFoundError as error:
        raise MissingError(
            f"a drill trains a small model, which needs the package {error.name}",
            hint="pip install 'deployer[train]', or name a model with --model FOLDER",
        ) from error
    wine = load_wine()
    path = place / f"wine-{uuid.uuid4().hex}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*wine.feature_names, "target"])
        for row, target in zip(wine.data.tolist(), wine.target.tolist(), strict=True):
            writer.writerow([*row, str(wine.target_names[target])])
    return path


def _train(targets: Sequence[Path], table: Path) -> None:
    running = []
    for target in targets:
        part = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
        command = [
            sys.executable, "-m", "deployer", "train", table.name, "--target", "target",
            "--candidates", target.name, "--search", "none", "--folds", "2", "--out", str(part), "-q",
        ]  # fmt: skip
        process = subprocess.Popen(  # noqa: S603 - an argument list, no shell
            command, cwd=table.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        running.append((process, part, target))
    try:
        for process, part, target in running:
            _, said = process.communicate(timeout=_TRAIN_SECONDS)
            if process.returncode:
                raise FailedError(f"training a model for drills failed: {said.strip()}")
            _into(part, target)
    finally:
        for process, part, _ in running:
            process.kill()
            process.wait()
            shutil.rmtree(part, ignore_errors=True)
        table.unlink(missing_ok=True)


def _into(part: Path, target: Path) -> None:
    """Put a finished folder in place; one that another process was quicker to make is as good."""
    try:
        os.rename(part, target)  # noqa: PTH104 - fails where another folder is, as it should
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
