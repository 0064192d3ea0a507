"""One row per thing: a bar, a dot with its interval, or two bars to compare."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.reports.charts.axes import x_axis
from deployer.reports.charts.marks import bar, rule, whisker
from deployer.reports.charts.scales import Scale, scale
from deployer.reports.charts.svg import Svg, chart, group, text
from deployer.reports.charts.text import shorten
from deployer.reports.charts.text import width as text_width

__all__ = ["Pair", "Row", "axis_floor", "bar_rows", "dot_rows", "pair_rows"]

_WIDTH = 360.0
_STEP = 22.0
_LETTER = 7.2
_TOP = 8.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing and its number.

    Attributes:
        label: what it is.
        value: None is a row without a mark.
        low: of the interval, if there is one; likewise `high`.
        shown: the number as it is written at the right.
        wrong: whether it is drawn in the colour of what needs a look.

    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    shown: str = ""
    wrong: bool = False


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One thing and two shares of it, the first drawn hollow and the second solid."""

    label: str
    first: float
    second: float
    tip: str


def dot_rows(
    rows: Sequence[Row],
    *,
    key: str,
    title: str,
    describe: str,
    x_label: str,
    x_range: tuple[float, float] | None = None,
    reference: tuple[float, str] | None = None,
) -> Svg:
    """Return a row per thing with a dot and, where there is an interval, its whisker.

    Args:
        rows: from top to bottom.
        key: unique in the page.
        title: for a screen reader; likewise `describe`.
        describe: what there is to see.
        x_label: with the unit.
        x_range: that of the numbers and intervals if None.
        reference: a number to compare with, and what to call it.

    """
    known = [v for row in rows for v in (row.value, row.low, row.high) if v is not None]
    include = (*(x_range or ()), *((reference[0],) if reference else ()))
    left, right = _margins(rows)
    across = scale(known, left, right, include=include)
    drawn = []
    for i, row in enumerate(rows):
        if row.value is not None:
            y = _middle(i, reference)
            drawn.append(whisker(across, y, value=row.value, low=row.low, high=row.high))
    return _finish(rows, drawn, across, key, title, describe, x_label, reference)


def bar_rows(
    rows: Sequence[Row],
    *,
    key: str,
    title: str,
    describe: str,
    x_label: str,
    x_range: tuple[float, float] | None = None,
    width: float = _WIDTH,
) -> Svg:
    """Return a row per thing with a bar from zero, its whisker over it; as `dot_rows`."""
    known = [v for row in rows for v in (row.value, row.low, row.high) if v is not None]
    left, right = _margins(rows, width)
    across = scale(known, left, right, include=(0.0, *(x_range or ())))
    zero = across(0.0)
    drawn = []
    for i, row in enumerate(rows):
        if row.value is None:
            continue
        y = _middle(i, None)
        tone = "bar s1" if row.wrong else "bar s0"
        drawn.append(bar(zero, y - 7, across(row.value) - zero, 14, class_=tone))
        if row.low is not None and row.high is not None:
            drawn.append(rule(across(row.low), y, across(row.high), y, class_="spread"))
    return _finish(rows, drawn, across, key, title, describe, x_label, None, whole=width)


def pair_rows(pairs: Sequence[Pair], *, key: str, title: str, describe: str, x_label: str) -> Svg:
    """Return a row per thing with two bars: the first hollow, the second solid below it."""
    rows = [Row(label=pair.label, value=None) for pair in pairs]
    left, right = _margins(rows)
    shares = [share for pair in pairs for share in (pair.first, pair.second)]
    across = scale(shares, left, right, include=(0.0,))
    zero = across(0.0)
    drawn = [
        group(
            bar(zero, _middle(i, None) - 8, across(pair.first) - zero, 7, class_="then"),
            bar(zero, _middle(i, None), across(pair.second) - zero, 7, class_="bar s1"),
            tip=pair.tip,
        )
        for i, pair in enumerate(pairs)
    ]
    return _finish(rows, drawn, across, key, title, describe, x_label, None)


def axis_floor(rows: Sequence[Row], *others: float) -> float:
    """Return where an axis of shares starts: at the tenth below all of `rows` and `others`."""
    known = [v for row in rows for v in (row.value, row.low) if v is not None]
    return max(math.floor(10 * min([*known, *others, 1.0]) + 1e-9) / 10, -1.0)


def _margins(rows: Sequence[Row], whole: float = _WIDTH) -> tuple[float, float]:
    labels = max((text_width(_label(row, whole)) for row in rows), default=0)
    shown = max((len(row.shown) for row in rows), default=0)
    return max(labels * _LETTER + 12, 24), whole - max(shown * _LETTER + 14, 16)


def _label(row: Row, whole: float) -> str:
    return shorten(row.label, 20 if whole >= _WIDTH else 11)


def _middle(index: int, reference: object) -> float:
    return _TOP + (14 if reference else 0) + _STEP * (index + 0.5)


def _finish(
    rows: Sequence[Row],
    drawn: Sequence[Svg],
    across: Scale,
    key: str,
    title: str,
    describe: str,
    x_label: str,
    reference: tuple[float, str] | None,
    *,
    whole: float = _WIDTH,
) -> Svg:
    top = _middle(0, reference) - _STEP / 2
    bottom = top + _STEP * max(len(rows), 1)
    lines = [
        x_axis(across, top=top, bottom=bottom, label=x_label, most=5 if whole >= _WIDTH else 2)
    ]
    if reference:
        x = across(reference[0])
        name = shorten(reference[1], 30)
        near = x + text_width(name) * _LETTER > whole
        lines += [
            rule(x, top - 2, x, bottom),
            text(x, top - 6, name, class_="note end" if near else "note"),
        ]
    labels = []
    for i, row in enumerate(rows):
        y = _middle(i, reference) + 4
        labels.append(text(across.start - 8, y, _label(row, whole), class_="end", tip=row.label))
        if row.shown:
            labels.append(text(whole, y, row.shown, class_="end value"))
    return chart(
        *lines,
        *drawn,
        *labels,
        key=key,
        title=title,
        describe=describe,
        width=whole,
        height=bottom + 36,
        class_="chart" if whole >= _WIDTH else "chart mini",
    )
