"""Every family answers in ONNX, in skops and in scikit-learn alike, for every kind of column."""

import json
from typing import Any

import numpy as np
import onnx
import pytest

from deployer.errors import FailedError, PolicyError
from deployer.packaging.onnx_scan import check_onnx
from deployer.packaging.parity import compare
from deployer.packaging.runtime import Prediction
from deployer.packaging.skops_io import dump_skops, load_skops, trusted_types
from deployer.packaging.skops_runtime import SkopsClassifier, predict_pipeline
from deployer.packaging.skops_scan import check_types
from deployer.packaging.trusted import TRUSTED
from deployer.training.families import FAMILIES
from tests.deployer.training.families.family_kit import (
    Case,
    Fitted,
    fitted,
    make_case,
    make_schema,
    served,
)

# Half a unit in the last place of a float32 just below 1: both sides compute in float64.
TOLERANCE = 6.1e-8


def hard(case: Case) -> Case:
    """Plant what training did not see: unknown categories and words, and missing values."""
    arrays = {name: array.copy() for name, array in case.arrays.items()}
    for index, (name, kind) in enumerate(case.kinds.items()):
        unseen: Any = {"categorical": "unseen", "text": "Nothing KNOWN 😀"}.get(kind, np.nan)
        missing: Any = "" if kind in ("categorical", "text") else np.nan
        arrays[name][index::7] = unseen
        arrays[name][index::11] = missing
    return Case(arrays, case.kinds, case.labels)


def prove(made: Fitted) -> None:
    case = hard(made.case)
    model, classifier = served(made)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    check_onnx(model, where="model.onnx")
    frames = predict_pipeline(made.pipeline, case.arrays)
    answers = classifier.predict(case.arrays)
    parity = compare(frames, answers, tolerance=TOLERANCE)
    assert parity.labels_equal == parity.rows == len(case.labels)
    sums = answers.probabilities.astype(float).sum(axis=1)
    assert np.abs(sums - 1).max() <= 1e-6
    likeliest = answers.probabilities.argmax(axis=1)
    classes = np.asarray(classifier.schema.outputs.label.classes, dtype=object)
    assert np.array_equal(classes[likeliest], answers.labels)
    assert set(answers.labels) == set(classes)  # not one answer for all
    for row in (0, 1, 7, 11):
        one = classifier.predict(case.rows(slice(row, row + 1)))
        assert one.labels[0] == answers.labels[row]
        assert np.abs(one.probabilities[0] - answers.probabilities[row]).max() <= TOLERANCE

    stored = dump_skops(made.pipeline)
    check_types(stored, where="model.skops")
    assert set(trusted_types(stored)) <= set(TRUSTED)
    skops_answers = SkopsClassifier(stored, classifier.schema).predict(case.arrays)
    assert np.array_equal(skops_answers.labels, frames.labels)
    assert np.array_equal(skops_answers.probabilities, frames.probabilities)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_kind_of_column_and_three_classes(family: str) -> None:
    prove(fitted(family, make_case(240, classes=3)))


