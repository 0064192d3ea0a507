"""What a bootstrap must count in each resample, so that every score can be had from the counts.

A score of resampled rows does not need the rows: scores of labels follow from the confusion
matrix, means from sums, and areas under curves from how often rows of one class are ranked above
rows of another. With the rows sorted once, one resample costs a few passes over N numbers.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from deployer.evaluation.outcomes import Outcomes
from deployer.evaluation.ranking import Rankings
from deployer.evaluation.scores import CALIBRATION_BINS, tenth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ALL_PARTS", "Part", "Statistics", "by_class", "collect", "resampled_rows"]

Part = Literal["confusion", "losses", "calibration", "ranking", "micro"]
ALL_PARTS: tuple[Part, ...] = ("confusion", "losses", "calibration", "ranking", "micro")


@dataclass(frozen=True)
class Statistics:
    """Counts of R resamples of N rows with K classes; what was not asked for is empty.

    Attributes:
        rows: N.
        confusion: int64 of shape (R, K, K): true class, predicted class.
        log_loss: sum over the rows, of shape (R,).
        brier: likewise the sum of squared distances, not halved.
        gaps: of shape (R, bins): per bin of confidence, right answers minus confidence.
        wins: of shape (R, K, K): for classes a, b the number of pairs of a row of a and a row of b
            in which the first has the greater probability of a; equal ones count half.
        precision: of shape (R, K): the average precision of each class, NaN without a row of it.
        micro: of shape (R,): the average precision of all classes in one list, NaN if not asked for.

    """

    rows: int
    confusion: "NDArray[np.int64]"
    log_loss: "NDArray[np.float64]"
    brier: "NDArray[np.float64]"
    gaps: "NDArray[np.float64]"
    wins: "NDArray[np.float64]"
    precision: "NDArray[np.float64]"
    micro: "NDArray[np.float64]"


def resampled_rows(rows: int, resamples: int, seed: int) -> "Iterator[NDArray[np.int64]]":
    """Yield R times the indices of N rows, drawn with replacement.

    The generator is NumPy's PCG64, seeded with `seed`; each resample is one call of ``integers``.
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    generator = np.random.Generator(np.random.PCG64(seed))
    for _ in range(resamples):
        yield generator.integers(0, rows, size=rows)


def by_class(outcomes: Outcomes) -> Outcomes:
    """Return the rows in the order in which they are resampled: by true class, else as given."""
    import numpy as np  # noqa: PLC0415 - slow to import

    order = np.argsort(outcomes.true, kind="stable")
    return replace(
        outcomes,
        true=outcomes.true[order],
        predicted=outcomes.predicted[order],
        probabilities=outcomes.probabilities[order],
    )


def collect(
    models: "tuple[Outcomes, ...]",
    *,
    resamples: int,
    seed: int,
    parts: Collection[Part] = ALL_PARTS,
) -> "tuple[Statistics, ...]":
    """Return the statistics of several models on the same resampled rows.

    Args:
        models: outcomes on the same N rows, in the same order; resampled is :func:`by_class`.
        resamples: how many, R.
        seed: of the generator.
        parts: what to count.

    Memory grows with N * K and with R * K * K, not with R * N.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    rows = len(models[0])
    counters = [_Counter(by_class(each), resamples, parts) for each in models]
    for index, drawn in enumerate(resampled_rows(rows, resamples, seed)):
        counts = np.bincount(drawn, minlength=rows).astype(np.float64)
        for counter in counters:
            counter.count(index, counts)
    return tuple(counter.statistics for counter in counters)


class _Counter:
    """Counts the resamples of one model, whose rows are in the order of their classes."""

    def __init__(self, outcomes: Outcomes, resamples: int, parts: Collection[Part]) -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        rows, size = outcomes.probabilities.shape
        self._parts = parts
        self._size = size
        self._cells = outcomes.true * size + outcomes.predicted
        if "losses" in parts:
            self._losses = _losses(outcomes)
        if "calibration" in parts:
            said = outcomes.probabilities[np.arange(rows), outcomes.predicted].astype(np.float64)
            self._bins = tenth(said)
            self._gaps = (outcomes.predicted == outcomes.true) - said
        if "ranking" in parts or "micro" in parts:
            self._rankings = Rankings(outcomes, micro="micro" in parts)
        self.statistics = Statistics(
            rows=rows,
            confusion=np.zeros((resamples, size, size), dtype=np.int64),
            log_loss=np.zeros(resamples),
            brier=np.zeros(resamples),
            gaps=np.zeros((resamples, CALIBRATION_BINS)),
            wins=np.zeros((resamples, size, size)),
            precision=np.full((resamples, size), np.nan),
            micro=np.full(resamples, np.nan),
        )

    def count(self, index: int, counts: "NDArray[np.float64]") -> None:
        """Count resample number `index`, in which row i is there `counts[i]` times."""
        import numpy as np  # noqa: PLC0415 - slow to import

        into = self.statistics
        cells = np.bincount(self._cells, weights=counts, minlength=self._size**2)
        into.confusion[index] = cells.reshape(self._size, self._size)
        if "losses" in self._parts:
            # Not a matrix product: its last bit could depend on the number of cores.
            into.log_loss[index] = (self._losses[0] * counts).sum()
            into.brier[index] = (self._losses[1] * counts).sum()
        if "calibration" in self._parts:
            into.gaps[index] = np.bincount(
                self._bins, weights=self._gaps * counts, minlength=CALIBRATION_BINS
            )
        if "ranking" in self._parts or "micro" in self._parts:
            into.micro[index] = self._rankings.count(
                counts, into.wins[index], into.precision[index]
            )


def _losses(outcomes: Outcomes) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return each row's log loss and squared distance; clipped as scikit-learn does."""
    import numpy as np  # noqa: PLC0415 - slow to import

    probabilities = outcomes.probabilities
    rows = np.arange(len(outcomes))
    eps = np.finfo(probabilities.dtype).eps
    given = np.clip(probabilities, eps, 1 - eps)[rows, outcomes.true].astype(np.float64)
    distance = probabilities.astype(np.float64)
    distance[rows, outcomes.true] -= 1
    return -np.log(given), (distance**2).sum(axis=1)
