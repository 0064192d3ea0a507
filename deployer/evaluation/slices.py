"""Where a model is weak: its scores on the rows of each value of each column."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.evaluation.bootstrap import cells_resampled, interval
from deployer.evaluation.outcomes import Outcomes
from deployer.evaluation.resampled import label_scores
from deployer.packaging.documents import Score, Slice

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_SLICES", "MAX_VALUES", "MIN_ROWS", "MISSING", "slices"]

MIN_ROWS = 20
MAX_VALUES = 50
MAX_SLICES = 200
MISSING = "(missing)"


@dataclass(frozen=True)
class _Part:
    column: str
    value: str
    confusion: "NDArray[np.int64]"
    rows: int
    accuracy: float
    f1_macro: float


def slices(
    outcomes: Outcomes,
    columns: "Mapping[str, NDArray[Any]]",
    *,
    confidence: float,
    resamples: int,
    seed: int,
) -> tuple[Slice, ...]:
    """Return the scores per value of each column, the least accurate first.

    A value needs :data:`MIN_ROWS` rows; the rarer ones of a column, and those beyond its
    :data:`MAX_VALUES` commonest, are put together if they have as many. A column that is the same
    in all rows says nothing and is left out, and of all slices the worst :data:`MAX_SLICES` stay.

    Args:
        outcomes: of N rows.
        columns: name to text of shape (N,) or (N, 1); ``""`` is a missing value.
        confidence: of the intervals.
        resamples: of the bootstrap, drawn as confusion matrices; 0 for no intervals.
        seed: of the bootstrap; each slice has a generator of its own.

    """
    found = [
        part for name, values in columns.items() for part in _column(outcomes, name, values.ravel())
    ]
    found.sort(key=lambda part: (part.accuracy, -part.rows, part.column, part.value))
    return tuple(
        _slice(part, number, confidence=confidence, resamples=resamples, seed=seed)
        for number, part in enumerate(found[:MAX_SLICES])
    )


def _column(outcomes: Outcomes, name: str, values: "NDArray[Any]") -> list[_Part]:
    import numpy as np  # noqa: PLC0415 - slow to import
    import pandas as pd  # noqa: PLC0415 - slow to import

    codes, known = pd.factorize(values)
    counts = np.bincount(codes, minlength=len(known))
    if len(known) < 2:  # noqa: PLR2004 - one value
        return []
    # The commonest first, of equals the first in order.
    ranked = sorted(range(len(known)), key=lambda code: (-counts[code], known[code]))
    single = [code for code in ranked[:MAX_VALUES] if counts[code] >= MIN_ROWS]
    group = np.full(len(known), len(single))
    group[single] = np.arange(len(single))
    size = len(outcomes.classes)
    cells = group[codes] * size**2 + outcomes.true * size + outcomes.predicted
    matrices = np.bincount(cells, minlength=(len(single) + 1) * size**2)
    matrices = matrices.reshape(len(single) + 1, size, size)
    names = [known[code] or MISSING for code in single]
    rare = len(known) - len(single)
    names.append(f"({rare} rare value{'s' * (rare > 1)})")
    return [
        _part(name, value, matrix)
        for value, matrix in zip(names, matrices, strict=True)
        if matrix.sum() >= MIN_ROWS
    ]


def _part(column: str, value: str, confusion: "NDArray[np.int64]") -> _Part:
    return _Part(
        column=column,
        value=value,
        confusion=confusion,
        rows=int(confusion.sum()),
        accuracy=float(label_scores(confusion[None], "accuracy")[0]),
        f1_macro=_f1_macro(confusion),
    )


def _f1_macro(confusion: "NDArray[np.int64]") -> float:
    """Return scikit-learn's number to the last bit: the same divisions, then the same mean."""
    import numpy as np  # noqa: PLC0415 - slow to import

    rows = confusion.sum(axis=1) + confusion.sum(axis=0)
    known = rows > 0
    return float(np.average(2.0 * np.diagonal(confusion)[known] / rows[known]))


def _slice(part: _Part, number: int, *, confidence: float, resamples: int, seed: int) -> Slice:
    import numpy as np  # noqa: PLC0415 - slow to import

    ends: dict[str, Any] = {"accuracy": (None, None), "f1_macro": (None, None)}
    if resamples:
        generator = np.random.Generator(np.random.PCG64([seed, number]))
        drawn = cells_resampled(part.confusion, resamples=resamples, generator=generator)
        ends = {metric: interval(label_scores(drawn, metric), confidence) for metric in ends}
    return Slice(
        column=part.column,
        value=part.value,
        rows=part.rows,
        accuracy=Score(value=part.accuracy, low=ends["accuracy"][0], high=ends["accuracy"][1]),
        f1_macro=Score(value=part.f1_macro, low=ends["f1_macro"][0], high=ends["f1_macro"][1]),
    )
