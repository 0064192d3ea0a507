"""Out-of-fold probabilities to one number per fold, greater being better."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.evaluation.metrics import METRICS
from deployer.evaluation.outcomes import Outcomes
from deployer.packaging.documents import Costs
from deployer.training.selection.metric import EXPECTED_COST
from deployer.training.selection.threshold import cheapest_threshold, cost_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FoldScores", "Question", "score_folds"]

# One fold has no spread, and is no comparison either.
_MIN_FOLDS = 2


@dataclass(frozen=True)
class Question:
    """The metric that decides, and what it takes.

    Attributes:
        metric: a name of METRICS, or ``expected_cost``.
        classes: in the order of the columns of probabilities.
        positive: the class that errors are counted against; two classes only.
        costs: of errors.

    """

    metric: str
    classes: Sequence[str]
    positive: str | None = None
    costs: Costs | None = None

    @property
    def title(self) -> str:
        """The metric in words."""
        return "expected cost" if self.metric == EXPECTED_COST else METRICS[self.metric].title

    @property
    def undefined(self) -> str:
        """Why a candidate has no score."""
        return f"{self.title} is not defined on these rows"

    @property
    def sign(self) -> int:
        """1 if greater is better, else -1: losses are compared by what they are below 0."""
        if self.metric == EXPECTED_COST:
            return -1
        return 1 if METRICS[self.metric].greater_is_better else -1


@dataclass(frozen=True)
class FoldScores:
    """The metric, times the question's sign.

    Attributes:
        folds: of each fold that defines it.
        mean: of `folds`; of all rows at once if fewer than two folds define it.
        std: of `folds` (n - 1); None if fewer than two folds define it.
        note: which folds do not.

    """

    folds: tuple[float, ...]
    mean: float
    std: float | None
    note: str = ""


def score_folds(
    question: Question,
    *,
    codes: "NDArray[Any]",
    probabilities: "NDArray[Any]",
    of_row: "NDArray[Any]",
    folds: int,
) -> FoldScores | None:
    """Return the metric fold by fold, as scikit-learn's own function gives it; None if nowhere.

    A fold that lacks a class may leave the metric undefined (an area under a ROC curve needs both
    sides of it). Which folds do depends on the labels alone, so it is the same for every
    candidate: the others' mean compares them fairly, and only if fewer than two are left are the
    out-of-fold probabilities of all rows scored at once. That comes second because it mixes the
    scales of several models.

    The cost that is expected of a fold is that of the threshold chosen on the other folds'
    out-of-fold probabilities: a threshold chosen where it is scored would flatter itself.

    Args:
        question: the metric.
        codes: the place of each row's class among the classes, int64 of shape (N,).
        probabilities: of models that did not see the row, of shape (N, classes).
        of_row: the fold that holds the row out, of shape (N,).
        folds: how many there are.

    """
    found = [_score(question, codes, probabilities, of_row == fold) for fold in range(folds)]
    defined = tuple(each for each in found if each is not None)
    missing = folds - len(defined)
    if len(defined) >= _MIN_FOLDS:
        mean = math.fsum(defined) / len(defined)
        squares = math.fsum((each - mean) ** 2 for each in defined)
        note = f"{question.title} is not defined in {missing} of {folds} folds, which lack a class"
        std = math.sqrt(squares / (len(defined) - 1))
        return FoldScores(defined, mean, std, note if missing else "")
    pooled = _score(question, codes, probabilities, of_row >= 0)
    if pooled is None:
        return None
    note = (
        f"{question.title} is not defined in {missing} of {folds} folds, which lack a class: "
        "it is computed on the out-of-fold predictions of all rows at once"
    )
    return FoldScores((), pooled, None, note)


def _score(
    question: Question,
    codes: "NDArray[Any]",
    probabilities: "NDArray[Any]",
    rows: "NDArray[Any]",
) -> float | None:
    import numpy as np  # noqa: PLC0415 - slow to import

    if not rows.any():
        return None
    classes = tuple(question.classes)
    positive = None if question.positive is None else classes.index(question.positive)
    if question.metric == EXPECTED_COST:
        value = _cost(question.costs, codes == positive, probabilities[:, positive or 0], rows)
    else:
        value = METRICS[question.metric].of(
            Outcomes(
                true=codes[rows],
                predicted=np.argmax(probabilities[rows], axis=1),
                # Rounding may put a probability a hair outside.
                probabilities=np.clip(probabilities[rows], 0, 1),
                classes=classes,
                positive=positive,
            )
        )
    return None if value is None else question.sign * value


def _cost(
    costs: Costs | None,
    is_positive: "NDArray[Any]",
    probabilities: "NDArray[Any]",
    rows: "NDArray[Any]",
) -> float | None:
    others = ~rows
    if costs is None or not others.any():
        return None
    threshold = cheapest_threshold(is_positive[others], probabilities[others], costs)
    return cost_of(is_positive[rows], probabilities[rows], costs, threshold)
