"""Drift: the stability index by its definition, and no claim that chance alone explains."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.evaluation.drift import ColumnDrift, drift_of, stability
from deployer.packaging.documents import (
    CategoricalInput,
    DateInput,
    Input,
    NumericInput,
    TextInput,
)
from deployer.packaging.profile import profile_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBER = NumericInput(name="x", tensor="x", missing=0)
CATEGORY = CategoricalInput(name="x", tensor="x", missing=0, categories=())
TEXT = TextInput(name="x", tensor="x", missing=0)
DATE = DateInput(name="x", tensor="x", missing=0)
DTYPES: dict[Input, Any] = {NUMBER: np.float32, CATEGORY: object, TEXT: object, DATE: np.float64}

counts = st.lists(st.integers(0, 10**6), min_size=1, max_size=12)


def drift(each: Input, then: Any, now: Any) -> ColumnDrift:
    before: NDArray[Any] = np.array(then, dtype=DTYPES[each]).reshape(-1, 1)
    after: NDArray[Any] = np.array(now, dtype=DTYPES[each]).reshape(-1, 1)
    nothing: NDArray[np.float32] = np.empty(0, dtype=np.float32)
    profile = profile_of([each], {"x": before}, ["a"] * len(before), ["a"], [], nothing)
    (found,) = drift_of(profile, [each], {"x": after})
    return found


def normal(seed: int, rows: int, shift: float = 0.0) -> "NDArray[np.float32]":
    return (np.random.default_rng(seed).normal(size=rows) + shift).astype(np.float32)


def test_the_index_is_that_of_its_definition() -> None:
    then, now = [10, 20, 70], [30, 30, 140]
    p = [10.5 / 101.5, 20.5 / 101.5, 70.5 / 101.5]
    q = [30.5 / 201.5, 30.5 / 201.5, 140.5 / 201.5]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    psi, chance = stability(then, now)
    assert psi == pytest.approx(expected, rel=1e-12)
    # 5.991 is the 95th percentile of chi-squared with 2 degrees of freedom, in any table.
    assert chance == pytest.approx(5.991 * (1 / 100 + 1 / 200), rel=1e-4)


def test_bins_that_nobody_is_in_do_not_count() -> None:
    assert stability([10, 0, 20], [300, 0, 200]) == stability([10, 20], [300, 200])
    assert stability([10, 0], [300, 0]) == (0, 0)


@given(counts)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_rows_have_not_drifted(same: list[int]) -> None:
    psi, _ = stability(same, same)
    assert psi == (0 if sum(same) else None)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1), st.randoms())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_index_is_a_number_that_no_order_of_bins_changes(
    pairs: list[tuple[int, int]], random: Any
) -> None:
    def index(of: list[tuple[int, int]]) -> float | None:
        return stability([p for p, _ in of], [q for _, q in of])[0]

    psi = index(pairs)
    if not sum(p for p, _ in pairs) or not sum(q for _, q in pairs):
        assert psi is None
        return
    assert psi is not None
    assert math.isfinite(psi)
    assert psi >= 0
    moved = list(pairs)
    random.shuffle(moved)
    assert index(moved) == psi
    assert index([(q, p) for p, q in pairs]) == pytest.approx(psi, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("each", [NUMBER, DATE])
def test_a_greater_shift_drifts_more(each: Input) -> None:
    then = normal(0, 5000)
    found = [drift(each, then, normal(1, 5000, shift)) for shift in (0, 0.1, 0.3, 0.5, 1, 2, 5)]
    psis = [each.psi or 0 for each in found]
    assert psis == sorted(psis)
    # Two normal distributions that are d apart: sum((q-p) ln(q/p)) is d² before binning.
    assert psis[3] == pytest.approx(0.25, abs=0.05)
    assert [each.level for each in found] == [
        "none",
        "none",
        "none",
        *[found[3].level],
        *["strong"] * 3,
    ]


def test_levels_are_those_that_were_published() -> None:
    then = ["a"] * 5000 + ["b"] * 5000
    shares = {0.5: "none", 0.63: "none", 0.68: "some", 0.72: "some", 0.78: "strong"}
    for share, level in shares.items():
        a = round(10_000 * share)
        found = drift(CATEGORY, then, ["a"] * a + ["b"] * (10_000 - a))
        exact = (share - 0.5) * math.log(share / 0.5) + (0.5 - share) * math.log((1 - share) / 0.5)
        assert found.psi == pytest.approx(exact, abs=1e-3)
        assert found.level == level


def test_no_order_of_rows_changes_anything() -> None:
    then, now = normal(0, 300), normal(1, 400)
    assert drift(NUMBER, then[::-1], np.sort(now)) == drift(NUMBER, then, now)


@pytest.mark.parametrize("each", [NUMBER, CATEGORY, TEXT, DATE])
def test_few_rows_are_said_to_be_few(each: Input) -> None:
    texts = [f"{'w' * (i % 17)}" for i in range(1000)]
    numbers = [float(i % 17) for i in range(1000)]
    values: Any = texts if each in (CATEGORY, TEXT) else numbers
    assert drift(each, values, values[:20]).level == "too few rows"
    assert drift(each, values, []).level == "too few rows"
    assert drift(each, values, []).psi is None
    assert drift(each, [], values).level == "too few rows"
    assert drift(each, values, values).level == "none"


def test_chance_is_rarely_taken_for_drift() -> None:
    """Without drift, at most one column in twenty is said to have drifted, however few rows."""
    then = normal(0, 2000)
    for rows in (15, 60, 200, 1000):
        found = [drift(NUMBER, then, normal(seed + 1, rows)).level for seed in range(200)]
        false = sum(level in {"some", "strong"} for level in found)
        assert false <= 20, rows
        assert rows < 1000 or set(found) == {"none"}


def test_few_rows_far_away_have_drifted() -> None:
    assert drift(NUMBER, normal(0, 2000), normal(1, 60, 4.0)).level == "strong"


def test_values_that_went_missing_are_drift() -> None:
    then = normal(0, 2000)
    now = then.copy()
    now[::2] = np.nan
    found = drift(NUMBER, then, now)
    assert (found.missing_then, found.missing_now) == (0, 0.5)
    assert found.level == "strong"
    assert sum(found.now) == pytest.approx(1)
    everything = drift(NUMBER, then, np.full(2000, np.nan))
    assert everything.level == "strong"
    assert sum(everything.now) == 0


@pytest.mark.parametrize(("then", "now"), [("a", "b"), (1.0, 1.1), (0.0, -0.5)])
def test_a_constant_that_changes_has_drifted(then: Any, now: Any) -> None:
    each: Input = CATEGORY if isinstance(then, str) else NUMBER
    assert drift(each, [then] * 500, [now] * 500).level == "strong"
    assert drift(each, [then] * 500, [then] * 500).psi == 0


def test_new_categories_count_together() -> None:
    found = drift(
        CATEGORY, ["a"] * 500 + ["b"] * 500, ["a"] * 500 + ["new"] * 250 + ["newer"] * 250
    )
    assert found.bins == ("a", "b", "(other)")
    assert list(found.now) == [0.5, 0, 0.5]
    assert found.level == "strong"


def test_bins_are_named_for_the_eye() -> None:
    assert drift(NUMBER, [1, 2, 3], [1]).bins == ("below 2", "2 to 3", "from 3")
    day = 86400.0
    assert drift(DATE, [0, 40 * day, 90 * day], [0]).bins == (
        "below 1970-02-10",
        "1970-02-10 to 1970-04-01",
        "from 1970-04-01",
    )
    assert drift(DATE, [0, day, 2 * day], [0]).bins[0] == "below 1970-01-02T00:00"
    assert drift(TEXT, ["a", "ab"], ["a"]).bins == ("below 2 characters", "from 2 characters")


def test_labels_and_answers_drift_too() -> None:
    random = np.random.default_rng(0)
    labels = random.choice(["a", "b"], 3000).astype(object)
    sure = random.uniform(0.5, 1, 1000).astype(np.float32)
    profile = profile_of([], {}, labels, ["a", "b"], labels[:1000], sure)
    same = drift_of(profile, [], {}, labels=labels, predicted=labels[:1000], confidence=sure)
    assert [each.kind for each in same] == ["target", "prediction", "confidence"]
    assert [each.psi for each in same] == [0, 0, 0]
    assert [each.level for each in same] == ["none"] * 3
    only = ["a"] * 900 + ["unknown"] * 100
    other = drift_of(profile, [], {}, labels=only, predicted=only, confidence=sure / 2)
    assert [each.level for each in other] == ["strong"] * 3
    assert list(other[0].now) == [0.9, 0, 0.1]


def test_without_held_out_rows_nothing_is_said_of_answers() -> None:
    nothing: NDArray[np.float32] = np.empty(0, dtype=np.float32)
    profile = profile_of([], {}, ["a"], ["a"], [], nothing)
    assert drift_of(profile, [], {}, predicted=["a"], confidence=np.ones(1)) == ()
