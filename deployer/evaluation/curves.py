"""Curves for drawing: ROC, precision-recall and calibration, one class against the rest."""

from typing import TYPE_CHECKING, Any

from deployer.evaluation.outcomes import Outcomes
from deployer.evaluation.scores import CALIBRATION_BINS, tenth
from deployer.packaging.documents import CalibrationBin, ClassCurves, Curve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_POINTS", "class_curves", "confidence_bins", "thin"]

MAX_POINTS = 200


def class_curves(outcomes: Outcomes) -> tuple[ClassCurves, ...]:
    """Return the curves of every class.

    ROC has the false positive rate as x and the true positive rate (recall) as y; the other has
    recall as x and precision as y. Both ascend in x. The points are scikit-learn's, thinned by
    :func:`thin`.
    """
    return tuple(_curves(outcomes, index) for index in range(len(outcomes.classes)))


def _curves(outcomes: Outcomes, index: int) -> ClassCurves:
    from sklearn.metrics import precision_recall_curve, roc_curve  # noqa: PLC0415 - slow to import

    true, said = outcomes.true == index, outcomes.probabilities[:, index]
    roc = precision_recall = None
    if true.any() and not true.all():
        false_positives, true_positives, _ = roc_curve(true, said)
        roc = _curve(false_positives, true_positives)
        precision, recall, _ = precision_recall_curve(true, said, drop_intermediate=True)
        precision_recall = _curve(recall[::-1], precision[::-1])
    return ClassCurves(
        label=outcomes.classes[index],
        roc=roc,
        precision_recall=precision_recall,
        calibration=_bins(said, true),
    )


def confidence_bins(outcomes: Outcomes) -> tuple[CalibrationBin, ...]:
    """Return the calibration of the answers: the probability they came with, and how often right.

    From these bins the expected calibration error can be computed again.
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    said = outcomes.probabilities[np.arange(len(outcomes)), outcomes.predicted]
    return _bins(said, outcomes.predicted == outcomes.true)


def _bins(said: "NDArray[Any]", came: "NDArray[np.bool_]") -> tuple[CalibrationBin, ...]:
    """Return the ten equal bins of scikit-learn's ``calibration_curve``, empty ones left out."""
    import numpy as np  # noqa: PLC0415 - slow to import

    bins = tenth(said)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    predicted = np.bincount(bins, weights=said, minlength=CALIBRATION_BINS)
    observed = np.bincount(bins, weights=came, minlength=CALIBRATION_BINS)
    return tuple(
        CalibrationBin(
            # The mean of ones may round to a hair above 1.
            predicted=min(1.0, float(predicted[index] / rows[index])),
            observed=float(observed[index] / rows[index]),
            rows=int(rows[index]),
        )
        for index in np.flatnonzero(rows)
    )


def _curve(x: "NDArray[Any]", y: "NDArray[Any]") -> Curve:
    kept = thin(x, y, MAX_POINTS)
    return Curve(x=tuple(map(float, x[kept])), y=tuple(map(float, y[kept])))


def thin(x: "NDArray[Any]", y: "NDArray[Any]", points: int) -> "NDArray[np.int64]":
    """Return the ascending indices of at most `points` points that keep the shape of a curve.

    The ends are kept; then, as long as there is room, the point farthest from the line through
    its kept neighbours is added. D. H. Douglas, T. K. Peucker, "Algorithms for the reduction of
    the number of points required to represent a digitized line or its caricature", 1973, with a
    number of points instead of a distance as the bound.

    Args:
        x: of shape (M,).
        y: of shape (M,).
        points: at least 2.

    """
    import heapq  # noqa: PLC0415 - small and rarely needed

    import numpy as np  # noqa: PLC0415 - slow to import

    if len(x) <= points:
        return np.arange(len(x))
    kept = [0, len(x) - 1]
    gaps: list[tuple[float, int, int, int]] = []

    def add(start: int, stop: int) -> None:
        if stop - start > 1:
            offset, distance = _farthest(x[start : stop + 1], y[start : stop + 1])
            heapq.heappush(gaps, (-distance, start, start + offset, stop))

    add(0, len(x) - 1)
    while gaps and len(kept) < points:
        distance, start, middle, stop = heapq.heappop(gaps)
        if not distance:
            break
        kept.append(middle)
        add(start, middle)
        add(middle, stop)
    return np.sort(np.asarray(kept))


def _farthest(x: "NDArray[Any]", y: "NDArray[Any]") -> tuple[int, float]:
    """Return the index and distance of the point farthest from the line between the ends."""
    import numpy as np  # noqa: PLC0415 - slow to import

    along, up = float(x[-1] - x[0]), float(y[-1] - y[0])
    length = float(np.hypot(along, up))
    across = (x - x[0]) * up - (y - y[0]) * along
    distances = np.abs(across) / length if length else np.hypot(x - x[0], y - y[0])
    index = int(np.argmax(distances[1:-1])) + 1
    return index, float(distances[index])
