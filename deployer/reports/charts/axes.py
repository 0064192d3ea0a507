"""Axes: a line of ticks with labels, the grid behind the marks, and what the axis counts."""

from collections.abc import Sequence

from deployer.reports.charts.scales import Scale, nice_ticks, tick_labels
from deployer.reports.charts.svg import Svg, element, group, number, text

__all__ = ["x_axis", "y_axis"]


def x_axis(
    across: Scale,
    *,
    top: float,
    bottom: float,
    label: str,
    ticks: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    most: int = 5,
) -> Svg:
    """Return a horizontal axis at `bottom` with its grid up to `top` and `label` below.

    Args:
        across: numbers to x.
        top: where the grid ends.
        bottom: where the axis is.
        label: what it counts, with the unit.
        ticks: where, round numbers if None.
        names: of the ticks, if not the numbers.
        most: ticks to choose, about.

    """
    at = list(nice_ticks(across.low, across.high, most) if ticks is None else ticks)
    shown = tick_labels(at) if names is None else names
    return group(
        *(_line(across(tick), top, across(tick), bottom, "grid") for tick in at),
        _line(across.start, bottom, across.end, bottom, "axis"),
        *(
            text(across(tick), bottom + 16, name, class_=f"tick {_anchor(across, tick)}")
            for tick, name in zip(at, shown, strict=True)
        ),
        text((across.start + across.end) / 2, bottom + 32, label, class_="name mid"),
    )


def _anchor(across: Scale, tick: float) -> str:
    return "end" if across(tick) > across.end - 4 and across.end - across.start < 150 else "mid"  # noqa: PLR2004


def y_axis(
    up: Scale,
    *,
    left: float,
    right: float,
    label: str,
    ticks: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    most: int = 5,
) -> Svg:
    """Return a vertical axis at `left` with its grid to `right` and `label` above it.

    The label stands upright: a head is not for turning. Arguments as `x_axis` has them.
    """
    at = list(nice_ticks(up.low, up.high, most) if ticks is None else ticks)
    shown = tick_labels(at) if names is None else names
    return group(
        *(_line(left, up(tick), right, up(tick), "grid") for tick in at),
        *(
            text(left - 6, up(tick) + 4, name, class_="tick end")
            for tick, name in zip(at, shown, strict=True)
        ),
        text(0, min(up.start, up.end) - 10, label, class_="name"),
    )


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Svg:
    d = f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"
    return element("path", d=d, class_=class_)
