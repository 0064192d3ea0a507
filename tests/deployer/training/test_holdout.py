"""Held-out rows change the scores and nothing else; a planted leak changes the model and is caught."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

import deployer.training.build as building
from deployer.packaging.documents import Costs
from deployer.training.options import Options
from deployer.training.split import Split, stratified_split
from deployer.training.train import train

OPTIONS = Options(
    candidates=("softmax", "tree"),
    strategy="random",
    trials=2,
    folds=3,
    jobs=1,
    costs=Costs(false_positive=1, false_negative=20),
)


def table(seed: int) -> pd.DataFrame:
    """The same fitted rows for every seed, and other held-out rows with the same labels."""
    data = load_breast_cancer(as_frame=True)
    frame = data.frame.iloc[:200, [0, 1, 4, 7, -1]].rename(columns={"target": "benign"})
    frame["benign"] = frame["benign"].map({0: "no", 1: "yes"})
    frame.columns = ["radius", "texture", "smooth", "points", "benign"]
    frame["site"] = np.where(frame.index % 3 == 0, "left", "right")
    held_out = stratified_split(
        frame["benign"].to_numpy(dtype=object), test_size=OPTIONS.test_size, seed=OPTIONS.seed
    ).test
    random = np.random.default_rng(seed)
    if seed:
        for column in ("radius", "texture", "smooth", "points"):
            values = frame[column].to_numpy(copy=True)
            values[held_out] = random.permutation(values[held_out]) * random.uniform(1, 5)
            frame[column] = values
        sites = frame["site"].to_numpy(dtype=object, copy=True)
        sites[held_out] = random.choice(["left", "elsewhere"], len(held_out))
        frame["site"] = sites
    return frame


def learnt(folder: Path, seed: int) -> dict[str, object]:
    """Everything in a package that came of learning: all but the scores."""
    data, out = folder / f"{seed}.csv", folder / f"model-{seed}"
    table(seed).to_csv(data, index=False)
    train(data, target="benign", out=out, options=OPTIONS)
    run = json.loads((out / "model.json").read_bytes())["training"]
    schema = json.loads((out / "schema.json").read_bytes())
    profile = json.loads((out / "profile.json").read_bytes())
    return {
        "onnx": (out / "model.onnx").read_bytes(),
        "skops": (out / "model.skops").read_bytes(),
        "rows": (out / "training-rows.bin").read_bytes(),
        "search": run["search"],
        "choice": run["choice"],
        "schema": schema,
        "profile": profile["columns"],
    }


def scores(folder: Path, seed: int) -> bytes:
    return (folder / f"model-{seed}" / "metrics.json").read_bytes()


def test_held_out_rows_change_the_scores_alone(tmp_path: Path) -> None:
    one, other = learnt(tmp_path, 0), learnt(tmp_path, 1)
    threshold = one["schema"]["outputs"]["label"]["threshold"]  # type: ignore[index] # JSON
    assert threshold is not None
    assert one == other
    assert scores(tmp_path, 0) != scores(tmp_path, 1)


def leak_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held-out rows are fitted on, searched with, and thresholds chosen by."""

    def leaky(labels: np.ndarray, *, test_size: float, seed: int) -> Split:
        split = stratified_split(labels, test_size=test_size, seed=seed)
        return Split(np.arange(len(labels)), split.test)

    monkeypatch.setattr(building, "stratified_split", leaky)


def leak_of_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """One held-out row is fitted on."""

    def leaky(labels: np.ndarray, *, test_size: float, seed: int) -> Split:
        split = stratified_split(labels, test_size=test_size, seed=seed)
        return Split(np.sort(np.append(split.train, split.test[0])), split.test)

    monkeypatch.setattr(building, "stratified_split", leaky)


@pytest.mark.parametrize("leak", [leak_of_everything, leak_of_one_row])
def test_a_planted_leak_is_caught(
    leak: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak(monkeypatch)
    one, other = learnt(tmp_path, 0), learnt(tmp_path, 1)
    for part in ("onnx", "skops", "rows"):
        assert one[part] != other[part], part
