"""The probability from which a binary model answers with the positive class."""

from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.packaging.documents import Costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cheapest_threshold", "choose_threshold", "cost_of"]


def choose_threshold(
    labels: "NDArray[Any]",
    probabilities: "NDArray[Any]",
    positive: str,
    costs: Costs,
) -> float:
    """Return the threshold whose errors on these rows cost least, over all there are, exactly.

    A row is answered with `positive` if its probability is at least the threshold. Thresholds
    between two neighbouring probabilities answer alike, so N rows leave at most N + 1 to compare;
    one sort and cumulative sums count the errors of all.

    If the probabilities were calibrated, `fp / (fp + fn)` would cost least (C. Elkan, "The
    foundations of cost-sensitive learning", IJCAI 2001, equation 2). Of equally cheap thresholds
    the one nearest to it is taken: itself if it is among them, else the middle between the two
    neighbouring probabilities, where rounding cannot turn an answer. 0 means always, 1 (if no
    probability reaches it) means never.

    Args:
        labels: the class of each row, text of shape (N,).
        probabilities: of `positive`, float64 of shape (N,), of models that did not see the row.
        positive: the class that errors are counted against.
        costs: of one error each, not negative.

    Raises:
        UsageError: there are no rows.

    """
    if not len(labels):
        raise UsageError("a threshold needs rows to choose it on", hint="add rows to the table")
    return cheapest_threshold(labels == positive, probabilities, costs)


def cheapest_threshold(
    is_positive: "NDArray[Any]", probabilities: "NDArray[Any]", costs: Costs
) -> float:
    """Return what :func:`choose_threshold` does, from one bool per row; at least one row."""
    import numpy as np  # noqa: PLC0415 - slow to import

    theory = _theory(costs)
    low, high, cost = _intervals(is_positive, probabilities, costs)
    # Sums of costs such as 0.1 differ in the last bit; those are ties all the same.
    cheapest = np.flatnonzero(cost <= cost.min() * (1 + 1e-12))
    low, high = low[cheapest], high[cheapest]
    if ((low < theory) & (theory <= high)).any():
        return theory
    middle = low + (high - low) / 2
    # Neighbouring floats have no middle, and the lower end of an interval is outside it.
    middle = np.where(middle > low, middle, high)
    middle = np.where(low < 0, 0.0, middle)
    middle = np.where(low == np.max(probabilities), high, middle)
    return float(middle[np.argmin(np.abs(middle - theory))])


def cost_of(
    is_positive: "NDArray[Any]", probabilities: "NDArray[Any]", costs: Costs, threshold: float
) -> float:
    """Return what the errors cost per row if the positive class needs at least `threshold`."""
    import numpy as np  # noqa: PLC0415 - slow to import

    answered = probabilities >= threshold
    false = int(np.sum(answered & ~is_positive))
    missed = int(np.sum(~answered & is_positive))
    return (false * costs.false_positive + missed * costs.false_negative) / len(is_positive)


def _theory(costs: Costs) -> float:
    total = costs.false_positive + costs.false_negative
    return costs.false_positive / total if total > 0 else 0.5


def _intervals(
    is_positive: "NDArray[Any]", probabilities: "NDArray[Any]", costs: Costs
) -> "tuple[NDArray[Any], NDArray[Any], NDArray[Any]]":
    """Return the ends (low, high] of all intervals whose thresholds answer alike, and the costs.

    The first begins below 0, so that 0 is in it. The last, if it is not empty, is "never".
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    values, place = np.unique(probabilities, return_inverse=True)
    positives = np.bincount(place, weights=is_positive, minlength=len(values))
    negatives = np.bincount(place, weights=~is_positive, minlength=len(values))
    # Below the i-th value no positive is found, and no negative is called one.
    missed = np.concatenate([[0.0], np.cumsum(positives)])
    false = negatives.sum() - np.concatenate([[0.0], np.cumsum(negatives)])
    cost = false * costs.false_positive + missed * costs.false_negative
    low = np.concatenate([[-1.0], values])
    high = np.concatenate([values, [1.0]])
    real = high > low
    return low[real], high[real], cost[real]
