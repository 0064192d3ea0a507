"""Which columns a model relies on."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.evaluation.metrics import METRICS
from deployer.packaging.documents import Importance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deployer.evaluation.paired import Answers

__all__ = ["importances"]

# Cells to predict in all: with many columns fewer rows are shuffled, and less often.
_MAX_CELLS = 100_000_000
_MIN_ROWS = 100


def importances(
    predict: "Callable[[Mapping[str, NDArray[Any]]], Answers]",
    arrays: "Mapping[str, NDArray[Any]]",
    labels: "Sequence[str] | NDArray[Any]",
    classes: Sequence[str],
    *,
    metric: str = "accuracy",
    positive: str | None = None,
    seed: int = 0,
    repeats: int = 5,
    max_rows: int = 2000,
    progress: Callable[[int], None] | None = None,
) -> tuple[Importance, ...]:
    """Return how much the score falls when the values of one column are shuffled.

    L. Breiman, "Random Forests", Machine Learning 45, 2001, section 10, as in scikit-learn's
    ``permutation_importance``. Of two columns that say the same, neither falls by much.

    Args:
        predict: from one array of shape (N, 1) per column to labels and probabilities.
        arrays: the rows to predict.
        labels: their true classes.
        classes: that the model knows, sorted.
        metric: whose fall counts; a loss counts when it rises.
        positive: the class that errors are counted against, for metrics that need it.
        seed: of the shuffling; each column has a generator of its own.
        repeats: how often each column is shuffled; `std` is over these (population).
        max_rows: of more rows as many are drawn; of very wide tables fewer.
        progress: called with 1 after each column.

    Returns:
        The greatest first; nothing where the metric is not defined on the rows.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    rows, repeats = _bounds(len(labels), len(arrays), repeats, max_rows)
    truth = np.asarray(labels, dtype=object)
    if rows < len(truth):
        drawn = np.random.Generator(np.random.PCG64(seed)).choice(
            len(truth), size=rows, replace=False
        )
        chosen = np.sort(drawn)
        truth = truth[chosen]
        arrays = {name: array[chosen] for name, array in arrays.items()}

    def score(columns: "Mapping[str, NDArray[Any]]") -> float | None:
        answers = predict(columns)
        found = METRICS[metric]
        value = found(truth, answers.labels, answers.probabilities, classes, positive)
        return None if value is None else found.oriented(value)

    whole = score(arrays)
    if whole is None:
        return ()
    listed = []
    for number, (name, values) in enumerate(arrays.items()):
        generator = np.random.Generator(np.random.PCG64([seed, number]))
        falls = []
        for _ in range(repeats):
            shuffled = score({**arrays, name: generator.permutation(values)})
            falls.append(whole - (whole if shuffled is None else shuffled))
        listed.append(Importance(column=name, mean=float(np.mean(falls)), std=float(np.std(falls))))
        if progress is not None:
            progress(1)
    return tuple(sorted(listed, key=lambda each: (-each.mean, each.column)))


def _bounds(rows: int, columns: int, repeats: int, max_rows: int) -> tuple[int, int]:
    """Return how many rows to predict and how often, so that wide tables end in time."""
    rows = min(rows, max_rows)
    per_repeat = max(1, columns * columns * min(rows, _MIN_ROWS))
    repeats = max(1, min(repeats, _MAX_CELLS // per_repeat))
    affordable = _MAX_CELLS // max(1, repeats * columns * columns)
    return max(min(rows, affordable), min(rows, _MIN_ROWS)), repeats
