"""What softmax, one-vs-rest and one-vs-one say, computed by hand from what was fitted."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deployer.packaging.skops_runtime import frame_of
from tests.deployer.training.families.family_kit import Fitted, fitted, make_case, served


def table(made: Fitted) -> NDArray[Any]:
    """What the classifier is given."""
    matrix = made.pipeline[:-1].transform(frame_of(made.case.arrays))
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def answers(made: Fitted) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """Labels from ONNX; probabilities from ONNX and from scikit-learn."""
    said = served(made)[1].predict(made.case.arrays)
    return (
        said.labels.tolist(),
        said.probabilities.astype(float),
        made.pipeline.predict_proba(frame_of(made.case.arrays)),
    )


def check(made: Fitted, expected: NDArray[Any]) -> None:
    labels, of_onnx, of_sklearn = answers(made)
    assert np.abs(of_sklearn - expected).max() <= 1e-12
    assert np.abs(of_onnx - expected).max() <= 6.1e-8
    assert labels == made.pipeline.classes_[expected.argmax(axis=1)].tolist()


@pytest.mark.parametrize("classes", [3, 5])
def test_softmax(classes: int) -> None:
    made = fitted("softmax", make_case(240, classes=classes))
    model = made.pipeline[-1]
    scores = table(made) @ model.coef_.T + model.intercept_
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    check(made, powers / powers.sum(axis=1, keepdims=True))


def test_softmax_of_two_classes_is_the_sigmoid() -> None:
    made = fitted("softmax", make_case(240, classes=2))
    model = made.pipeline[-1]
    second = 1 / (1 + np.exp(-(table(made) @ model.coef_[0] + model.intercept_)))
    check(made, np.stack([1 - second, second], axis=1))


@pytest.mark.parametrize("classes", [3, 5])
def test_one_vs_rest(classes: int) -> None:
    made = fitted("ovr", make_case(240, classes=classes))
    x = table(made)
    models = made.pipeline[-1].estimators_
    assert len(models) == classes
    each = np.stack(
        [1 / (1 + np.exp(-(x @ model.coef_[0] + model.intercept_[0]))) for model in models], axis=1
    )
    check(made, each / each.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("classes", [3, 5])
def test_one_vs_one(classes: int) -> None:
    made = fitted("ovo", make_case(240, classes=classes))
    x = table(made)
    (calibrated,) = made.pipeline[-1].calibrated_classifiers_
    votes = np.zeros((len(x), classes))
    sums = np.zeros((len(x), classes))
    pairs = list(combinations(range(classes), 2))
    for (i, j), model in zip(pairs, calibrated.estimator.estimators_, strict=True):
        decision = x @ model.coef_[0] + model.intercept_[0]
        votes[np.arange(len(x)), np.where(decision > 0, j, i)] += 1
        sums[:, j] += decision
        sums[:, i] -= decision
    assert (votes.sum(axis=1) == len(pairs)).all()
    scores = calibrated.calibrators[0].beta_ * (votes + sums / (3 * (np.abs(sums) + 1)))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    check(made, powers / powers.sum(axis=1, keepdims=True))
    # The winner has the most votes: calibration changes no label.
    winners = [int(label.split()[1]) for label in answers(made)[0]]
    assert (votes[np.arange(len(x)), winners] == votes.max(axis=1)).all()


def test_the_pairwise_models_are_fitted_on_their_pair_alone() -> None:
    from sklearn.linear_model import LogisticRegression

    made = fitted("ovo", make_case(240, classes=3))
    half = len(made.case.labels) // 2
    x, y = table(made)[:half], made.case.labels[:half]
    models = made.pipeline[-1].calibrated_classifiers_[0].estimator.estimators_
    for (i, j), model in zip(combinations(range(3), 2), models, strict=True):
        mine = (y == f"class {i}") | (y == f"class {j}")
        alone = LogisticRegression(max_iter=1000).fit(x[mine], y[mine] == f"class {j}")
        assert np.abs(alone.coef_ - model.coef_).max() <= 1e-3
