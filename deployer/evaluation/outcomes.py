"""Rows with what was true and what was answered, as numbers that metrics can work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Outcomes", "encode"]


@dataclass(frozen=True)
class Outcomes:
    """N rows and K classes.

    Attributes:
        true: int64 of shape (N,), the index of each row's class.
        predicted: int64 of shape (N,), the index of the class that was answered.
        probabilities: floating, of shape (N, K), in the order of the classes, within [0, 1].
        classes: their names.
        positive: index of the class that a binary problem is about, None if there is none.

    """

    true: "NDArray[np.int64]"
    predicted: "NDArray[np.int64]"
    probabilities: "NDArray[Any]"
    classes: tuple[str, ...]
    positive: int | None = None

    def __len__(self) -> int:
        return len(self.true)


def encode(
    labels: "Sequence[str] | NDArray[Any]",
    predicted: "Sequence[str] | NDArray[Any]",
    probabilities: "NDArray[Any]",
    classes: Sequence[str],
    positive: str | None = None,
) -> Outcomes:
    """Return the outcomes of N rows.

    Args:
        labels: the true class of each row.
        predicted: the class that was answered.
        probabilities: of shape (N, K), in the order of `classes`. Rounding may have put a value
            a hair outside [0, 1]; it is brought back.
        classes: the K classes that the model knows.
        positive: the class that errors are counted against; with two classes only.

    Raises:
        ValueError: a label that is no class, or lengths that do not fit.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    if probabilities.shape != (len(labels), len(classes)) or len(predicted) != len(labels):
        raise ValueError(
            f"{len(labels)} labels, {len(predicted)} answers and probabilities of shape "
            f"{probabilities.shape} for {len(classes)} classes"
        )
    return Outcomes(
        true=_indices(labels, classes),
        predicted=_indices(predicted, classes),
        probabilities=np.clip(probabilities, 0, 1),
        classes=tuple(classes),
        positive=None if positive is None else list(classes).index(positive),
    )


def _indices(labels: "Sequence[str] | NDArray[Any]", classes: Sequence[str]) -> "NDArray[np.int64]":
    import numpy as np  # noqa: PLC0415 - as above

    index = {label: position for position, label in enumerate(classes)}
    try:
        return np.fromiter((index[label] for label in labels), np.int64, len(labels))
    except KeyError as error:
        raise ValueError(f"{error} is none of the classes {list(classes)}") from error
