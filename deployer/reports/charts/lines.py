"""Line charts, the names of the lines at the lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deployer.reports.charts.axes import x_axis, y_axis
from deployer.reports.charts.marks import MARKS, line, mark, rule
from deployer.reports.charts.scales import Scale, scale
from deployer.reports.charts.svg import Svg, chart, text
from deployer.reports.charts.text import shorten
from deployer.reports.charts.text import width as text_width

__all__ = ["Series", "line_chart", "spread"]

_LETTER = 7.4
_APART = 15.0
_SAMPLE = 22.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line: points that are not finite are gaps.

    Attributes:
        name: written at its end, unless there is one line only.
        points: (x, y), in order of x.
        marks: whether every point gets a mark.

    """

    name: str
    points: Sequence[tuple[float, float]]
    marks: bool = False


def line_chart(
    series: Sequence[Series],
    *,
    key: str,
    title: str,
    describe: str,
    x_label: str,
    y_label: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    diagonal: bool = False,
    uprights: Sequence[tuple[float, str]] = (),
    levels: Sequence[tuple[float, str]] = (),
    width: float = 360,
    height: float = 250,
    ticks: int = 5,
    class_: str = "chart",
) -> Svg:
    """Return a chart of `series` over common axes.

    Args:
        series: the lines; more than five repeat colours and dashes.
        key: unique in the page.
        title: for a screen reader; likewise `describe`.
        describe: what there is to see.
        x_label: with the unit; likewise `y_label`.
        y_label: stands above the axis.
        x_range: from, to; that of the points if None.
        y_range: likewise.
        diagonal: whether to draw y = x to compare with.
        uprights: x and what to call it, to compare with.
        levels: y and what to call it.
        width: of the drawing; likewise `height`.
        height: the axes included.
        ticks: about how many on either axis.
        class_: of the chart.

    """
    named = len(series) > 1
    names = [shorten(each.name, 14) for each in series]
    margin = 12 + (max(map(text_width, names)) * _LETTER + _SAMPLE + 5 if named else 0)
    finite = [p for each in series for p in each.points if all(map(math.isfinite, p))]
    across = scale([x for x, _ in finite], 38, width - margin, include=x_range or ())
    up = scale([y for _, y in finite], height - 38, 26, include=y_range or ())
    body = [
        y_axis(up, left=38, right=across.end, label=y_label, most=ticks),
        x_axis(across, top=up.end, bottom=up.start, label=x_label, most=ticks),
    ]
    if diagonal:
        low, high = max(across.low, up.low), min(across.high, up.high)
        body.append(rule(across(low), up(low), across(high), up(high)))
    body += _references(across, up, uprights, levels)
    for i, each in enumerate(series):
        body += _drawn(each, i, across, up)
    if named:
        body += _names(series, names, across, up)
    return chart(
        *body, key=key, title=title, describe=describe, width=width, height=height, class_=class_
    )


def _references(
    across: Scale,
    up: Scale,
    uprights: Sequence[tuple[float, str]],
    levels: Sequence[tuple[float, str]],
) -> list[Svg]:
    drawn = []
    for x, name in uprights:
        drawn.append(rule(across(x), up.start, across(x), up.end))
        if name:
            drawn.append(text(across(x) + 4, up.start - 6, shorten(name, 24), class_="note"))
    for y, name in levels:
        drawn.append(rule(across.start, up(y), across.end, up(y)))
        if name:
            drawn.append(text(across.start + 4, up(y) - 5, shorten(name, 36), class_="note"))
    return drawn


def _drawn(each: Series, index: int, across: Scale, up: Scale) -> list[Svg]:
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in each.points:
        if math.isfinite(x) and math.isfinite(y):
            runs[-1].append((across(x), up(y)))
        elif runs[-1]:
            runs.append([])
    drawn = [line(run, series=index) for run in runs if len(run) > 1]
    # A point between two gaps has no line to be seen by.
    single = [run[0] for run in runs if len(run) == 1]
    marked = [point for run in runs for point in run] if each.marks else single
    return [*drawn, *(mark(x, y, series=index) for x, y in marked)]


def _names(series: Sequence[Series], names: list[str], across: Scale, up: Scale) -> list[Svg]:
    ends = []
    for i, each in enumerate(series):
        last = next((y for _, y in reversed(each.points) if math.isfinite(y)), None)
        if last is not None:
            ends.append((up(last), i))
    placed = spread([y for y, _ in sorted(ends)], _APART, up.end, up.start)
    start = across.end + 6
    drawn = []
    for y, (_, i) in zip(placed, sorted(ends), strict=True):
        # A sample of the line: where lines end together, the order of the names says nothing.
        drawn.append(line([(start, y), (start + _SAMPLE, y)], series=i))
        drawn.append(text(start + _SAMPLE + 5, y + 4, names[i], class_=f"label s{i % MARKS}"))
    return drawn


def spread(positions: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Return ascending `positions` moved to be at least `apart`, within [low, high] if they fit."""
    placed: list[float] = []
    for position in positions:
        placed.append(max(position, placed[-1] + apart if placed else low))
    limit = high
    for i in range(len(placed) - 1, -1, -1):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - apart
    return placed
