"""All scores of some predictions at once, with their intervals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.evaluation.bootstrap import Interval, interval, intervals
from deployer.evaluation.metrics import metrics_for
from deployer.evaluation.outcomes import Outcomes, encode
from deployer.evaluation.resampled import recalls
from deployer.evaluation.scores import class_average_precision, class_roc_auc
from deployer.evaluation.statistics import collect
from deployer.packaging.documents import Baseline, ClassMetrics, Metrics, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["commonest", "confusion_of", "measure"]


def commonest(counts: Mapping[str, int], classes: Sequence[str]) -> str:
    """Return the class with the most rows; of equals, the first in order."""
    return max(classes, key=lambda label: counts.get(label, 0))


def measure(
    labels: "Sequence[str] | NDArray[Any]",
    predicted: "Sequence[str] | NDArray[Any]",
    probabilities: "NDArray[Any]",
    classes: Sequence[str],
    *,
    positive: str | None = None,
    baseline: str | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Metrics:
    """Return every score of N > 0 rows with K classes; each number is scikit-learn's own.

    Args:
        labels: the true classes.
        predicted: the answers.
        probabilities: of shape (N, K), in the order of `classes`.
        classes: that the model knows, sorted.
        positive: of a binary problem, the class that errors are counted against.
        baseline: the class that a constant answer would give: the commonest of those fitted on.
        confidence: of the intervals, between 0 and 1.
        resamples: of the bootstrap, see :mod:`deployer.evaluation.bootstrap`; 0 for no intervals.
        seed: of the bootstrap.

    A class without rows or answers scores 0, as with ``zero_division=0``.

    Raises:
        ValueError: no rows, a label that is no class, or lengths that do not fit.

    """
    outcomes = encode(labels, predicted, probabilities, classes, positive)
    if not len(outcomes):
        raise ValueError("there are no rows to measure on")
    found = metrics_for(len(classes), positive=positive is not None)
    ends: dict[str, Interval] = {metric.name: (None, None) for metric in found}
    recall_ends: list[Interval] = [(None, None)] * len(classes)
    if resamples:
        (statistics,) = collect((outcomes,), resamples=resamples, seed=seed)
        ends = intervals(statistics, confidence=confidence, positive=outcomes.positive)
        each_recall = recalls(statistics.confusion)
        recall_ends = [interval(each_recall[:, index], confidence) for index in range(len(classes))]
    return Metrics(
        rows=len(outcomes),
        confidence=confidence,
        resamples=resamples,
        scores={
            metric.name: Score(
                value=metric.of(outcomes), low=ends[metric.name][0], high=ends[metric.name][1]
            )
            for metric in found
        },
        baseline=None if baseline is None else _baseline(outcomes, baseline),
        classes=_class_metrics(outcomes, recall_ends),
        confusion=tuple(tuple(map(int, row)) for row in confusion_of(outcomes)),
    )


def confusion_of(outcomes: Outcomes) -> "NDArray[np.int64]":
    """Return the confusion matrix of shape (K, K): true class, predicted class."""
    import numpy as np  # noqa: PLC0415 - slow to import

    size = len(outcomes.classes)
    cells = np.bincount(outcomes.true * size + outcomes.predicted, minlength=size * size)
    return cells.reshape(size, size)


def _class_metrics(outcomes: Outcomes, recall_ends: Sequence[Interval]) -> tuple[ClassMetrics, ...]:
    from sklearn.metrics import precision_recall_fscore_support  # noqa: PLC0415 - slow to import

    per_class = precision_recall_fscore_support(
        outcomes.true,
        outcomes.predicted,
        labels=list(range(len(outcomes.classes))),
        zero_division=0,
    )
    return tuple(
        ClassMetrics(
            label=label,
            support=int(support),
            precision=float(precision),
            recall=float(recall),
            f1=float(f1),
            recall_low=recall_ends[index][0],
            recall_high=recall_ends[index][1],
            roc_auc=class_roc_auc(outcomes, index),
            average_precision=class_average_precision(outcomes, index),
        )
        for index, (label, precision, recall, f1, support) in enumerate(
            zip(outcomes.classes, *per_class, strict=True)
        )
    )


def _baseline(outcomes: Outcomes, label: str) -> Baseline:
    import numpy as np  # noqa: PLC0415 - slow to import
    from sklearn.metrics import accuracy_score, f1_score  # noqa: PLC0415 - slow to import

    constant = np.full(len(outcomes), outcomes.classes.index(label))
    return Baseline(
        label=label,
        accuracy=float(accuracy_score(outcomes.true, constant)),
        macro_f1=float(f1_score(outcomes.true, constant, average="macro", zero_division=0)),
    )
