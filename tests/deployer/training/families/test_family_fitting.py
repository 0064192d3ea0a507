"""Families fitted on awkward tables: rare classes, empty columns, thousands of categories."""

from typing import Any

import numpy as np
import pytest

from deployer.errors import UsageError
from deployer.packaging.parity import compare
from deployer.packaging.skops_runtime import frame_of, predict_pipeline
from deployer.training.families import FAMILIES, build_pipeline, categories, fit
from tests.deployer.training.families.family_kit import Case, Fitted, fitted, make_case, served


def with_rare_class(rows: int) -> Case:
    case = make_case(200, classes=2, kinds=("numeric", "categorical"))
    labels = case.labels.copy()
    labels[:rows] = "rare"
    return Case(case.arrays, case.kinds, labels)


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "voting"])
def test_a_class_with_few_rows(family: str, rows: int) -> None:
    made = fitted(family, with_rare_class(rows), rows=5000 if family == "mlp" else None)
    assert list(made.pipeline.classes_) == ["class 0", "class 1", "rare"]
    told = [text for text in made.warnings if "class 'rare' has" in text]
    assert len(told) == (family in ("ovo", "svm"))
    parameters = made.pipeline[-1].get_params(deep=False)
    assert parameters.get("cv", 3) == 3
    assert parameters.get("early_stopping", False) is (family == "mlp")
    compare(
        predict_pipeline(made.pipeline, made.case.arrays), served(made)[1].predict(made.case.arrays)
    )


def test_enough_rows_are_calibrated_on_rows_apart() -> None:
    made = fitted("ovo", with_rare_class(3))
    assert not [text for text in made.warnings if "calibrate" in text]


def test_columns_without_a_value() -> None:
    """In a fold a column may be empty; what it holds later must not matter, nor end in an error."""
    case = make_case(160, classes=3)
    arrays = {name: array.copy() for name, array in case.arrays.items()}
    half = 80
    for name, kind in case.kinds.items():
        arrays[name][:half] = "" if kind in ("categorical", "text") else np.nan
    for family in ("softmax", "boosting"):
        made = fitted(family, Case(arrays, case.kinds, case.labels))
        compare(predict_pipeline(made.pipeline, arrays), served(made)[1].predict(arrays))


def test_ten_thousand_categories() -> None:
    rows = 12_000
    random = np.random.default_rng(0)
    codes = np.concatenate([np.arange(10_000), random.integers(0, 40, 2000)])
    values = np.array([f"k{code:05}" for code in codes], dtype=object).reshape(-1, 1)
    labels = np.array(["even", "odd"], dtype=object)[codes % 2]
    case = Case({"k": values}, {"k": "categorical"}, labels)
    for family, most in (("softmax", 1000), ("boosting", 64)):
        pipeline = build_pipeline(FAMILIES[family], case.kinds, seed=0, rows=rows, classes=2)
        fit(pipeline, frame_of(case.arrays), labels.tolist())
        assert len(categories(pipeline)["k"]) == 10_000
        some = {"k": np.array([["k00003"], ["k00004"], ["k05000"], ["new"], [""]], dtype=object)}
        assert pipeline[0].transform(frame_of(some)).shape == (5, most)
        made = Fitted(pipeline, case, [])
        answer = served(made)[1].predict(some)
        compare(predict_pipeline(pipeline, some), answer)
        assert answer.labels[:2].tolist() == ["odd", "even"]
        # A rare one, one never seen and a missing one are alike.
        assert np.ptp(answer.probabilities[2:], axis=0).max() == 0


def test_categories_are_listed_without_the_missing_one() -> None:
    made = fitted("tree", make_case(160, classes=3))
    assert categories(made.pipeline) == {"kind": ["a", "b", "c d", "ß"]}
    made = fitted("tree", make_case(160, classes=3, kinds=("text",)))
    assert categories(made.pipeline) == {}


@pytest.mark.parametrize("family", ["softmax", "forest", "mlp"])
def test_numbers_are_fitted_as_float64_whatever_the_frame_holds(family: str) -> None:
    case = make_case(160, classes=3, kinds=("numeric", "categorical"))
    wide = frame_of(case.arrays)
    narrow = wide.astype({name: "float32" for name, k in case.kinds.items() if k == "numeric"})
    answers = []
    for frame in (wide, narrow):
        pipeline = build_pipeline(FAMILIES[family], case.kinds, seed=0, rows=160, classes=3)
        fit(pipeline, frame, case.labels.tolist())
        answers.append(pipeline.predict_proba(wide))
    assert np.array_equal(*answers)


def test_numbers_that_cannot_be_fitted_are_one_line() -> None:
    case = make_case(60, classes=2, kinds=("numeric",))
    arrays = {name: array.copy() for name, array in case.arrays.items()}
    arrays["x_2"][3] = np.inf
    with pytest.raises(UsageError, match="scikit-learn cannot fit") as caught:
        fitted("softmax", Case(arrays, case.kinds, case.labels))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_spaces_are_parameters_of_the_pipeline(family: str) -> None:
    one = FAMILIES[family]
    assert one.name == family
    pipeline = build_pipeline(one, {"x": "numeric"}, seed=3, rows=100, classes=3)
    random = np.random.RandomState(0)
    for name, values in one.grid.items():
        for value in values:
            pipeline.set_params(**{name: value})
    for name, space in one.distributions.items():
        drawn: Any = space.rvs(random_state=random) if hasattr(space, "rvs") else space[0]
        pipeline.set_params(**{name: drawn})
    assert set(one.grid) <= set(pipeline.get_params())
    many = build_pipeline(one, {"x": "numeric"}, seed=3, rows=100_000, classes=3)
    assert set(one.grid) | set(one.distributions) <= set(many.get_params())
    parameters = pipeline.get_params()
    seeds = [value for key, value in parameters.items() if key.endswith("random_state")]
    assert [value for value in seeds if value is not None] or family == "voting"
    assert all(value == 1 for key, value in parameters.items() if key.endswith("n_jobs") and value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_defaults_are_no_worse_than_a_plain_pipeline(name: str) -> None:
    """Softmax at its defaults is that pipeline; the best family is at least as good."""
    import sklearn.datasets
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = getattr(sklearn.datasets, f"load_{name}")()
    labels = data.target.astype(str).astype(object)
    arrays = {f"x{i}": column.reshape(-1, 1) for i, column in enumerate(data.data.T)}
    kinds = dict.fromkeys(arrays, "numeric")
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    expected = cross_val_score(plain, data.data, labels, cv=folds)
    ours = build_pipeline(
        FAMILIES["softmax"], kinds, seed=0, rows=len(labels), classes=len(set(labels))
    )
    found = cross_val_score(ours, frame_of(arrays), labels, cv=folds)
    assert np.array_equal(found, expected)
