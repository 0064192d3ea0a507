"""The registry of metrics: every name that a score, a search or a rule of the gate can have.

Names follow scikit-learn's: ``f1_macro``, ``roc_auc_ovr_weighted``. Each metric knows what it means
in one sentence, which way is better, and how it is computed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from deployer.errors import UsageError
from deployer.evaluation import scores
from deployer.evaluation.outcomes import Outcomes, encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["METRICS", "Metric", "comparison_title", "find_metric", "metrics_for"]

_BINARY = 2
_GISTS = {
    "precision": "few false alarms",
    "recall": "few misses",
    "f1": "few false alarms and few misses",
}
_AVERAGES = {"macro": "classes alike", "micro": "over all rows", "weighted": "by rows"}
_RIVALS = {"ovr": "the rest", "ovo": "each other"}


@dataclass(frozen=True)
class Metric:
    """One way to say how good a model is.

    Attributes:
        name: as in documents, options and rules, such as ``f1_macro``.
        title: for people, such as ``macro F1``.
        meaning: one sentence for somebody who has never met it.
        greater_is_better: False for losses and errors.
        needs_positive: whether it is about the positive class of a binary problem.
        needs: whether the answered labels or the probabilities decide.
        of: the computation, on outcomes.
        gist: the meaning in a few words, where a sentence has no room.

    """

    name: str
    title: str
    meaning: str
    greater_is_better: bool
    needs_positive: bool
    needs: Literal["labels", "probabilities"]
    of: Callable[[Outcomes], float | None]
    gist: str

    def __call__(
        self,
        labels: "Sequence[str] | NDArray[Any]",
        predicted: "Sequence[str] | NDArray[Any]",
        probabilities: "NDArray[Any]",
        classes: Sequence[str],
        positive: str | None = None,
    ) -> float | None:
        """Return the score of N rows over K classes: scikit-learn's own number.

        Args:
            labels: the true classes.
            predicted: the answers.
            probabilities: of shape (N, K), in the order of `classes`.
            classes: that the model knows, sorted.
            positive: of a binary problem, the class that errors are counted against.

        Returns:
            None where the score is not defined, such as an area under a curve of one class only.

        Raises:
            ValueError: a label that is no class, or lengths that do not fit.

        """
        return self.of(encode(labels, predicted, probabilities, classes, positive))

    def oriented(self, value: float) -> float:
        """Return `value` so that greater is better: losses and errors with their sign changed."""
        return value if self.greater_is_better else -value


def _label_metrics() -> list[Metric]:
    said = {
        "precision": "of the rows given to a class, the share that really belongs to it",
        "recall": "of the rows of a class, the share that is found",
        "f1": "the balance of precision (few false alarms) and recall (few misses)",
    }
    averaged = {
        "macro": "averaged over the classes, each counting alike however rare it is",
        "micro": "over all rows at once; with one class per row this is the accuracy",
        "weighted": "averaged over the classes, each counting by how many rows it has",
    }
    return [
        Metric(
            f"{kind}_{average}",
            f"{average} {kind if kind != 'f1' else 'F1'}",
            f"{meaning[0].upper()}{meaning[1:]}, {how}.",
            greater_is_better=True,
            needs_positive=False,
            needs="labels",
            of=partial(scores.label_score, kind=kind, average=average),  # type: ignore[arg-type] # the keys are those literals
            gist=f"{_GISTS[kind]}, {_AVERAGES[average]}",
        )
        for kind, meaning in said.items()
        for average, how in averaged.items()
    ]


def _positive_metrics() -> list[Metric]:
    said = {
        "precision": "Of the rows given to the positive class, the share that really belongs to it",
        "recall": "Of the rows of the positive class, the share that is found",
        "f1": "The balance of precision and recall of the positive class: high only if both are",
    }
    return [
        Metric(
            kind,
            kind if kind != "f1" else "F1",
            f"{meaning}.",
            greater_is_better=True,
            needs_positive=True,
            needs="labels",
            of=partial(scores.positive_score, kind=kind),  # type: ignore[arg-type] # as above
            gist=_GISTS[kind],
        )
        for kind, meaning in said.items()
    ]


def _ranking_metrics() -> list[Metric]:
    what = {
        "ovr": "of a class gets a higher probability of that class than a row of any other class",
        "ovo": "of one class gets a higher probability of it than a row of a second class, over "
        "all pairs of classes",
    }
    weigh = {"macro": "counting alike", "weighted": "counting by their rows"}
    curves = [
        Metric(
            f"roc_auc_{way}_{average}",
            f"ROC-AUC, {'one class against the rest' if way == 'ovr' else 'pairs of classes'}, "
            f"{average}",
            f"How often a row {meaning} ({'classes' if way == 'ovr' else 'pairs'} {how}); "
            "0.5 is guessing, 1 perfect.",
            greater_is_better=True,
            needs_positive=False,
            needs="probabilities",
            of=partial(scores.roc_auc, multi_class=way, average=average),  # type: ignore[arg-type] # as above
            gist=f"ranks a class above {_RIVALS[way]}; 0.5 is guessing",
        )
        for way, meaning in what.items()
        for average, how in weigh.items()
    ]
    averaged = {
        "macro": "averaged over the classes, each counting alike however rare it is",
        "micro": "with all probabilities of all classes in one list",
        "weighted": "averaged over the classes, each counting by how many rows it has",
    }
    precisions = [
        Metric(
            f"average_precision_{average}",
            f"average precision, {average}",
            "The area under the precision-recall curve: how pure the top of the list is when rows "
            f"are sorted by the probability of a class, {how}.",
            greater_is_better=True,
            needs_positive=False,
            needs="probabilities",
            of=partial(scores.average_precision, average=average),  # type: ignore[arg-type] # as above
            gist=f"how pure the top of the ranking is, {_AVERAGES[average]}",
        )
        for average, how in averaged.items()
    ]
    return curves + precisions


_ALL = [
    Metric(
        "accuracy",
        "accuracy",
        "The share of rows with the right answer; misleading when one class is much commoner.",
        greater_is_better=True,
        needs_positive=False,
        needs="labels",
        of=scores.accuracy,
        gist="share of right answers",
    ),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        "The share of right answers within each class, averaged: a rare class counts as much as a "
        "common one.",
        greater_is_better=True,
        needs_positive=False,
        needs="labels",
        of=scores.balanced_accuracy,
        gist="right answers per class, averaged",
    ),
    *_label_metrics(),
    Metric(
        "matthews",
        "Matthews correlation",
        "How answers and truth go together, from -1 over 0 (no better than chance) to 1 (perfect); "
        "hard to fool with rare classes.",
        greater_is_better=True,
        needs_positive=False,
        needs="labels",
        of=scores.matthews,
        gist="agreement beyond chance, -1 to 1",
    ),
    *_ranking_metrics(),
    Metric(
        "log_loss",
        "log loss",
        "How surprised the model is by the truth: 0 is perfect, and being sure and wrong costs "
        "most; lower is better.",
        greater_is_better=False,
        needs_positive=False,
        needs="probabilities",
        of=scores.log_loss,
        gist="surprise at the truth; lower is better",
    ),
    Metric(
        "brier",
        "Brier score",
        "The mean squared distance of the probabilities from the truth: 0 is perfect; lower is "
        "better.",
        greater_is_better=False,
        needs_positive=False,
        needs="probabilities",
        of=scores.brier,
        gist="distance from the truth; lower is better",
    ),
    Metric(
        "calibration_error",
        "expected calibration error",
        "How far the stated probabilities are from what happens: at 0, of the answers given with "
        "80% exactly 80% are right; lower is better.",
        greater_is_better=False,
        needs_positive=False,
        needs="probabilities",
        of=scores.calibration_error,
        gist="stated against real certainty; lower is better",
    ),
    *_positive_metrics(),
    Metric(
        "roc_auc",
        "ROC-AUC",
        "How often a row of the positive class gets a higher probability of it than a row of the "
        "other class; 0.5 is guessing, 1 perfect.",
        greater_is_better=True,
        needs_positive=True,
        needs="probabilities",
        of=scores.positive_roc_auc,
        gist="ranks positive above the other; 0.5 is guessing",
    ),
    Metric(
        "average_precision",
        "average precision",
        "The area under the precision-recall curve of the positive class: how pure the top of the "
        "list is when rows are sorted by its probability.",
        greater_is_better=True,
        needs_positive=True,
        needs="probabilities",
        of=scores.positive_average_precision,
        gist="how pure the top of the ranking is",
    ),
]

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}


def metrics_for(classes: int, *, positive: bool) -> list[Metric]:
    """Return the metrics of a problem with `classes` classes, in the order of the registry.

    Args:
        classes: how many.
        positive: whether one of two is the positive class.

    """
    return [each for each in _ALL if not each.needs_positive or (positive and classes == _BINARY)]


def comparison_title(name: str) -> str:
    """Return what the numbers are called by which candidates were compared.

    Greater is better in a comparison, so losses and costs stand there with their sign changed.

    Args:
        name: as in :data:`METRICS`, or a cost that is not among them.

    """
    metric = METRICS.get(name)
    title = name.replace("_", " ") if metric is None else metric.title
    return title if metric is not None and metric.greater_is_better else f"{title}, negated"


def find_metric(name: str, *, classes: int | None = None) -> Metric:
    """Return the metric called `name`.

    Args:
        name: as in :data:`METRICS`.
        classes: how many the problem has, to refuse what is about two only; None to accept all.

    Raises:
        UsageError: there is no such metric, or it is about two classes and there are more.

    """
    metric = METRICS.get(name)
    if metric is None:
        close = get_close_matches(name.lower(), METRICS, n=1, cutoff=0.5)
        advice = f"did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"there is no metric {name!r}", hint=f"{advice}metrics are {', '.join(METRICS)}"
        )
    if metric.needs_positive and classes is not None and classes != _BINARY:
        macro = f"{name}_macro" if f"{name}_macro" in METRICS else "roc_auc_ovr_macro"
        raise UsageError(
            f"the metric {name} is about one of two classes, and there are {classes}",
            hint=f"use {macro}",
        )
    return metric
