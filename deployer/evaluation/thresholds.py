"""What a binary model scores at other thresholds than its own."""

from typing import TYPE_CHECKING

from deployer.evaluation.outcomes import Outcomes
from deployer.packaging.documents import Costs, Threshold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["cheapest_threshold", "threshold_table"]

_GRID = (0.01, 0.02, *(step / 20 for step in range(1, 20)), 0.98, 0.99)


def threshold_table(
    outcomes: Outcomes, *, own: float | None = None, costs: Costs | None = None
) -> tuple[Threshold, ...]:
    """Return the errors at twenty-odd thresholds, ascending.

    They are 0.01, 0.02, every 0.05 up to 0.95, 0.98, 0.99, the model's own, and with costs the
    one that is cheapest on these rows. The table is for looking: a threshold that is chosen on the
    rows that measure it looks better than it is.

    Args:
        outcomes: with a positive class.
        own: the model's threshold.
        costs: of the two errors.

    """
    wanted = {*_GRID} | ({own} if own is not None else set())
    if costs is not None:
        wanted.add(cheapest_threshold(outcomes, costs))
    counted = _Counted(outcomes)
    return tuple(_row(counted, each, costs) for each in sorted(wanted))


def cheapest_threshold(outcomes: Outcomes, costs: Costs) -> float:
    """Return the probability from which `positive` costs least on these rows; of equals the lowest.

    1 where it is cheapest to say `positive` to no row at all but those that are certain.
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    counted = _Counted(outcomes)
    candidates = np.unique(np.append(counted.said, 1))
    answered, found = counted.at(candidates)
    cost = costs.false_positive * (answered - found)
    cost = cost + costs.false_negative * (counted.positives - found)
    return float(candidates[np.argmin(cost)])


class _Counted:
    """Rows by their probability of the positive class."""

    def __init__(self, outcomes: Outcomes) -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        assert outcomes.positive is not None  # noqa: S101 - binary problems only
        true = outcomes.true == outcomes.positive
        said = outcomes.probabilities[:, outcomes.positive]
        self.said = np.sort(said)
        self._hits = np.sort(said[true])
        self.rows = len(said)
        self.positives = len(self._hits)

    def at(
        self, thresholds: "NDArray[np.floating]"
    ) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """Return per threshold the rows with at least that probability, and how many are right."""
        import numpy as np  # noqa: PLC0415 - slow to import

        # As a model compares: in the precision of its probabilities.
        least = thresholds.astype(self.said.dtype)
        answered = self.rows - np.searchsorted(self.said, least)
        found = self.positives - np.searchsorted(self._hits, least)
        return answered, found


def _row(counted: _Counted, threshold: float, costs: Costs | None) -> Threshold:
    import numpy as np  # noqa: PLC0415 - slow to import

    answered, found = (int(each[0]) for each in counted.at(np.asarray([threshold])))
    false_positive, missed = answered - found, counted.positives - found
    cost = None
    if costs is not None:
        total = false_positive * costs.false_positive + missed * costs.false_negative
        cost = total / counted.rows
    return Threshold(
        threshold=threshold,
        true_positive=found,
        false_positive=false_positive,
        false_negative=missed,
        true_negative=counted.rows - answered - missed,
        precision=found / answered if answered else 0.0,
        recall=found / counted.positives if counted.positives else 0.0,
        f1=2 * found / (answered + counted.positives) if answered + counted.positives else 0.0,
        cost=cost,
    )
