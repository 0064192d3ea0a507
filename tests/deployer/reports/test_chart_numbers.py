"""Scales, ticks, and numbers and labels as text."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.reports.charts.lines import spread
from deployer.reports.charts.matrix import shade
from deployer.reports.charts.scales import Scale, nice_ticks, scale, tick_labels
from deployer.reports.charts.svg import number, path
from deployer.reports.charts.text import clean, compact, fixed, percent, shorten, width

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 97, [0, 20, 40, 60, 80]),
        (-0.3, 0.3, [-0.2, 0, 0.2]),
        (3.1, 3.2, [3.1, 3.12, 3.14, 3.16, 3.18, 3.2]),
        (1e9, 1e9 + 40, [1e9, 1e9 + 10, 1e9 + 20, 1e9 + 30, 1e9 + 40]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == ticks


@given(FINITE, FINITE, st.integers(1, 10))
def test_ticks_stay_in_any_range(a: float, b: float, most: int) -> None:
    low, high = sorted((a, b))
    ticks = nice_ticks(low, high, most)
    assert len(ticks) <= most + 2
    assert ticks == sorted(set(ticks))
    room = 1e-6 * (high / 2 - low / 2)
    assert all(math.isfinite(tick) and low - room <= tick <= high + room for tick in ticks)
    assert len(tick_labels(ticks)) == len(ticks)


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (0.0, math.inf), (math.nan, 1.0)])
def test_ranges_without_ticks(ends: tuple[float, float]) -> None:
    assert len(nice_ticks(*ends)) <= 1


@given(st.lists(st.floats()), st.floats())
def test_a_scale_draws_whatever_comes(values: list[float], value: float) -> None:
    across = scale(values, 10, 110)
    assert across.low < across.high
    if not math.isnan(value):
        assert 10 <= across(value) <= 110


def test_a_scale_is_linear_and_holds_what_is_beyond() -> None:
    down = Scale(low=0, high=4, start=100, end=20)
    assert [down(value) for value in (0, 1, 4, -9, math.inf)] == [100, 80, 20, 100, 20]
    with pytest.raises(ValueError, match="NaN"):
        down(math.nan)


def test_a_scale_over_one_value_has_it_in_the_middle() -> None:
    for value in (0.0, 5.0, -3.0, 1e300):
        assert scale([value, math.nan], 0, 100)(value) == pytest.approx(50)


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        ([-10.0, 0.0, 10.0], ["−10", "0", "10"]),  # noqa: RUF001 - a minus sign
        ([2007.0, 2008.0], ["2007", "2008"]),
        ([0.0, 20000.0], ["0", "20,000"]),
        ([0.0, 5e6], ["0", "5e6"]),
        ([1.5e9, 1.6e9], ["1.5e9", "1.6e9"]),
    ],
)
def test_tick_labels(ticks: list[float], labels: list[str]) -> None:
    assert tick_labels(ticks) == labels


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.0, "100%"),
        (0.9999, ">99.9%"),
        (0.987, "98.7%"),
        (0.0001, "<0.1%"),
        (0.0, "0.0%"),
        (None, "–"),  # noqa: RUF001 - a dash for nothing
        (math.nan, "–"),  # noqa: RUF001
    ],
)
def test_percentages_do_not_round_to_all_or_nothing(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_numbers() -> None:
    assert [fixed(v) for v in (0.98765, -0.0001, -0.5)] == ["0.988", "0.000", "−0.500"]  # noqa: RUF001
    shown = [compact(v) for v in (0.0123456, 2008.0, 42130.4, 1.2e9, 0, -3.5, None)]
    assert shown == ["0.01235", "2008", "42,130", "1.2e+09", "0", "−3.5", "–"]  # noqa: RUF001


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_a_coordinate(value: float) -> None:
    with pytest.raises(ValueError, match="coordinate"):
        number(value)


def test_a_path_drops_only_what_cannot_be_seen() -> None:
    stairs = [(0.0, 0.0), (0.0, 1.0), (0.0, 1.01), (0.0, 5.0), (3.0, 5.0), (9.0, 5.0), (10.0, 6.0)]
    assert path(stairs) == "M0 0L0 5L9 5L10 6"
    assert path([]) == ""


@given(st.text(), st.integers(2, 40))
def test_labels_are_short_and_hold_no_control(label: str, most: int) -> None:
    shown = shorten(label, max(most, 7))
    assert width(shown) <= max(most, 7)
    assert not set(shown) & set(
        map(chr, [*range(32), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
    )
    assert shown == shown.encode("utf-8").decode("utf-8")


def test_labels() -> None:
    assert shorten("a" * 30, 10) == "a" * 9 + "…"
    assert shorten("漢字漢字", 5) == "漢字…"
    assert shorten(" \t", 10) == "(blank)"
    assert clean("a\nb\x00c\u202ed\ud800") == "a b\ufffdc\ufffdd\ufffd"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_names_at_lines_do_not_overlap(ends: list[float]) -> None:
    placed = spread(sorted(ends), 14, 0, 100)
    assert all(b - a >= 14 - 1e-9 for a, b in itertools.pairwise(placed))
    assert placed[0] >= -1e-9
    assert placed[-1] <= 100 + 1e-9


def test_a_shade_tells_nothing_from_little() -> None:
    assert [shade(s) for s in (0, 1e-6, 0.5, 0.999, 1.0)] == [0, 1, 5, 9, 9]
