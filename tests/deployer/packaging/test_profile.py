"""The reference profile: what it says is what NumPy says of the same values."""

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.packaging.documents import (
    CategoricalInput,
    CategoricalProfile,
    DateInput,
    Input,
    NumericInput,
    NumericProfile,
    Profile,
    TextInput,
    TextProfile,
)
from deployer.packaging.layout import decode, encode
from deployer.packaging.profile import BINS, CATEGORIES, bin_counts, profile_of, tenths

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBER = NumericInput(name="x", tensor="x", missing=0)
DATE = DateInput(name="x", tensor="x", missing=0)
CATEGORY = CategoricalInput(name="x", tensor="x", missing=0, categories=())
TEXT = TextInput(name="x", tensor="x", missing=0)


def column(each: Input, values: Any, dtype: Any) -> Any:
    array = np.array(values, dtype=dtype).reshape(-1, 1)
    rows = len(array)
    nothing: NDArray[np.float32] = np.empty(0, dtype=np.float32)
    found = profile_of([each], {"x": array}, ["a"] * rows, ["a", "b"], [], nothing)
    assert found.rows == rows
    # It can be stored and read back: no number that JSON has not.
    assert decode(encode(found), Profile, where="profile.json") == found
    return found.columns[0]


@given(st.lists(st.floats(width=32), max_size=300), st.sampled_from([NUMBER, DATE]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_numbers_are_binned_at_values_that_occur(values: list[float], each: Input) -> None:
    found = column(each, values, np.float32 if each is NUMBER else np.float64)
    assert isinstance(found, NumericProfile)
    known = np.array([value for value in values if math.isfinite(value)])
    assert found.missing == pytest.approx(1 - len(known) / len(values) if values else 0)
    assert len(found.shares) == len(found.edges) + 1 <= BINS
    assert list(found.edges) == sorted(set(found.edges))
    if not len(known):
        assert (found.mean, found.std, found.low, found.high) == (None,) * 4
        return
    assert sum(found.shares) == pytest.approx(1)
    assert (found.low, found.high) == (known.min(), known.max())
    expected = [np.count_nonzero(known < edge) for edge in found.edges]
    shares = np.diff([0, *expected, len(known)]) / len(known)
    assert found.shares == pytest.approx(tuple(shares), abs=0)
    if known.min() < known.max():
        assert set(found.edges) <= set(known.tolist())
        assert min(found.shares) > 0


@pytest.mark.parametrize("rows", [1237, 1240])
def test_edges_are_numpys_deciles(rows: int) -> None:
    values = np.random.default_rng(0).normal(size=rows).astype(np.float32)
    found = column(NUMBER, values, np.float32)
    expected = np.quantile(values, np.arange(1, 10) / 10, method="inverted_cdf")
    assert found.edges == tuple(expected.tolist())
    assert found.mean == pytest.approx(values.astype(float).mean(), abs=1e-12)
    assert found.std == pytest.approx(values.astype(float).std(), abs=1e-12)


def test_a_constant_has_a_bin_of_its_own() -> None:
    found = column(NUMBER, [5.0] * 10, np.float32)
    assert found.shares == (0.0, 1.0, 0.0)
    now: NDArray[np.float32] = np.array([4.999, 5.0, 5.001], dtype=np.float32)
    assert bin_counts(now, found.edges) == [1, 1, 1]


@pytest.mark.parametrize("rare", [-1.0, 1.0])
def test_a_rare_value_beside_a_common_one_is_a_bin(rare: float) -> None:
    found = column(NUMBER, [0.0] * 999 + [rare], np.float32)
    assert sorted(found.shares) == [0.001, 0.999]


def test_the_greatest_float_is_a_constant_too() -> None:
    assert column(NUMBER, [3.4028234663852886e38] * 3, np.float32).shares == (0.0, 1.0)


def test_categories_are_the_commonest_with_the_rest_together() -> None:
    values = [f"c{i:03}" for i in range(60) for _ in range(60 - i)] + [""] * 30
    found = column(CATEGORY, values, object)
    assert isinstance(found, CategoricalProfile)
    total = sum(range(1, 61))
    assert list(found.shares) == [f"c{i:03}" for i in range(CATEGORIES)]
    assert found.shares["c000"] == 60 / total
    assert found.other == sum(range(1, 11)) / total
    assert found.missing == 30 / (total + 30)


def test_equally_common_categories_stand_in_the_order_of_their_names() -> None:
    first = column(CATEGORY, ["b", "a", "c"], object)
    assert list(first.shares) == ["a", "b", "c"]


def test_text_is_profiled_by_length() -> None:
    found = column(TEXT, ["", "ab", "abcd", "ääää"], object)
    assert found == TextProfile(
        name="x", missing=0.25, edges=(4.0,), shares=(1 / 3, 2 / 3), mean=10 / 3
    )


def test_nothing_at_all_is_a_profile() -> None:
    for each in (CATEGORY, TEXT):
        assert column(each, ["", ""], object).missing == 1
        assert column(each, [], object).missing == 0


def test_classes_and_confidence_are_counted() -> None:
    confidence: NDArray[np.float32] = np.array([0.3, 0.35, 0.999, 1.0], dtype=np.float32)
    found = profile_of([], {}, ["b", "a", "b"], ["a", "b", "c"], ["a", "a", "b", "b"], confidence)
    assert found.target == {"a": 1 / 3, "b": 2 / 3, "c": 0.0}
    assert list(found.target) == ["a", "b", "c"]
    assert found.predictions == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert list(found.confidence) == [0, 0, 0, 0.5, 0, 0, 0, 0, 0, 0.5]
    assert found.held_out == 4


def test_tenths_begin_where_they_are_written() -> None:
    for dtype in (np.float32, np.float64):
        edges: NDArray[Any] = np.array([i / 10 for i in range(11)], dtype=dtype)
        assert tenths(edges) == [1] * 9 + [2]


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(3)
    values = random.choice(list("abcdefg"), (500, 1)).astype(object)
    numbers = np.round(random.normal(size=(500, 1)), 2).astype(np.float32)
    other = NumericInput(name="n", tensor="n", missing=0)
    order = random.permutation(500)

    def encoded(rows: Any) -> bytes:
        arrays = {"x": values[rows], "n": numbers[rows]}
        nothing: NDArray[np.float32] = np.empty(0, dtype=np.float32)
        return encode(profile_of([CATEGORY, other], arrays, ["a"] * 500, ["a"], [], nothing))

    assert encoded(order) == encoded(slice(None))
    assert json.loads(encoded(order))["rows"] == 500
    assert Counter(values[:, 0].tolist()).total() == 500
