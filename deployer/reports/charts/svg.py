"""SVG elements. What is not an `Svg` is escaped, and only this module makes one out of text."""

import math
from collections.abc import Iterable
from html import escape
from typing import NewType

from deployer.reports.charts.text import clean

__all__ = ["Svg", "chart", "element", "group", "number", "path", "text", "words"]

Svg = NewType("Svg", str)
"""Text that is well-formed SVG already."""


def number(value: float) -> str:
    """Return a coordinate to a tenth, which is less than a pixel can show.

    Raises:
        ValueError: it is not finite; a chart never holds one.

    """
    if not math.isfinite(value):
        raise ValueError(f"not a coordinate: {value}")
    shown = f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def element(name: str, *children: Svg, **attributes: str | float | None) -> Svg:
    """Return one element.

    Args:
        name: of the element; never from data.
        children: in order.
        attributes: ``_`` in a name stands for ``-``, and one at its end for nothing
            (``class_``); those that are None are left out.

    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(children)
    return Svg(f"<{name}{shown}>{inner}</{name}>" if inner else f"<{name}{shown}/>")


def _value(value: str | float) -> str:
    return escape(clean(value), quote=True) if isinstance(value, str) else number(value)


def words(content: str) -> Svg:
    """Return a text node."""
    return Svg(escape(clean(content), quote=True))


def text(
    x: float, y: float, content: str, *, class_: str | None = None, tip: str | None = None
) -> Svg:
    """Return a line of text with its baseline at `y`; `tip` is shown when a pointer rests on it."""
    inner = [words(content)]
    if tip is not None and tip != content:
        inner.insert(0, element("title", words(tip)))
    return element("text", *inner, x=x, y=y, class_=class_)


def group(*children: Svg, class_: str | None = None, tip: str | None = None) -> Svg:
    """Return elements that belong together; `tip` as `text` has it. Nothing if there is none."""
    if not children:
        return Svg("")
    title = [] if tip is None else [element("title", words(tip))]
    return element("g", *title, *children, class_=class_)


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return the ``d`` of a line through `points`, without those that change nothing to be seen."""
    kept: list[tuple[str, str]] = []
    for x, y in points:
        point = (number(x), number(y))
        if kept and kept[-1] == point:
            continue
        # In the middle of a run straight up or along: stairs are what most curves here are.
        if len(kept) > 1 and any(kept[-2][k] == kept[-1][k] == point[k] for k in (0, 1)):
            kept.pop()
        kept.append(point)
    return "".join(f"{'L' if i else 'M'}{x} {y}" for i, (x, y) in enumerate(kept))


def chart(
    *children: Svg,
    key: str,
    title: str,
    describe: str,
    width: float,
    height: float,
    class_: str = "chart",
    sized: bool = False,
) -> Svg:
    """Return a whole chart.

    Args:
        children: what is drawn, in order.
        key: unique in the page; never from data.
        title: what a screen reader calls it.
        describe: what there is to see, in a sentence or two, for who does not see it.
        width: of the drawing, in units that are about a pixel.
        height: likewise.
        class_: of the element.
        sized: whether it must not shrink to fit its box.

    """
    return element(
        "svg",
        element("title", words(title), id=f"{key}-t"),
        element("desc", words(describe), id=f"{key}-d"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width if sized else None,
        height=height if sized else None,
        class_=class_,
        role="img",
        aria_labelledby=f"{key}-t",
        aria_describedby=f"{key}-d",
    )
