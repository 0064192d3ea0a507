"""Histograms: columns whose area is a share."""

import itertools
from collections.abc import Sequence

from deployer.reports.charts.axes import x_axis, y_axis
from deployer.reports.charts.marks import bar
from deployer.reports.charts.scales import Scale, nice_ticks
from deployer.reports.charts.svg import Svg, chart, group
from deployer.reports.charts.text import compact, count, percent

__all__ = ["bin_columns", "density_columns"]


def density_columns(
    edges: Sequence[float],
    shares: Sequence[float],
    *,
    key: str,
    title: str,
    describe: str,
    x_label: str,
    names: tuple[str, str] | None = None,
    width: float = 190,
    height: float = 110,
) -> Svg:
    """Return a histogram with bins of any width; the area, not the height, is the share.

    Args:
        edges: all k + 1, ascending; a bin without width is drawn as wide as can be seen.
        shares: k of them.
        key: unique in the page.
        title: for a screen reader; likewise `describe`.
        describe: what there is to see.
        x_label: with the unit.
        names: of the first and the last edge, if not the numbers.
        width: of the drawing; likewise `height`.
        height: the axis included.

    """
    low, high = edges[0], edges[-1]
    if high / 2 - low / 2 <= 1e-12 * max(abs(low), abs(high)):
        low, high = low - (abs(low) / 10 or 0.5), high + (abs(high) / 10 or 0.5)
    across = Scale(low=low, high=high, start=14, end=width - 14)
    spans = []
    for left, right in itertools.pairwise(edges):
        a, b = across(left), across(right)
        spans.append((a, b) if b - a >= 2 else ((a + b) / 2 - 1, (a + b) / 2 + 1))  # noqa: PLR2004
    tallest = max((s / (b - a) for s, (a, b) in zip(shares, spans, strict=True)), default=0) or 1
    bottom = height - 36
    drawn = [
        group(
            bar(a, bottom, b - a, -(share / (b - a)) / tallest * (bottom - 6), class_="bin s0"),
            tip=f"{compact(left)} to {compact(right)}: {percent(share)}",
        )
        for (a, b), share, left, right in zip(spans, shares, edges, edges[1:], strict=False)
        if share
    ]
    ticks = [edges[0], edges[-1]] if names and names[0] != names[1] else None
    if ticks is None:
        ticks, names = nice_ticks(across.low, across.high, 3), None
    axis = x_axis(across, top=bottom, bottom=bottom, label=x_label, ticks=ticks, names=names)
    return chart(
        axis,
        *drawn,
        key=key,
        title=title,
        describe=describe,
        width=width,
        height=height,
        class_="chart mini ends" if names else "chart mini",
    )


def bin_columns(
    counts: Sequence[int],
    *,
    key: str,
    title: str,
    describe: str,
    x_label: str,
    y_label: str,
    middles: Sequence[float],
    width: float = 360,
    height: float = 130,
) -> Svg:
    """Return columns as high as `counts`, at `middles` between 0 and 1; as `density_columns`."""
    across = Scale(low=0, high=1, start=38, end=width - 10)
    up = Scale(low=0, high=max(counts, default=0) or 1, start=height - 38, end=26)
    half = (across.end - across.start) / 24
    drawn = [
        group(
            bar(across(at) - half, up.start, 2 * half, up(n) - up.start, class_="bin s0"),
            tip=f"{compact(at)}: {count(n)}",
        )
        for at, n in zip(middles, counts, strict=True)
        if n
    ]
    axes = (
        y_axis(up, left=38, right=across.end, label=y_label, most=4),
        x_axis(across, top=up.end, bottom=up.start, label=x_label),
    )
    return chart(*axes, *drawn, key=key, title=title, describe=describe, width=width, height=height)
