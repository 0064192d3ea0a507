"""What stands in one panel of a timeline: stacked steps, a spread with its middle, or dots."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from deployer.reports.charts.axes import y_axis
from deployer.reports.charts.marks import MARKS, dot, line, mark
from deployer.reports.charts.scales import Scale, scale
from deployer.reports.charts.svg import Svg, element, group, number
from deployer.reports.charts.text import compact

__all__ = ["Dots", "Layer", "Panel", "Spread", "Stack", "Tone", "draw_panel", "legend"]

Tone = Literal["s0", "s1", "s2", "s3", "s4"]
_DECADE = 10.0
_CLOSE = 1.6
"""Decades that get ticks between the powers of ten, so that an axis has more than one."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One part of a stack.

    Attributes:
        name: in the legend.
        values: one for each bin, from 0.
        tone: its colour.

    """

    name: str
    values: Sequence[float]
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Layers upon each other, the first at the bottom."""

    title: str
    layers: Sequence[Layer]
    height: float = 110


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Numbers over a logarithmic axis: a middle, how far most are from it, and the greatest.

    Attributes:
        title: above the axis.
        middle: of each bin; NaN where there is none. All are greater than 0.
        high: likewise.
        most: likewise.
        names: of the three, in the legend.
        unit: how a value of the axis is written.
        tone: its colour; dots are of the next.

    """

    title: str
    middle: Sequence[float]
    high: Sequence[float]
    most: Sequence[float]
    names: tuple[str, str, str]
    unit: Literal["seconds", ""] = ""
    tone: Tone = "s2"
    height: float = 130


@dataclass(frozen=True, kw_only=True)
class Dots:
    """Points over a logarithmic axis, in some classes.

    Attributes:
        title: above the axis.
        groups: name, tone, and points (x, y), y greater than 0; the last are drawn on top.
        unit: how a value of the axis is written.

    """

    title: str
    groups: Sequence[tuple[str, Tone, Sequence[tuple[float, float]]]]
    unit: Literal["seconds", ""] = ""
    height: float = 170


Panel = Stack | Spread | Dots


def draw_panel(panel: Panel, edges: Sequence[float], across: Scale, *, top: float) -> Svg:
    """Return a panel between `top` and `top` + its height, with its axis to the left.

    Args:
        panel: what to draw.
        edges: of the bins, one more than there are; ascending.
        across: from those to x.
        top: of the drawing, the panel's title included.

    """
    if isinstance(panel, Spread):
        return _spread(panel, edges, across, top)
    if isinstance(panel, Dots):
        return _dots(panel, across, top)
    totals = [math.fsum(each) for each in zip(*(one.values for one in panel.layers), strict=True)]
    most = max([total for total in totals if math.isfinite(total)], default=0.0)
    up = scale([0.0, most or 1.0], top + panel.height, top + 24)
    drawn = [y_axis(up, left=across.start, right=across.end, label=panel.title, most=4)]
    under = [0.0] * len(totals)
    for layer in panel.layers:
        over = [low + value for low, value in zip(under, layer.values, strict=True)]
        drawn.append(_steps(under, over, edges, across, up, f"area {layer.tone}"))
        under = over
    return group(*drawn)


def legend(panel: Panel) -> list[tuple[str, str, str]]:
    """Return what a panel's colours mean: name, kind of sample, class or number of the series."""
    if isinstance(panel, Stack):
        return [(each.name, "area", f"area {each.tone}") for each in panel.layers]
    if isinstance(panel, Dots):
        return [(name, "mark", tone[1:]) for name, tone, _ in panel.groups]
    middle, high, most = panel.names
    return [
        (middle, "line", f"line {panel.tone}"),
        (high, "area", f"haze {panel.tone}"),
        (most, "dot", f"dot {panel.tone}"),
    ]


def _steps(
    under: Sequence[float],
    over: Sequence[float],
    edges: Sequence[float],
    across: Scale,
    up: Scale,
    class_: str,
) -> Svg:
    """Return one path for runs of bins that hold something: rectangles would show seams."""
    parts: list[str] = []
    run: list[int] = []
    for i in range(len(over) + 1):
        if i < len(over) and over[i] > under[i]:
            run.append(i)
        elif run:
            parts.append(_outline(run, under, over, edges, across, up))
            run = []
    return element("path", d="".join(parts), class_=class_) if parts else Svg("")


