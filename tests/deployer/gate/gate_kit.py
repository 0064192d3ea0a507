"""Three trained versions of penguins, the rows that they were fitted on, and rows that they were not."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployer.packaging.cells import encode_table
from deployer.packaging.documents import Schema
from deployer.packaging.fingerprints import fingerprints, store
from deployer.packaging.layout import decode
from deployer.tables.read import read_table
from deployer.training.options import Options
from deployer.training.train import train
from tests.deployer.registry.cli_kit import World

__all__ = [
    "CLOUDS",
    "GOOD",
    "OTHER",
    "POOR",
    "SEEN_BY_OTHER",
    "Models",
    "gated_world",
    "make_models",
    "push",
]

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"
CLOUDS = ("aws", "gcp")
GOOD, POOR, OTHER = 1, 2, 3
SEEN_BY_OTHER = 10
QUICK = Options(candidates=("softmax",), strategy="none", folds=2, jobs=1, seed=0)


@dataclass(frozen=True)
class Models:
    """Where things are.

    Attributes:
        good: trained on everything there is to know.
        poor: taught that two of three Adelie are Chinstrap.
        other: as good as `good`, and not the same; it says of a few more rows that it knows them.
        holdout: rows that none was fitted on, but for those; `fitted`: rows that all were.

    """

    good: Path
    poor: Path
    other: Path
    holdout: Path
    fitted: Path


def make_models(folder: Path) -> Models:
    header, *lines = PENGUINS.read_text("utf-8").splitlines()
    fitted = [line for index, line in enumerate(lines) if index % 3]
    held_out = [line for index, line in enumerate(lines) if not index % 3]
    found = Models(*(folder / name for name in ("good", "poor", "other", "holdout.csv", "fit.csv")))
    found.fitted.write_text("\n".join([header, *fitted]) + "\n", "utf-8")
    found.holdout.write_text("\n".join([header, *held_out]) + "\n", "utf-8")
    names = header.split(",")
    _train(found.fitted, found.good)
    _train(_mislabelled(found.fitted), found.poor)
    _train(_columns(found.fitted, [name for name in names if name != "sex"]), found.other)
    more = folder / "more.csv"
    more.write_text("\n".join([header, *fitted, *held_out[:SEEN_BY_OTHER]]) + "\n", "utf-8")
    for package in (found.good, found.poor, found.other):
        _remember(package, more if package == found.other else found.fitted)
    return found


def _columns(path: Path, wanted: Sequence[str]) -> Path:
    lines = [line.split(",") for line in path.read_text("utf-8").splitlines()]
    at = [lines[0].index(name) for name in wanted]
    out = path.with_name(f"{'-'.join(wanted)[:40]}.csv")
    out.write_text("\n".join(",".join(line[i] for i in at) for line in lines) + "\n", "utf-8")
    return out


def _mislabelled(path: Path) -> Path:
    header, *lines = path.read_text("utf-8").splitlines()
    wrong = [
        line.replace("Adelie", "Chinstrap") if index % 3 else line
        for index, line in enumerate(lines)
    ]
    out = path.with_name("wrong.csv")
    out.write_text("\n".join([header, *wrong]) + "\n", "utf-8")
    return out


def _train(data: Path, out: Path) -> None:
    train(data, target="species", out=out, options=QUICK)


def _remember(package: Path, data: Path) -> None:
    """Let the package say that it was fitted on all rows of a table."""
    schema = decode((package / "schema.json").read_bytes(), Schema, where="")
    table = read_table(data)
    prints = fingerprints(encode_table(schema.inputs, table), table.cells("species"))  # type: ignore[arg-type] # they are text
    content = store(prints)
    (package / "training-rows.bin").write_bytes(content)
    path = package / "model.json"
    document = json.loads(path.read_bytes())
    document["files"]["rows"] = {
        "path": "training-rows.bin",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    path.write_text(json.dumps(document))


def gated_world(folder: Path, monkeypatch: pytest.MonkeyPatch, models: Models) -> World:
    """Return a world with the rows in its working folder, and nothing published."""
    world = World(folder, monkeypatch)
    world.local_clouds(*CLOUDS)
    world.setenv({"COLUMNS": "200"})  # else long cells are folded
    shutil.copy(models.holdout, world.work / "holdout.csv")
    shutil.copy(models.fitted, world.work / "fitted.csv")
    return world


def push(world: World, models: Models) -> None:
    """Publish penguins:1 (good), :2 (poor) and :3 (other)."""
    for package in (models.good, models.poor, models.other):
        world.invoke("push", str(package), "penguins").ok()
