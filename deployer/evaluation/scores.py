"""The numbers behind the metrics: each is scikit-learn's own function, called on class indices.

Indices instead of names, because scikit-learn is much quicker with them; the order of the indices
is the order of the classes, so the numbers are the same to the last bit. None stands where
scikit-learn returns NaN or warns that the number means nothing.
"""

import math
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from deployer.evaluation.outcomes import Outcomes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CALIBRATION_BINS",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier",
    "calibration_error",
    "class_average_precision",
    "class_roc_auc",
    "label_score",
    "log_loss",
    "matthews",
    "one_hot",
    "positive_average_precision",
    "positive_roc_auc",
    "positive_score",
    "roc_auc",
    "tenth",
]

CALIBRATION_BINS = 10

Average = Literal["macro", "micro", "weighted"]
LabelScore = Literal["precision", "recall", "f1"]


def one_hot(outcomes: Outcomes) -> "NDArray[np.int64]":
    """Return 1 where the column is the row's class, else 0; of shape (N, K)."""
    import numpy as np  # noqa: PLC0415 - slow to import

    hot = np.zeros(outcomes.probabilities.shape, dtype=np.int64)
    hot[np.arange(len(outcomes)), outcomes.true] = 1
    return hot


def _quietly(score: Callable[[], Any]) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = float(score())
    return value if math.isfinite(value) else None


def accuracy(outcomes: Outcomes) -> float | None:
    """Return the share of rows with the right answer."""
    from sklearn.metrics import accuracy_score  # noqa: PLC0415 - slow to import

    if not len(outcomes):
        return None
    return float(accuracy_score(outcomes.true, outcomes.predicted))


def balanced_accuracy(outcomes: Outcomes) -> float | None:
    """Return the mean recall of the classes that have rows."""
    from sklearn.metrics import balanced_accuracy_score  # noqa: PLC0415 - slow to import

    if not len(outcomes):
        return None
    return _quietly(lambda: balanced_accuracy_score(outcomes.true, outcomes.predicted))


def label_score(outcomes: Outcomes, kind: LabelScore, average: Average) -> float | None:
    """Return precision, recall or F1, averaged over the classes that have rows or answers.

    These are scikit-learn's defaults, with ``zero_division=0``.
    """
    from sklearn import metrics  # noqa: PLC0415 - slow to import

    if not len(outcomes):
        return None
    function = getattr(metrics, f"{kind}_score")
    return float(function(outcomes.true, outcomes.predicted, average=average, zero_division=0))


def positive_score(outcomes: Outcomes, kind: LabelScore) -> float | None:
    """Return precision, recall or F1 of the positive class; None if there is no such class."""
    from sklearn import metrics  # noqa: PLC0415 - slow to import

    if outcomes.positive is None or not len(outcomes):
        return None
    function = getattr(metrics, f"{kind}_score")
    true, predicted = outcomes.true == outcomes.positive, outcomes.predicted == outcomes.positive
    return float(function(true, predicted, zero_division=0))


def matthews(outcomes: Outcomes) -> float | None:
    """Return the correlation of truth and answer; 0 where either is the same on all rows."""
    from sklearn.metrics import matthews_corrcoef  # noqa: PLC0415 - slow to import

    if not len(outcomes):
        return None
    return _quietly(lambda: matthews_corrcoef(outcomes.true, outcomes.predicted))


def log_loss(outcomes: Outcomes) -> float | None:
    """Return the mean of -ln of the probability that the true class was given."""
    from sklearn import metrics  # noqa: PLC0415 - slow to import

    if not len(outcomes):
        return None
    labels = range(len(outcomes.classes))
    return _quietly(
        lambda: metrics.log_loss(outcomes.true, outcomes.probabilities, labels=list(labels))
    )


def brier(outcomes: Outcomes) -> float | None:
    """Return the Brier score: over two classes halved, as scikit-learn does."""
    from sklearn.metrics import brier_score_loss  # noqa: PLC0415 - slow to import

    if not len(outcomes):
        return None
    labels = list(range(len(outcomes.classes)))
    return _quietly(lambda: brier_score_loss(outcomes.true, outcomes.probabilities, labels=labels))


