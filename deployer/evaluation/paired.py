"""Whether one model is better than another on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from deployer.evaluation.bootstrap import interval
from deployer.evaluation.metrics import METRICS
from deployer.evaluation.outcomes import encode
from deployer.evaluation.resampled import part_of, resampled_scores
from deployer.evaluation.statistics import collect

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Answers", "PairedDifference", "paired_difference"]


class Answers(Protocol):
    """What a model answered to N rows, such as a :class:`~deployer.packaging.runtime.Prediction`.

    Attributes:
        labels: str of shape (N,).
        probabilities: of shape (N, K).

    """

    @property
    def labels(self) -> "NDArray[Any]": ...  # noqa: D102 - above
    @property
    def probabilities(self) -> "NDArray[Any]": ...  # noqa: D102 - above


@dataclass(frozen=True)
class PairedDifference:
    """How much better the new model is than the old one; above 0 is better, for losses too.

    Attributes:
        metric: its name.
        old: the old model's score, None where it is not defined.
        new: the new model's.
        value: new - old, or old - new where lower is better; None where one is not defined.
        low: lower end of the interval of `value`, None where there is none.
        high: its upper end.
        p_worse: share of the resamples in which the new model is worse, None where none count.
        resamples: in which both scores are defined; all these numbers come from them.

    """

    metric: str
    old: float | None
    new: float | None
    value: float | None
    low: float | None
    high: float | None
    p_worse: float | None
    resamples: int


def paired_difference(
    labels: "Sequence[str] | NDArray[Any]",
    old: Answers,
    new: Answers,
    classes: Sequence[str],
    *,
    metric: str,
    positive: str | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> PairedDifference:
    """Return how much better `new` is than `old` on N rows, by a paired bootstrap.

    Each resample draws N rows with replacement and scores both models on these very rows, so what
    makes rows hard for both does not blur the difference. B. Efron, R. J. Tibshirani, "An
    Introduction to the Bootstrap", 1993, section 13.3, applied to the difference. Two models with
    the same answers differ by exactly 0 in every resample.

    Args:
        labels: the true class of each row.
        old: answers of the model in use; its probabilities are in the order of `classes`.
        new: answers of the candidate, likewise.
        classes: that both know, sorted.
        metric: a name of the registry.
        positive: the class that errors are counted against, for metrics that need it.
        confidence: of the interval.
        resamples: how many.
        seed: of the generator.

    Raises:
        ValueError: a label or an answer that is no class, lengths that do not fit, or a metric
            that needs a positive class without one.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    found = METRICS[metric]
    if found.needs_positive and positive is None:
        raise ValueError(f"{metric} needs a positive class")
    before = encode(labels, old.labels, old.probabilities, classes, positive)
    after = encode(labels, new.labels, new.probabilities, classes, positive)
    scores = found.of(before), found.of(after)
    if scores[0] is None or scores[1] is None:
        return PairedDifference(metric, *scores, None, None, None, None, 0)
    drawn = collect((before, after), resamples=resamples, seed=seed, parts={part_of(metric)})
    values = [resampled_scores(each, metric, positive=before.positive) for each in drawn]
    differences = found.oriented(1.0) * (values[1] - values[0])
    known = differences[~np.isnan(differences)]
    low, high = interval(differences, confidence)
    return PairedDifference(
        metric=metric,
        old=scores[0],
        new=scores[1],
        value=found.oriented(1.0) * (scores[1] - scores[0]),
        low=low,
        high=high,
        p_worse=float(np.mean(known < 0)) if len(known) else None,
        resamples=len(known),
    )
