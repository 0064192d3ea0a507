"""Predictions to measure, and made-up ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deployer.evaluation.outcomes import Outcomes, encode

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"


@dataclass(frozen=True)
class Predicted:
    labels: NDArray[Any]
    predicted: NDArray[Any]
    probabilities: NDArray[Any]
    classes: list[str]

    @property
    def positive(self) -> str | None:
        return self.classes[1] if len(self.classes) == 2 else None

    @property
    def arguments(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], list[str]]:
        return self.labels, self.predicted, self.probabilities, self.classes

    def outcomes(self) -> Outcomes:
        return encode(*self.arguments, self.positive)

    def select(self, rows: NDArray[Any]) -> "Predicted":
        return Predicted(
            self.labels[rows], self.predicted[rows], self.probabilities[rows], self.classes
        )

    def cast(self, dtype: type) -> "Predicted":
        return Predicted(
            self.labels, self.predicted, self.probabilities.astype(dtype), self.classes
        )


def made_up(
    rows: int, classes: int, *, seed: int = 0, skill: float = 1.5, digits: int | None = None
) -> Predicted:
    """Return a model that is right more often the greater `skill`; few `digits` make ties."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes))
    logits[np.arange(rows), true] += skill
    probabilities = np.exp(logits)
    if digits is not None:
        probabilities = np.round(probabilities / probabilities.sum(axis=1)[:, None], digits) + 1e-9
    probabilities /= probabilities.sum(axis=1)[:, None]
    names = np.array([f"c{index}" for index in range(classes)], dtype=object)
    return Predicted(names[true], names[probabilities.argmax(axis=1)], probabilities, list(names))
