"""The model that all servers answer with, and the rows that they are asked about."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import skops.io
from numpy.typing import NDArray

from benchmarks.measure import Command, run_together

__all__ = ["COLUMNS", "Model", "make_model", "softmax"]

COLUMNS = 64
CLASSES = 4
TRAINED_ON = 4000
ASKED = 1000
DEPLOYER = str(Path(sys.executable).with_name("deployer"))
# Types of the package that skops does not know; they are this project's or NumPy's own.
TRUSTED = ["numpy.dtype"]


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        package: the folder that ``deployer train`` wrote.
        weights: file of what its pipeline was fitted to, for the peers.
        rows: float32 of shape (ASKED, COLUMNS), to ask about.
        answers: probabilities of `rows`, of shape (ASKED, CLASSES), computed here from the weights.

    """

    package: Path
    weights: Path
    rows: NDArray[np.float32]
    answers: NDArray[np.float64]


def make_model(folder: Path) -> Model:
    """Train on numbers of which all tell the class a little; the same ones every time."""
    random = np.random.default_rng(0)
    target = random.integers(0, CLASSES, TRAINED_ON)
    centres = random.normal(scale=0.3, size=(CLASSES, COLUMNS))
    values = np.round(random.normal(size=(TRAINED_ON, COLUMNS)) + centres[target], 4)
    names = [f"x{index:02}" for index in range(COLUMNS)]
    labels = np.array(["autumn", "spring", "summer", "winter"])[target]
    table = folder / "table.csv"
    arrays = {name: values[:, index] for index, name in enumerate(names)}
    pyarrow.csv.write_csv(pa.table({**arrays, "label": labels}), table)
    package, weights = folder / "package", folder / "weights.npz"
    options = ("--target", "label", "--candidates", "softmax", "--search", "none", "-q")
    command = [DEPLOYER, "train", str(table), *options, "--out", str(package)]
    run_together([Command(command, {})])
    fitted = _fitted(package)
    np.savez(weights, allow_pickle=False, **fitted)
    rows = values[:ASKED].astype(np.float32)
    scaled = (rows - fitted["mean"]) / fitted["scale"]
    return Model(package, weights, rows, softmax(scaled @ fitted["coef"].T + fitted["intercept"]))


def _fitted(package: Path) -> dict[str, NDArray[np.float64]]:
    """Return what the package's pipeline was fitted to."""
    pipeline: Any = skops.io.load(package / "model.skops", trusted=TRUSTED)
    scaler = pipeline.named_steps["preprocess"].named_transformers_["numeric"].named_steps["scale"]
    classifier = pipeline.named_steps["classify"]
    return {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "coef": classifier.coef_,
        "intercept": classifier.intercept_,
    }


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities: ``exp(s) / sum(exp(s))`` of each row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]  # NumPy's stubs
