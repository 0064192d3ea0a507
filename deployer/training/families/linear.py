"""Logistic regression, in the three ways to go from two classes to many."""

from typing import Any

from deployer.training.families.model import MAX_ITERATIONS, Family, Uniform

__all__ = ["CALIBRATION_FOLDS", "OVO", "OVR", "SOFTMAX"]

# Parts of the training rows that calibration predicts without having seen them.
CALIBRATION_FOLDS = 3

_STRENGTHS = (0.01, 0.1, 1.0, 10.0)
_DRAWN = Uniform(0.001, 100.0)


def _logistic(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds to import

    return LogisticRegression(max_iter=MAX_ITERATIONS, random_state=seed)


def _softmax(seed: int, rows: int, classes: int) -> Any:
    """One model of all classes: ``p = softmax(Wx + b)``."""
    return _logistic(seed)


def _ovr(seed: int, rows: int, classes: int) -> Any:
    """One model per class against all others; their probabilities, divided by their sum."""
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415 - as above

    return OneVsRestClassifier(_logistic(seed), n_jobs=1)


def _ovo(seed: int, rows: int, classes: int) -> Any:
    """One model per pair of classes; the class with most votes wins.

    Votes are no probabilities. They become some by temperature scaling (Guo et al. 2017, "On
    calibration of modern neural networks"), ``softmax(votes / T)``, which never changes the
    winner; T is fitted on votes for rows that the models had not seen. Of two classes there is
    one pair, and its model's decision takes the place of the votes.
    """
    from sklearn.calibration import CalibratedClassifierCV  # noqa: PLC0415 - as above
    from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier  # noqa: PLC0415

    several = classes > 2  # noqa: PLR2004 - more than a pair
    of_pairs = OneVsOneClassifier if several else OneVsRestClassifier
    return CalibratedClassifierCV(
        of_pairs(_logistic(seed), n_jobs=1),
        method="temperature",
        cv=CALIBRATION_FOLDS,
        ensemble=False,
        n_jobs=1,
    )


SOFTMAX = Family(
    name="softmax",
    title="Softmax regression",
    make=_softmax,
    needs_scaling=True,
    grid={"classify__C": _STRENGTHS},
    distributions={"classify__C": _DRAWN},
)
OVR = Family(
    name="ovr",
    title="One-vs-rest logistic regression",
    make=_ovr,
    needs_scaling=True,
    grid={"classify__estimator__C": _STRENGTHS},
    distributions={"classify__estimator__C": _DRAWN},
)
OVO = Family(
    name="ovo",
    title="One-vs-one logistic regression",
    make=_ovo,
    needs_scaling=True,
    grid={"classify__estimator__estimator__C": _STRENGTHS},
    distributions={"classify__estimator__estimator__C": _DRAWN},
)
