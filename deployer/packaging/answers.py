"""Predictions as documents."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Answers"]


@dataclass(frozen=True)
class Answers:
    """The answers for N rows, in plain Python values.

    Attributes:
        rows: each row's number in its table, from 1.
        classes: in the model's order.
        labels: the predicted class of each row.
        probabilities: one per class, for each row.

    """

    rows: Sequence[int]
    classes: Sequence[str]
    labels: Sequence[str]
    probabilities: Sequence[Sequence[float]]

    def documents(self) -> list[dict[str, object]]:
        """Return one ``{"label": …, "probabilities": {class: …}}`` per row."""
        return [
            {"label": label, "probabilities": dict(zip(self.classes, shares, strict=True))}
            for label, shares in zip(self.labels, self.probabilities, strict=True)
        ]
