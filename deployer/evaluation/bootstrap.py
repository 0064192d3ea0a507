"""How sure a score is: its value on many resamples of the rows.

The percentile bootstrap: N rows are drawn with replacement from the N rows, the score is computed
on them, and so on R times; the interval runs between the quantiles (1 - c) / 2 and (1 + c) / 2 of
the R scores. B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
It says how much the score would vary with other rows of the same kind, not how much with another
training.
"""

from typing import TYPE_CHECKING

from deployer.evaluation.metrics import METRICS
from deployer.evaluation.resampled import resampled_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from deployer.evaluation.statistics import Statistics

__all__ = ["Interval", "cells_resampled", "interval", "intervals"]

Interval = tuple[float | None, float | None]


def interval(values: "NDArray[np.float64]", confidence: float) -> Interval:
    """Return the percentile interval of R resampled scores.

    Args:
        values: of shape (R,); NaN where the score is not defined, such as without a row of a class.
        confidence: such as 0.95.

    Returns:
        (None, None) if the score is defined in fewer than half of the resamples; otherwise those
        in which it is not are left out.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    known = values[~np.isnan(values)]
    if not len(known) or 2 * len(known) < len(values):
        return None, None
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def intervals(
    statistics: "Statistics", *, confidence: float, positive: int | None
) -> dict[str, Interval]:
    """Return the interval of every metric: those of the positive class only if there is one."""
    return {
        name: interval(resampled_scores(statistics, name, positive=positive), confidence)
        for name, metric in METRICS.items()
        if positive is not None or not metric.needs_positive
    }


def cells_resampled(
    confusion: "NDArray[np.int64]", *, resamples: int, generator: "np.random.Generator"
) -> "NDArray[np.int64]":
    """Return the confusion matrices of R resamples, of shape (R, K, K), without drawing rows.

    Drawing rows with replacement is drawing cells of their confusion matrix with these shares: a
    multinomial distribution.
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    cells = confusion.ravel()
    filled = cells.nonzero()[0]
    drawn = generator.multinomial(cells.sum(), cells[filled] / cells.sum(), size=resamples)
    matrices = np.zeros((resamples, len(cells)), dtype=np.int64)
    matrices[:, filled] = drawn
    return matrices.reshape(resamples, *confusion.shape)
