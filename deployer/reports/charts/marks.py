"""Marks: what stands for a number."""

from collections.abc import Iterable

from deployer.reports.charts.scales import Scale
from deployer.reports.charts.svg import Svg, element, group, number, path

__all__ = ["MARKS", "bar", "dot", "line", "mark", "rule", "whisker"]

MARKS = 5
"""How many series can be told apart, by colour and by dash and by mark."""


def line(points: Iterable[tuple[float, float]], *, series: int = 0) -> Svg:
    """Return a line through `points`, in the colour and dashes of `series`; nothing through none."""
    d = path(points)
    return element("path", d=d, class_=f"line s{series % MARKS}") if d else Svg("")


def dot(x: float, y: float, *, radius: float = 4, class_: str = "dot s0") -> Svg:
    """Return a dot."""
    return element("circle", cx=x, cy=y, r=radius, class_=class_)


def mark(x: float, y: float, *, series: int = 0, size: float = 4) -> Svg:
    """Return the mark of `series`: disc, square, triangle, diamond or ring."""
    kind = series % MARKS
    class_ = f"dot s{kind}"
    if kind == 0:
        return dot(x, y, radius=size, class_=class_)
    if kind == MARKS - 1:
        return dot(x, y, radius=size - 0.5, class_=f"ring s{kind}")
    corners = (
        [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        [(0, -1.2), (1.1, 0.9), (-1.1, 0.9)],
        [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
    )[kind - 1]
    d = path((x + dx * size, y + dy * size) for dx, dy in corners)
    return element("path", d=f"{d}Z", class_=class_)


def whisker(across: Scale, y: float, *, value: float, low: float | None, high: float | None) -> Svg:
    """Return a dot at `value` and, if there is an interval, a line with ends from low to high."""
    if low is None or high is None:
        return dot(across(value), y)
    a, b = across(low), across(high)
    span = f"M{number(a)} {number(y)}L{number(b)} {number(y)}"
    ends = "".join(f"M{number(x)} {number(y - 4)}V{number(y + 4)}" for x in (a, b))
    return group(element("path", d=span + ends, class_="whisker s0"), dot(across(value), y))


def bar(x: float, y: float, width: float, height: float, *, class_: str = "bar s0") -> Svg:
    """Return a rectangle; one of negative width or height grows the other way."""
    left, top = min(x, x + width), min(y, y + height)
    return element("rect", x=left, y=top, width=abs(width), height=abs(height), class_=class_)


def rule(x1: float, y1: float, x2: float, y2: float, *, class_: str = "rule") -> Svg:
    """Return a straight line to compare with."""
    d = f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"
    return element("path", d=d, class_=class_)
