"""Scores per value of a column equal scikit-learn's on those rows."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from deployer.evaluation.slices import MAX_SLICES, MAX_VALUES, MIN_ROWS, slices
from deployer.packaging.documents import Slice
from tests.deployer.evaluation.evaluation_kit import Predicted, made_up


def column(*values: object) -> NDArray[np.object_]:
    array = np.empty((len(values), 1), dtype=object)
    array[:, 0] = values
    return array


def slice_up(known: Predicted, resamples: int = 50, **columns: object) -> tuple[Slice, ...]:
    return slices(
        known.outcomes(),
        {name: column(*values) for name, values in columns.items()},  # type: ignore[misc] # lists
        confidence=0.95,
        resamples=resamples,
        seed=0,
    )


def test_every_slice_is_scikit_learns_own_and_the_worst_is_first(known: Predicted) -> None:
    rows = len(known.labels)
    tint = np.random.default_rng(0).choice(
        ["red", "green", "blue", ""], rows, p=[0.4, 0.3, 0.2, 0.1]
    )
    found = slice_up(known, tint=list(tint))
    for each in found:
        chosen = tint == each.value.replace("(missing)", "")
        if "rare" in each.value:
            chosen = ~np.isin(tint, [other.value for other in found])
        truth, answers = known.labels[chosen], known.predicted[chosen]
        assert each.rows == chosen.sum() >= MIN_ROWS
        assert each.accuracy.value == accuracy_score(truth, answers)
        assert each.f1_macro.value == f1_score(truth, answers, average="macro", zero_division=0)
        ends = each.accuracy.low, each.accuracy.high
        assert None not in ends
        assert sorted([*ends, each.accuracy.value], key=str)[1] == each.accuracy.value
    accuracies = [each.accuracy.value or 0 for each in found]
    assert accuracies == sorted(accuracies)
    often = {value for value in set(tint) if (tint == value).sum() >= MIN_ROWS}
    listed = {each.value.replace("(missing)", "") for each in found if "rare" not in each.value}
    assert listed == often


def test_rare_values_are_put_together() -> None:
    known = made_up(100, 3)
    values = ["common"] * 60 + [f"rare {index}" for index in range(40)]
    found = {each.value: each.rows for each in slice_up(known, place=values)}
    assert found == {"common": 60, "(40 rare values)": 40}
    few = ["common"] * 85 + ["rare"] * 15
    assert {each.value: each.rows for each in slice_up(known, place=few)} == {"common": 85}


def test_a_column_of_one_value_says_nothing() -> None:
    assert slice_up(made_up(60, 2), place=["here"] * 60) == ()


def test_the_number_of_slices_is_bounded_and_the_worst_stay() -> None:
    known = made_up(6000, 2, skill=0.7)
    many = [f"v{index % 250}" for index in range(6000)]
    found = slice_up(known, resamples=0, many=many)
    assert len(found) == MAX_VALUES + 1
    columns = {f"c{n}": [f"v{(n + index) % 60}" for index in range(6000)] for n in range(5)}
    found = slice_up(known, resamples=0, **columns)
    assert len(found) == MAX_SLICES
    assert found[0].accuracy.value < found[-1].accuracy.value  # type: ignore[operator] # numbers
    assert found[0].accuracy.low is None


def test_a_weak_spot_comes_first() -> None:
    known = made_up(400, 3, skill=4)
    north = np.arange(400) < 60
    spoilt = known.predicted.copy()
    spoilt[north] = "c0"
    weak = Predicted(known.labels, spoilt, known.probabilities, known.classes)
    found = slice_up(weak, place=["north" if each else "south" for each in north])
    assert found[0].value == "north"
    assert found[0].accuracy.high is not None
    assert found[1].accuracy.low is not None
    assert found[0].accuracy.high < found[1].accuracy.low


@pytest.mark.parametrize("order", [1, -1])
def test_intervals_do_not_depend_on_the_order_of_rows(order: int) -> None:
    known = made_up(200, 3)
    values = np.array(["a", "b"] * 100, dtype=object)
    turned = known.select(np.arange(200)[::order])
    assert slice_up(turned, place=list(values[::order])) == slice_up(known, place=list(values))
