"""Every number equals scikit-learn's own, on the names and labels that a user has."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from deployer.errors import UsageError
from deployer.evaluation.metrics import METRICS, find_metric, metrics_for
from tests.deployer.evaluation.evaluation_kit import Predicted, made_up


def scikit_learns(known: Predicted) -> dict[str, float]:
    """Return what a user of scikit-learn would write, on string labels."""
    y, p, s = known.labels, known.predicted, known.probabilities
    scores = {
        "accuracy": sk.accuracy_score(y, p),
        "balanced_accuracy": sk.balanced_accuracy_score(y, p),
        "matthews": sk.matthews_corrcoef(y, p),
        "log_loss": sk.log_loss(y, s, labels=known.classes),
        "brier": sk.brier_score_loss(y, s, labels=known.classes),
    }
    for average in ("macro", "micro", "weighted"):
        scores[f"precision_{average}"] = sk.precision_score(y, p, average=average, zero_division=0)
        scores[f"recall_{average}"] = sk.recall_score(y, p, average=average, zero_division=0)
        scores[f"f1_{average}"] = sk.f1_score(y, p, average=average, zero_division=0)
        hot = np.column_stack([y == label for label in known.classes]).astype(int)
        scores[f"average_precision_{average}"] = sk.average_precision_score(hot, s, average=average)
    for way in ("ovr", "ovo"):
        for average in ("macro", "weighted"):
            scores[f"roc_auc_{way}_{average}"] = (
                sk.roc_auc_score(y, s[:, 1])
                if len(known.classes) == 2
                else sk.roc_auc_score(y, s, multi_class=way, average=average, labels=known.classes)
            )
    if known.positive is not None:
        positive = known.positive
        scores["precision"] = sk.precision_score(y, p, pos_label=positive)
        scores["recall"] = sk.recall_score(y, p, pos_label=positive)
        scores["f1"] = sk.f1_score(y, p, pos_label=positive)
        scores["roc_auc"] = sk.roc_auc_score(y == positive, s[:, 1])
        scores["average_precision"] = sk.average_precision_score(y, s[:, 1], pos_label=positive)
    return scores


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_number_is_scikit_learns_own_to_the_last_bit(known: Predicted, dtype: type) -> None:
    known = known.cast(dtype)
    expected = scikit_learns(known)
    found = {
        each.name: each(*known.arguments, known.positive)
        for each in metrics_for(len(known.classes), positive=known.positive is not None)
    }
    del found["calibration_error"]  # scikit-learn has none
    assert found == expected


def test_labels_that_are_lists_and_numpy_text_give_the_same(wine: Predicted) -> None:
    for metric in metrics_for(3, positive=False):
        expected = metric(*wine.arguments)
        assert expected is not None
        as_text = wine.labels.astype(str), wine.predicted.astype(str)
        assert metric(*as_text, wine.probabilities, wine.classes) == expected
        as_lists = list(wine.labels), list(wine.predicted)
        assert metric(*as_lists, wine.probabilities, tuple(wine.classes)) == expected


def test_a_class_without_rows_leaves_undefined_what_scikit_learn_cannot_say(
    wine: Predicted,
) -> None:
    some = wine.select(np.flatnonzero(wine.labels != wine.classes[2]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {each.name: each(*some.arguments) for each in metrics_for(3, positive=False)}
    undefined = {"roc_auc_ovr_macro", "average_precision_macro"}
    assert {name for name, value in found.items() if value is None} == undefined
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in undefined:
            del found[name]
        expected = {name: value for name, value in scikit_learns(some).items() if name in found}
        del found["calibration_error"]
        assert found == expected


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_of_one_class_and_no_rows_never_warn_and_never_give_nan(classes: int) -> None:
    known = made_up(60, classes)
    positive = known.classes[1]
    one = known.labels == known.classes[0]
    right = one & (known.predicted == known.classes[0])
    for rows in (np.flatnonzero(one), np.flatnonzero(right), np.array([], dtype=int)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for metric in metrics_for(classes, positive=classes == 2):
                value = metric(*known.select(rows).arguments, positive if classes == 2 else None)
                assert value is None or np.isfinite(value)
                if not len(rows) or metric.name.startswith("roc_auc"):
                    assert value is None, metric.name


def test_the_calibration_error_of_answers_whose_bins_are_known() -> None:
    # Ten answers at 0.95 of which 8 are right, ten at 0.65 of which 7 are.
    said = np.array([0.95] * 10 + [0.65] * 10)
    right = [True] * 8 + [False] * 2 + [True] * 7 + [False] * 3
    labels = ["a" if each else "b" for each in right]
    probabilities = np.column_stack([said, 1 - said])
    found = METRICS["calibration_error"](labels, ["a"] * 20, probabilities, ["a", "b"])
    assert found == pytest.approx((10 * 0.15 + 10 * 0.05) / 20)


def test_a_model_that_is_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    generator = np.random.default_rng(0)
    said = generator.uniform(0.5, 1, 200_000)
    labels = np.where(generator.random(len(said)) < said, "a", "b")
    found = METRICS["calibration_error"](
        labels, ["a"] * len(said), np.column_stack([said, 1 - said]), ["a", "b"]
    )
    assert found is not None
    assert found < 0.005


def test_a_probability_that_rounding_put_above_one_is_no_error() -> None:
    probabilities = np.array([[1.0000001, 0.0], [-1e-9, 1.0]], dtype=np.float32)
    assert METRICS["brier"](["a", "b"], ["a", "b"], probabilities, ["a", "b"]) == 0


def test_losses_are_turned_round_so_that_greater_is_better() -> None:
    assert METRICS["log_loss"].oriented(0.3) == -0.3
    assert METRICS["accuracy"].oriented(0.3) == 0.3
    lower = [name for name, metric in METRICS.items() if not metric.greater_is_better]
    assert lower == ["log_loss", "brier", "calibration_error"]


def test_every_metric_is_explained_in_one_sentence() -> None:
    for name, metric in METRICS.items():
        assert name == metric.name
        assert metric.meaning.endswith(".")
        assert metric.meaning[0].isupper()
        assert len(metric.meaning) < 200
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)


def test_a_label_that_is_no_class_or_shapes_that_differ_are_refused(wine: Predicted) -> None:
    metric = METRICS["accuracy"]
    with pytest.raises(ValueError, match="'merlot' is none of the classes"):
        metric(["merlot"], ["class 0"], wine.probabilities[:1], wine.classes)
    with pytest.raises(ValueError, match="1 labels"):
        metric(["class 0"], ["class 0"], wine.probabilities, wine.classes)


def test_a_name_is_looked_up_with_advice() -> None:
    assert find_metric("f1_macro").title == "macro F1"
    with pytest.raises(UsageError) as caught:
        find_metric("macro_f1")
    assert "f1_macro" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        find_metric("recall", classes=3)
    assert caught.value.hint == "use recall_macro"
    assert find_metric("recall", classes=2).needs_positive