def _outline(
    run: Sequence[int],
    under: Sequence[float],
    over: Sequence[float],
    edges: Sequence[float],
    across: Scale,
    up: Scale,
) -> str:
    def point(x: float, y: float) -> str:
        return f"{number(across(x))} {number(up(y))}"

    there = [p for i in run for p in ((edges[i], over[i]), (edges[i + 1], over[i]))]
    back = [p for i in reversed(run) for p in ((edges[i + 1], under[i]), (edges[i], under[i]))]
    points: list[str] = []
    for x, y in (*there, *back):
        shown = point(x, y)
        if not points or points[-1] != shown:
            points.append(shown)
    return f"M{'L'.join(points)}Z"


def _spread(panel: Spread, edges: Sequence[float], across: Scale, top: float) -> Svg:
    axis, up = _log_axis(panel, (*panel.middle, *panel.most), across, top)
    return group(axis, *_haze(panel, edges, across, up), *_middle(panel, edges, across, up))


def _dots(panel: Dots, across: Scale, top: float) -> Svg:
    values = [y for _, _, points in panel.groups for _, y in points]
    axis, up = _log_axis(panel, values, across, top)
    drawn = []
    for _, tone, found in panel.groups:
        series, size = int(tone[1:]), 2.0 if tone == "s0" else 2.6
        placed = [(across(x), up(math.log10(y))) for x, y in found]
        drawn.append(group(*(mark(x, y, series=series, size=size) for x, y in placed)))
    return group(axis, *drawn)


def _log_axis(
    panel: Spread | Dots, values: Sequence[float], across: Scale, top: float
) -> tuple[Svg, Scale]:
    known = [v for v in values if math.isfinite(v) and v > 0] or [0.001, 1.0]
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    up = Scale(low=low, high=max(high, low + 1), start=top + panel.height, end=top + 24)
    factors = (1, 2, 5) if up.high - up.low < _CLOSE else (1,)
    ticks = [math.log10(f * _DECADE**p) for p in range(low, int(up.high) + 1) for f in factors]
    ticks = [tick for tick in ticks if tick <= up.high]
    names = [_named(_DECADE**tick, panel.unit) for tick in ticks]
    axis = y_axis(
        up, left=across.start, right=across.end, label=panel.title, ticks=ticks, names=names
    )
    return axis, up


def _haze(panel: Spread, edges: Sequence[float], across: Scale, up: Scale) -> list[Svg]:
    pairs = list(zip(panel.middle, panel.high, strict=True))
    seen = [all(math.isfinite(v) and v > 0 for v in pair) for pair in pairs]
    under = [math.log10(a) if ok else 0.0 for (a, _), ok in zip(pairs, seen, strict=True)]
    over = [math.log10(b) if ok else 0.0 for (_, b), ok in zip(pairs, seen, strict=True)]
    return [_steps(under, over, edges, across, up, f"haze {panel.tone}")]


def _middle(panel: Spread, edges: Sequence[float], across: Scale, up: Scale) -> list[Svg]:
    runs: list[list[tuple[float, float]]] = [[]]
    dots = []
    for i, (middle, most) in enumerate(zip(panel.middle, panel.most, strict=True)):
        x = across((edges[i] + edges[i + 1]) / 2)
        if math.isfinite(middle) and middle > 0:
            runs[-1].append((x, up(math.log10(middle))))
        elif runs[-1]:
            runs.append([])
        if math.isfinite(most) and most > 0:
            dots.append(dot(x, up(math.log10(most)), radius=1.4, class_=f"dot {panel.tone}"))
    index = int(panel.tone[1]) % MARKS
    lines = [line(run, series=index) for run in runs if len(run) > 1]
    return [group(*dots), *lines]


def _named(value: float, unit: str) -> str:
    if unit != "seconds":
        return compact(value)
    if value < 1:
        shown = value * 1000
        return f"{compact(float(f'{shown:.3g}'))} ms"
    return f"{compact(float(f'{value:.3g}'))} s"
