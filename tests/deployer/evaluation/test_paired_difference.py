"""Is the new model better than the old one on the same rows?"""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from deployer.evaluation.metrics import METRICS, metrics_for
from deployer.evaluation.paired import PairedDifference, paired_difference
from deployer.evaluation.statistics import by_class, resampled_rows
from tests.deployer.evaluation.evaluation_kit import Predicted, made_up


class Said(NamedTuple):
    labels: NDArray[np.object_]
    probabilities: NDArray[np.float64]


def answers(known: Predicted) -> Said:
    return Said(known.predicted, known.probabilities)


def better_and_worse(rows: int, classes: int) -> tuple[Predicted, Predicted]:
    """Return two models on the same rows, of which the second mixes the answers with noise."""
    good = made_up(rows, classes, skill=2.5)
    noise = made_up(rows, classes, seed=9, skill=0).probabilities
    mixed = 0.5 * good.probabilities + 0.5 * noise
    names = np.array(good.classes, dtype=object)
    bad = Predicted(good.labels, names[mixed.argmax(axis=1)], mixed, good.classes)
    return good, bad


def compare(old: Predicted, new: Predicted, metric: str, **options: int) -> PairedDifference:
    return paired_difference(
        old.labels,
        answers(old),
        answers(new),
        old.classes,
        metric=metric,
        positive=old.positive,
        **options,
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_a_model_differs_from_itself_by_exactly_nothing(classes: int) -> None:
    known = made_up(120, classes)
    for metric in metrics_for(classes, positive=classes == 2):
        found = compare(known, known, metric.name, resamples=40)
        assert found.old == found.new == metric(*known.arguments, known.positive)
        assert (found.value, found.low, found.high) == (0, 0, 0)
        assert found.p_worse == 0
        assert found.resamples == 40


@pytest.mark.parametrize("classes", [2, 3])
def test_a_better_model_is_told_from_a_worse_one_by_every_metric(classes: int) -> None:
    good, bad = better_and_worse(600, classes)
    for metric in metrics_for(classes, positive=classes == 2):
        if metric.name == "calibration_error":
            continue  # noise in the answers may calibrate them
        up, down = (
            compare(bad, good, metric.name, resamples=100),
            compare(good, bad, metric.name, resamples=100),
        )
        assert up.value is not None
        assert up.low is not None
        assert up.low > 0, metric.name
        assert up.low < up.value, metric.name
        assert up.p_worse == 0
        assert down.p_worse == 1
        assert down.value == -up.value
        assert down.high is not None
        assert down.high < 0


def test_the_difference_is_the_naive_one_on_the_same_rows() -> None:
    good, bad = better_and_worse(90, 3)
    ordered = by_class(good.outcomes()), by_class(bad.outcomes())
    for name in ("f1_macro", "log_loss", "roc_auc_ovo_weighted", "calibration_error"):
        metric = METRICS[name]
        naive = []
        for rows in resampled_rows(90, 20, 3):
            new, old = (
                metric.of(
                    type(each)(
                        each.true[rows],
                        each.predicted[rows],
                        each.probabilities[rows],
                        each.classes,
                    )
                )
                for each in ordered
            )
            assert new is not None
            assert old is not None
            naive.append(metric.oriented(new) - metric.oriented(old))
        found = compare(bad, good, name, resamples=20, seed=3)
        assert found.low == pytest.approx(np.quantile(naive, 0.025), abs=1e-12)
        assert found.high == pytest.approx(np.quantile(naive, 0.975), abs=1e-12)
        assert found.p_worse == np.mean(np.array(naive) < 0)


def test_pairing_sees_a_difference_that_two_intervals_would_not() -> None:
    old = made_up(400, 3, skill=1)
    better = old.predicted.copy()
    wrong = np.flatnonzero(better != old.labels)[:12]
    better[wrong] = old.labels[wrong]
    new = Predicted(old.labels, better, old.probabilities, old.classes)
    found = compare(old, new, "accuracy")
    assert found.value == pytest.approx(12 / 400)
    assert found.low is not None
    assert found.low > 0.01
    assert found.p_worse == 0


def test_what_is_not_defined_is_not_compared() -> None:
    known = made_up(60, 3)
    some = known.select(np.flatnonzero(known.labels != "c2"))
    found = compare(some, some, "roc_auc_ovr_macro", resamples=20)
    assert (found.value, found.low, found.p_worse, found.resamples) == (None, None, None, 0)


def test_a_metric_of_the_positive_class_needs_one() -> None:
    known = made_up(60, 3)
    with pytest.raises(ValueError, match="needs a positive class"):
        compare(known, known, "recall")