@pytest.mark.parametrize("family", FAMILIES)
def test_two_classes(family: str) -> None:
    prove(fitted(family, make_case(160, classes=2, kinds=("numeric", "categorical"))))


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize("kinds", ["numeric", "categorical", "text", "date"])
@pytest.mark.parametrize("family", FAMILIES)
def test_each_kind_alone(family: str, kinds: str, classes: int) -> None:
    made = fitted(family, make_case(600, classes=classes, kinds=(kinds,)))
    case = hard(made.case)
    _, classifier = served(made)
    compare(
        predict_pipeline(made.pipeline, case.arrays),
        classifier.predict(case.arrays),
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize("options", [{"select": 5}, {"pca": 0.8}, {"select": 6, "pca": 3.0}])
@pytest.mark.parametrize("family", ["softmax", "tree"])
def test_selection_and_components(family: str, options: dict[str, Any]) -> None:
    prove(fitted(family, make_case(240, classes=3), **options))


def test_a_linear_machine_beyond_the_cap() -> None:
    made = fitted("svm", make_case(240, classes=3), rows=5001)
    assert type(made.pipeline[-1].estimator).__name__ == "LinearSVC"
    prove(made)
    prove(fitted("svm", make_case(240, classes=2), rows=5001))


@pytest.mark.parametrize("threshold", [0.2, 0.7])
def test_a_threshold_decides(threshold: float) -> None:
    made = fitted("tree", make_case(400, classes=2, kinds=("numeric",)))
    options: dict[str, Any] = {"positive": "class 0", "threshold": threshold}
    _, classifier = served(made, **options)
    arrays = made.case.arrays
    answers = classifier.predict(arrays)
    at_least = answers.probabilities[:, 0].astype(float) >= threshold
    assert np.array_equal(answers.labels == "class 0", at_least)
    assert 0 < at_least.sum() < len(at_least)
    expected = predict_pipeline(made.pipeline, arrays, **options)
    compare(expected, answers)
    stored = SkopsClassifier(dump_skops(made.pipeline), classifier.schema).predict(arrays)
    assert np.array_equal(stored.labels, answers.labels)


def test_a_threshold_that_is_a_probability() -> None:
    """Rounded to float32, 0.7 is less than 0.7; all sides must round alike."""
    made = fitted("tree", make_case(400, classes=2, kinds=("numeric",)))
    for share in np.unique(predict_pipeline(made.pipeline, made.case.arrays).probabilities[:, 1]):
        options: dict[str, Any] = {"positive": "class 1", "threshold": float(share)}
        _, classifier = served(made, **options)
        compare(
            predict_pipeline(made.pipeline, made.case.arrays, **options),
            classifier.predict(made.case.arrays),
        )


@pytest.mark.parametrize("family", ["ovo", "mlp", "voting"])
def test_the_same_bytes_every_time(family: str) -> None:
    case = make_case(160, classes=3)
    first, second = fitted(family, case), fitted(family, case)
    assert served(first)[0] == served(second)[0]
    assert dump_skops(first.pipeline) == dump_skops(second.pipeline)


def test_no_other_opset_than_is_needed() -> None:
    model, _ = served(fitted("softmax", make_case(160, classes=3, kinds=("numeric",))))
    assert [each.domain for each in onnx.load_from_string(model).opset_import] == [""]
    model, classifier = served(fitted("softmax", make_case(160, classes=3)))
    opsets = onnx.load_from_string(model).opset_import
    assert [(each.domain, each.version) for each in opsets] == [
        ("", 17),
        ("ai.onnx.ml", 3),
        ("com.microsoft", 1),
    ]
    names = [each.tensor for each in classifier.schema.inputs]
    assert names == ["_2_x", "x_2", "x_2_2", "kind", "label_2", "when"]


def test_a_type_that_no_family_needs_is_refused_by_both() -> None:
    made = fitted("softmax", make_case(160, classes=2, kinds=("numeric",)))
    from sklearn.preprocessing import FunctionTransformer

    made.pipeline.steps.insert(1, ("evil", FunctionTransformer(json.dumps)))
    stored = dump_skops(made.pipeline)

    for refuse in (
        lambda: check_types(stored, where="x"),
        lambda: load_skops(stored),
        lambda: SkopsClassifier(stored, make_schema(made, list(made.case.kinds))),
    ):
        with pytest.raises(PolicyError, match=r"json\.dumps"):
            refuse()


def test_every_trusted_type_is_needed() -> None:
    """A name on the list that nothing needs is a door for nothing."""
    needed: set[str] = set()
    case = make_case(120, classes=3)
    for family in ("ovo", "forest", "boosting", "mlp", "voting"):
        needed |= set(trusted_types(dump_skops(fitted(family, case).pipeline)))
    needed |= set(trusted_types(dump_skops(fitted("softmax", case, select=3).pipeline)))
    assert needed == set(TRUSTED)


def test_a_plain_table_needs_scikit_learn_alone() -> None:
    made = fitted("softmax", make_case(160, classes=3, kinds=("numeric", "categorical")))
    assert trusted_types(dump_skops(made.pipeline)) == ["numpy.dtype"]


def test_disagreement_is_told() -> None:
    labels = np.array(["a", "b"] * 40_000, dtype=object)
    shares = np.tile(np.array([0.75, 0.25], dtype=np.float32), (80_000, 1))
    moved = shares.copy()
    moved[70_000, 0] = np.nan

    with pytest.raises(FailedError, match="differ by up to nan"):
        compare(Prediction(labels, shares), Prediction(labels, moved))
