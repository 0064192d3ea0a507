"""From the counts of each resample to every score of each resample.

The formulas are those of scikit-learn's user guide ("Metrics and scoring"), computed for all
resamples at once; NaN where a score is not defined.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from deployer.evaluation.statistics import Part, Statistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

__all__ = ["label_scores", "part_of", "recalls", "resampled_scores"]

_BINARY = 2


def part_of(metric: str) -> Part:
    """Return which part of the statistics the metric called `metric` is computed from."""
    if metric in {"log_loss", "brier"}:
        return "losses"
    if metric == "calibration_error":
        return "calibration"
    if metric == "average_precision_micro":
        return "micro"
    return "ranking" if metric.startswith(("roc_auc", "average_precision")) else "confusion"


def resampled_scores(
    statistics: Statistics, metric: str, *, positive: int | None = None
) -> "Values":
    """Return the score called `metric` in each of the R resamples, NaN where it is not defined.

    Args:
        statistics: with the part that :func:`part_of` names, and the confusion matrices.
        metric: a name of the registry.
        positive: index of the positive class.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    with np.errstate(divide="ignore", invalid="ignore"):
        if metric in _LABELS:
            return label_scores(statistics.confusion, metric)
        if metric in _POSITIVE:
            assert positive is not None  # noqa: S101 - these metrics need it
            return np.asarray(_POSITIVE[metric](statistics.confusion)[:, positive])
        if metric in _MEANS:
            return np.asarray(_MEANS[metric](statistics))
        return _ranking(statistics, metric, positive)


def label_scores(confusion: "NDArray[np.int64]", metric: str) -> "Values":
    """Return a score of labels for each of R confusion matrices, of shape (R, K, K)."""
    import numpy as np  # noqa: PLC0415 - slow to import

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(_LABELS[metric](confusion))


def recalls(confusion: "NDArray[np.int64]") -> "Values":
    """Return the recall of each class, of shape (R, K); NaN where the class has no row."""
    import numpy as np  # noqa: PLC0415 - slow to import

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(_hits(confusion) / confusion.sum(axis=2))


def _hits(confusion: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - slow to import

    return np.diagonal(confusion, axis1=1, axis2=2)


def _accuracy(confusion: Any) -> Any:
    return _hits(confusion).sum(axis=1) / confusion.sum(axis=(1, 2))


def _balanced(confusion: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - slow to import

    values = recalls(confusion)
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axis=1) / known.sum(axis=1)


def _precision(confusion: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - slow to import

    return np.nan_to_num(_hits(confusion) / confusion.sum(axis=1))


def _recall(confusion: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - slow to import

    return np.nan_to_num(_hits(confusion) / confusion.sum(axis=2))


def _f1(confusion: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - slow to import

    rows = confusion.sum(axis=2) + confusion.sum(axis=1)
    return np.nan_to_num(2 * _hits(confusion) / rows)


def _macro(score: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def average(confusion: Any) -> Any:
        # Every class with rows or answers counts; of the others nothing is known.
        known = (confusion.sum(axis=2) + confusion.sum(axis=1)) > 0
        return score(confusion).sum(axis=1) / known.sum(axis=1)

    return average


def _weighted(score: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def average(confusion: Any) -> Any:
        support = confusion.sum(axis=2)
        return (score(confusion) * support).sum(axis=1) / support.sum(axis=1)

    return average


def _matthews(confusion: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - slow to import

    true = confusion.sum(axis=2).astype(np.float64)
    predicted = confusion.sum(axis=1).astype(np.float64)
    rows = true.sum(axis=1)
    together = _hits(confusion).sum(axis=1) * rows - (true * predicted).sum(axis=1)
    spread = (rows**2 - (predicted**2).sum(axis=1)) * (rows**2 - (true**2).sum(axis=1))
    return np.where(spread > 0, together / np.sqrt(np.where(spread > 0, spread, 1)), 0.0)


_POSITIVE: Mapping[str, Callable[[Any], Any]] = {
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
}
_LABELS: Mapping[str, Callable[[Any], Any]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "matthews": _matthews,
    # Each row has one class and one answer: over all of them the three are the accuracy.
    **{f"{name}_micro": _accuracy for name in _POSITIVE},
    **{f"{name}_macro": _macro(score) for name, score in _POSITIVE.items()},
    **{f"{name}_weighted": _weighted(score) for name, score in _POSITIVE.items()},
}


def _brier(statistics: Statistics) -> Any:
    halved = _BINARY if statistics.wins.shape[1] == _BINARY else 1
    return statistics.brier / statistics.rows / halved


_MEANS: Mapping[str, Callable[[Statistics], Any]] = {
    "log_loss": lambda statistics: statistics.log_loss / statistics.rows,
    "brier": _brier,
    "calibration_error": lambda statistics: abs(statistics.gaps).sum(axis=1) / statistics.rows,
}


def _ranking(statistics: Statistics, metric: str, positive: int | None) -> "Values":
    import numpy as np  # noqa: PLC0415 - slow to import

    support = statistics.confusion.sum(axis=2)
    precision = statistics.precision
    index = 1 if positive is None else positive
    match metric:
        case "average_precision":
            return precision[:, index]
        case "average_precision_micro":
            return statistics.micro
        case "average_precision_macro":
            return np.asarray(precision.mean(axis=1))
        case "average_precision_weighted":
            return np.asarray((np.nan_to_num(precision) * support).sum(axis=1) / statistics.rows)
    if metric == "roc_auc" or support.shape[1] == _BINARY:
        return np.asarray(_against_rest(statistics, support)[:, index])
    if metric.startswith("roc_auc_ovo"):
        return np.asarray(_pairs(statistics, support, weighted=metric.endswith("weighted")))
    areas = _against_rest(statistics, support)
    if metric.endswith("macro"):
        return np.asarray(areas.mean(axis=1))
    values = (np.where(support > 0, areas, 0) * support).sum(axis=1) / statistics.rows
    return np.asarray(values)


def _against_rest(statistics: Statistics, support: Any) -> Any:
    classes = range(support.shape[1])
    wins = statistics.wins.copy()
    wins[:, classes, classes] = 0
    return wins.sum(axis=2) / (support * (statistics.rows - support))


def _pairs(statistics: Statistics, support: Any, *, weighted: bool) -> Any:
    import numpy as np  # noqa: PLC0415 - slow to import

    first, second = np.triu_indices(support.shape[1], k=1)
    rows = support[:, first] * support[:, second]
    wins = statistics.wins[:, first, second] + statistics.wins[:, second, first]
    known = rows > 0
    areas = np.where(known, wins / (2 * np.where(known, rows, 1)), 0)
    weights = known * (support[:, first] + support[:, second] if weighted else 1)
    return (areas * weights).sum(axis=1) / weights.sum(axis=1)
