"""A timeline: panels over one axis, with what happened above and behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from deployer.reports.charts.axes import x_axis
from deployer.reports.charts.marks import bar, dot, mark, rule
from deployer.reports.charts.panels import Panel, draw_panel, legend
from deployer.reports.charts.scales import Scale
from deployer.reports.charts.svg import Svg, chart, element, group, number, text
from deployer.reports.charts.text import shorten
from deployer.reports.charts.text import width as text_width

__all__ = ["Lane", "Span", "timeline"]

_WIDTH = 900.0
_LEFT, _RIGHT = 58.0, 148.0
_LANE = 19.0
_STRIP = 24.0
_BETWEEN = 26.0
_LETTER = 6.6
_NAME = 64


@dataclass(frozen=True, kw_only=True)
class Span:
    """Something that lasted from `start` to `end`, or happened at once if they are the same."""

    start: float
    end: float
    name: str = ""
    tip: str = ""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A line above the panels with what happened.

    Attributes:
        name: written beside it.
        spans: on it, in order.
        kind: a fault shades the panels below it; work does not; a moment has a line through them.

    """

    name: str
    spans: Sequence[Span]
    kind: Literal["fault", "work", "moment"] = "fault"


def timeline(
    panels: Sequence[Panel],
    *,
    edges: Sequence[float],
    strip: Sequence[Span] = (),
    lanes: Sequence[Lane] = (),
    tips: Sequence[str] = (),
    x_label: str,
    key: str,
    title: str,
    describe: str,
) -> Svg:
    """Return panels below each other over one axis.

    Args:
        panels: from top to bottom.
        edges: of the bins of all of them: one more than there are, ascending.
        strip: what follows each other, such as phases: named at the top.
        lanes: from top to bottom, between the strip and the panels.
        tips: of each bin, shown when a pointer rests on it.
        x_label: what the axis counts.
        key: unique in the page.
        title: for a screen reader; likewise `describe`.
        describe: what there is to see.

    """
    across = Scale(low=edges[0], high=edges[-1], start=_LEFT, end=_WIDTH - _RIGHT)
    above = _STRIP if strip else 4.0
    first = above + _LANE * len(lanes) + 12
    tops, y = [], first
    for panel in panels:
        tops.append(y)
        y += panel.height + _BETWEEN
    bottom = y - (_BETWEEN if panels else 0.0)
    numbered = [(each, above + _LANE * (i + 0.5)) for i, each in enumerate(lanes)]
    body = [
        *(_shade(each, across, first, bottom) for each in lanes if each.kind == "fault"),
        *_strip(strip, across, bottom),
        *(draw_panel(each, edges, across, top=top) for each, top in zip(panels, tops, strict=True)),
        *(_uprights(each, across, y, bottom) for each, y in numbered),
        *(_lane(each, across, y) for each, y in numbered),
        *(_legend(each, across, top) for each, top in zip(panels, tops, strict=True)),
        x_axis(across, top=bottom, bottom=bottom, label=x_label, most=10),
        *_tips(tips, edges, across, first, bottom),
    ]
    return chart(
        *body,
        key=key,
        title=title,
        describe=describe,
        width=_WIDTH,
        height=bottom + 40,
        class_="timeline",
    )


def _strip(phases: Sequence[Span], across: Scale, bottom: float) -> list[Svg]:
    drawn = []
    for i, each in enumerate(phases):
        left, right = across(each.start), across(each.end)
        inner = [bar(left, 0, right - left, _STRIP - 6, class_=f"phase p{i % 2}")]
        if i:
            drawn.append(rule(left, _STRIP - 6, left, bottom, class_="border"))
        if text_width(each.name) * _LETTER < right - left - 4:
            inner.append(text((left + right) / 2, 13, each.name, class_="tick mid"))
        drawn.append(group(*inner, tip=each.tip or None))
    return drawn


def _shade(lane: Lane, across: Scale, top: float, bottom: float) -> Svg:
    edges = [(across(each.start), across(each.end)) for each in lane.spans]
    return group(*(bar(a, top, max(b - a, 1.0), bottom - top, class_="shade") for a, b in edges))


def _uprights(lane: Lane, across: Scale, y: float, bottom: float) -> Svg:
    if lane.kind == "work":
        return Svg("")
    class_ = "moment" if lane.kind == "moment" else "edge"
    at = sorted({across(x) for each in lane.spans for x in (each.start, each.end)})
    return group(*(rule(x, y, x, bottom, class_=class_) for x in at))


def _lane(lane: Lane, across: Scale, y: float) -> Svg:
    drawn = []
    for each in lane.spans:
        left, right = across(each.start), across(each.end)
        if lane.kind == "moment":
            shape = dot(left, y, radius=4, class_="point")
        else:
            shape = bar(left, y - 6, max(right - left, 2.0), 12, class_=lane.kind)
        drawn.append(group(shape, tip=each.tip or None))
    return group(*drawn, _named(lane, across, y)) if lane.spans else Svg("")


def _named(lane: Lane, across: Scale, y: float) -> Svg:
    """Return a lane's name: to the right where there is room, else to the left, else within."""
    left, right = across(lane.spans[0].start), max(across(each.end) for each in lane.spans)
    name = shorten(lane.name, _NAME)
    wide = text_width(name) * _LETTER
    if right + 8 + wide <= _WIDTH:
        return text(right + 8, y + 4, name, class_="what")
    if left - 8 - wide >= 0:
        return text(left - 8, y + 4, name, class_="what end")
    if lane.kind == "fault" and len(lane.spans) == 1 and right - left > wide + 12:
        return text(left + 6, y + 4, name, class_="what inside")
    if left > _WIDTH - right:
        return text(left - 8, y + 4, _cut(lane.name, left - 8), class_="what end")
    return text(right + 8, y + 4, _cut(lane.name, _WIDTH - right - 8), class_="what")


def _cut(name: str, room: float) -> str:
    return shorten(name, max(int(room / _LETTER), 1))


def _legend(panel: Panel, across: Scale, top: float) -> Svg:
    x = across.end + 14
    drawn = []
    for i, (name, kind, class_) in enumerate(legend(panel)):
        y = top + 30 + 17 * i
        if kind == "line":
            d = f"M{number(x)} {number(y)}H{number(x + 14)}"
            drawn.append(element("path", d=d, class_=class_))
        elif kind == "dot":
            drawn.append(dot(x + 7, y, radius=2.2, class_=class_))
        elif kind == "mark":
            drawn.append(mark(x + 7, y, series=int(class_), size=3))
        else:
            d = f"M{number(x)} {number(y - 5)}h14v10h-14Z"
            drawn.append(element("path", d=d, class_=class_))
        drawn.append(text(x + 20, y + 4, shorten(name, 19), class_="tick start", tip=name))
    return group(*drawn)


def _tips(
    tips: Sequence[str], edges: Sequence[float], across: Scale, top: float, bottom: float
) -> list[Svg]:
    drawn = []
    for i, tip in enumerate(tips):
        left, right = across(edges[i]), across(edges[i + 1])
        if tip:
            drawn.append(group(bar(left, top, right - left, bottom - top, class_="hover"), tip=tip))
    return drawn