def class_roc_auc(outcomes: Outcomes, index: int) -> float | None:
    """Return the area under the ROC curve of one class against the rest."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - slow to import

    true = outcomes.true == index
    if true.all() or not true.any():
        return None
    return min(1.0, float(roc_auc_score(true, outcomes.probabilities[:, index])))


def class_average_precision(outcomes: Outcomes, index: int) -> float | None:
    """Return the average precision of one class against the rest; None if it has no rows."""
    from sklearn.metrics import average_precision_score  # noqa: PLC0415 - slow to import

    true = outcomes.true == index
    if not true.any():
        return None
    # The sum of its steps may be a hair above 1, which no document would take.
    return min(1.0, float(average_precision_score(true, outcomes.probabilities[:, index])))


def positive_roc_auc(outcomes: Outcomes) -> float | None:
    """Return the area under the ROC curve of the positive class; None if there is no such class."""
    return None if outcomes.positive is None else class_roc_auc(outcomes, outcomes.positive)


def positive_average_precision(outcomes: Outcomes) -> float | None:
    """Return the average precision of the positive class; None if there is no such class."""
    if outcomes.positive is None:
        return None
    return class_average_precision(outcomes, outcomes.positive)


def roc_auc(
    outcomes: Outcomes, multi_class: Literal["ovr", "ovo"], average: Literal["macro", "weighted"]
) -> float | None:
    """Return the area under the ROC curve, averaged over classes or over pairs of classes.

    Two classes have one curve only: that of the second class, or of the positive one. With more,
    one-vs-rest with ``macro`` is None if a class has no rows; ``weighted`` gives it no weight, and
    one-vs-one leaves its pairs out.
    """
    import numpy as np  # noqa: PLC0415 - slow to import
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - slow to import

    count = len(outcomes.classes)
    if count == 2:  # noqa: PLR2004 - two classes
        return class_roc_auc(outcomes, 1 if outcomes.positive is None else outcomes.positive)
    present = len(np.unique(outcomes.true))
    if present < 2 or (present < count and (multi_class, average) == ("ovr", "macro")):  # noqa: PLR2004
        return None
    return _quietly(
        lambda: roc_auc_score(
            outcomes.true,
            outcomes.probabilities,
            multi_class=multi_class,
            average=average,
            labels=list(range(count)),
        )
    )


def average_precision(outcomes: Outcomes, average: Average) -> float | None:
    """Return the average precision over all classes, each against the rest.

    With ``macro`` it is None if a class has no rows, ``weighted`` gives it no weight, and ``micro``
    ranks all probabilities of all rows in one list.
    """
    import numpy as np  # noqa: PLC0415 - slow to import
    from sklearn.metrics import average_precision_score  # noqa: PLC0415 - slow to import

    present = len(np.unique(outcomes.true))
    if not present or (average == "macro" and present < len(outcomes.classes)):
        return None
    true = one_hot(outcomes)
    return _quietly(lambda: average_precision_score(true, outcomes.probabilities, average=average))


def tenth(probabilities: "NDArray[Any]") -> "NDArray[np.int64]":
    """Return the index of the bin of each probability: (0, 0.1], (0.1, 0.2] … (0.9, 1].

    These are the bins of scikit-learn's ``calibration_curve``; 0 belongs to the first.
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1]
    return np.asarray(np.searchsorted(edges, probabilities))


def calibration_error(outcomes: Outcomes) -> float | None:
    """Return the expected calibration error.

    The rows are put into ten equal bins by the probability of the class that was answered; it is
    the mean over the rows of |share of right answers - mean probability| of the row's bin. M. P.
    Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", AAAI 2015; for several classes as in C. Guo and others, "On Calibration of Modern
    Neural Networks", ICML 2017, equation 3. scikit-learn has no such function.
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    if not len(outcomes):
        return None
    rows = np.arange(len(outcomes))
    said = outcomes.probabilities[rows, outcomes.predicted].astype(np.float64)
    right = (outcomes.predicted == outcomes.true).astype(np.float64)
    gaps = np.bincount(tenth(said), weights=right - said, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(outcomes))
