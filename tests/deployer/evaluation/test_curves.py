"""Curves are scikit-learn's points, thinned without losing their shape."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, precision_recall_curve, roc_curve

from deployer.evaluation.curves import MAX_POINTS, class_curves, confidence_bins, thin
from deployer.evaluation.metrics import METRICS
from tests.deployer.evaluation.evaluation_kit import Predicted, made_up


def test_few_points_are_scikit_learns_own(known: Predicted) -> None:
    for index, curves in enumerate(class_curves(known.outcomes())):
        label = known.classes[index]
        said = known.probabilities[:, index]
        assert curves.label == label
        x, y, _ = roc_curve(known.labels == label, said)
        assert len(x) <= MAX_POINTS
        assert curves.roc is not None
        assert (curves.roc.x, curves.roc.y) == (tuple(x), tuple(y))
        precision, recall, _ = precision_recall_curve(
            known.labels == label, said, drop_intermediate=True
        )
        assert curves.precision_recall is not None
        if len(recall) <= MAX_POINTS:
            found = curves.precision_recall.x, curves.precision_recall.y
            assert found == (tuple(recall[::-1]), tuple(precision[::-1]))


def test_calibration_is_scikit_learns_own(known: Predicted) -> None:
    for index, curves in enumerate(class_curves(known.outcomes())):
        true = known.labels == known.classes[index]
        observed, predicted = calibration_curve(true, known.probabilities[:, index], n_bins=10)
        assert [each.observed for each in curves.calibration] == list(observed)
        assert [each.predicted for each in curves.calibration] == list(predicted)
        assert sum(each.rows for each in curves.calibration) == len(true)


def test_the_calibration_error_follows_from_the_stored_bins(known: Predicted) -> None:
    bins = confidence_bins(known.outcomes())
    error = sum(each.rows * abs(each.observed - each.predicted) for each in bins)
    expected = METRICS["calibration_error"](*known.arguments)
    assert error / len(known.labels) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("skill", [0, 1, 2.5])
def test_many_points_are_thinned_to_those_that_keep_the_shape(skill: float) -> None:
    known = made_up(20_000, 2, skill=skill)
    curves = class_curves(known.outcomes())[1]
    for curve, (x, y) in (
        (curves.roc, roc_curve(known.labels == "c1", known.probabilities[:, 1])[:2]),
        (
            curves.precision_recall,
            [
                each[::-1]
                for each in precision_recall_curve(known.labels == "c1", known.probabilities[:, 1])[
                    1::-1
                ]
            ],
        ),
    ):
        assert curve is not None
        assert len(curve.x) <= MAX_POINTS
        assert len(curve.x) == min(len(x), MAX_POINTS)
        assert (curve.x[0], curve.y[0]) == (x[0], y[0])
        assert (curve.x[-1], curve.y[-1]) == (x[-1], y[-1])
        assert list(curve.x) == sorted(curve.x)
        assert auc(curve.x, curve.y) == pytest.approx(auc(x, y), abs=0.002)
        assert set(zip(curve.x, curve.y, strict=True)) <= set(zip(x, y, strict=True))


def test_thinning_keeps_corners_and_drops_what_lies_on_lines() -> None:
    x = np.arange(1001.0)
    y = np.where(x < 300, 0.0, np.where(x < 600, x - 300, 300.0))
    assert thin(x, y, 10).tolist() == [0, 300, 600, 1000]
    assert thin(x, np.sin(x), 10).tolist()[::9] == [0, 1000]
    assert len(thin(x, np.sin(x), 10)) == 10
    closed = np.append(x[:500], x[:501][::-1])
    assert 500 in thin(closed, np.abs(closed), 5)


def test_a_class_without_rows_or_without_others_has_no_curves() -> None:
    known = made_up(50, 3)
    only = known.select(np.flatnonzero(known.labels == "c0"))
    curves = class_curves(only.outcomes())
    assert [each.roc for each in curves] == [None] * 3
    assert [each.precision_recall for each in curves] == [None] * 3
    assert all(each.calibration for each in curves)
