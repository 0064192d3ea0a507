"""The whole evaluation as a document: scikit-learn's numbers, and JSON that reads back."""

import json
import warnings

import msgspec
import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from deployer import typed
from deployer.evaluation.evaluate import evaluate
from deployer.evaluation.measure import commonest, measure
from deployer.evaluation.metrics import METRICS
from deployer.packaging.documents import Costs, Evaluation
from tests.deployer.evaluation.evaluation_kit import Predicted, made_up

SHA = "0" * 64


def whole(known: Predicted, **options: object) -> Evaluation:
    return evaluate(
        *known.arguments,
        source="data",
        data=SHA,
        positive=known.positive,
        baseline=known.classes[0],
        resamples=40,
        **options,  # type: ignore[arg-type] # as the test says
    )


def test_every_number_per_class_is_scikit_learns_own(known: Predicted) -> None:
    metrics = measure(*known.arguments, resamples=0, baseline=known.classes[0])
    rows = confusion_matrix(known.labels, known.predicted, labels=known.classes)
    assert metrics.confusion == tuple(map(tuple, rows.tolist()))
    expected = precision_recall_fscore_support(
        known.labels, known.predicted, labels=known.classes, zero_division=0
    )
    for index, each in enumerate(metrics.classes):
        found = each.precision, each.recall, each.f1, each.support
        assert found == tuple(column[index] for column in expected)
        true, said = known.labels == each.label, known.probabilities[:, index]
        assert each.roc_auc == roc_auc_score(true, said)
        assert each.average_precision == min(1, average_precision_score(true, said))
        assert each.recall_low is None
    constant = np.full(len(known.labels), known.classes[0], dtype=object)
    assert metrics.baseline is not None
    assert metrics.baseline.accuracy == np.mean(known.labels == constant)
    assert metrics.baseline.macro_f1 == f1_score(
        known.labels, constant, average="macro", zero_division=0
    )


def test_a_document_reads_back_and_is_the_same_each_time(known: Predicted) -> None:
    tint = np.array(["red", "green"] * len(known.labels), dtype=object)[: len(known.labels)]
    found = whole(known, columns={"tint": tint})
    data = msgspec.json.encode(found)
    assert b"NaN" not in data
    assert b"null" not in json.dumps(json.loads(data)["curves"]).encode()
    assert typed.decode(data, Evaluation) == found
    assert msgspec.json.encode(whole(known, columns={"tint": tint})) == data
    assert all(score.low is not None for score in found.metrics.scores.values())
    assert len(found.slices) == 2
    assert bool(found.thresholds) == (known.positive is not None)
    assert found.positive == known.positive


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("present", ["one", "all but one"])
def test_classes_missing_from_the_rows_give_null_and_no_warning(classes: int, present: str) -> None:
    known = made_up(90, classes)
    kept = known.labels == "c0" if present == "one" else known.labels != "c1"
    some = known.select(np.flatnonzero(kept))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = whole(some)
    data = msgspec.json.encode(found)
    assert b"NaN" not in data
    assert typed.decode(data, Evaluation) == found
    assert found.metrics.classes[1].support == 0
    assert found.metrics.classes[1].roc_auc is None
    assert found.metrics.classes[1].recall_low is None
    assert found.curves[1].roc is None


def test_a_binary_model_has_its_own_and_the_cheapest_threshold(cancer: Predicted) -> None:
    costs = Costs(false_positive=1, false_negative=20)
    found = whole(cancer, threshold=0.123, costs=costs)
    assert 0.123 in [each.threshold for each in found.thresholds]
    assert all(each.cost is not None for each in found.thresholds)
    cheapest = min(each.cost for each in found.thresholds if each.cost is not None)
    (own,) = (each.cost for each in found.thresholds if each.threshold == 0.123)
    assert own is not None
    assert cheapest <= own
    assert set(found.metrics.scores) == set(METRICS)


def test_scores_that_were_measured_already_are_not_measured_again(wine: Predicted) -> None:
    metrics = measure(*wine.arguments, resamples=0)
    assert whole(wine, metrics=metrics).metrics is metrics


def test_no_rows_are_refused() -> None:
    known = made_up(10, 2).select(np.array([], dtype=int))
    with pytest.raises(ValueError, match="no rows"):
        measure(*known.arguments)


def test_the_commonest_class_of_equals_is_the_first() -> None:
    assert commonest({"a": 2, "b": 3, "c": 3}, ["a", "b", "c"]) == "b"
    assert commonest({}, ["a", "b"]) == "a"
