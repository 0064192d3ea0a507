"""Heat maps with a number in every cell."""

from collections.abc import Sequence

from deployer.reports.charts.svg import Svg, chart, element, group, text
from deployer.reports.charts.text import named, percent, shorten, width

__all__ = ["SHADES", "confusion_chart", "shade"]

SHADES = 10
"""How many shades a ramp has."""

_LETTER = 7.2
_ROOMY = 12
_COLUMN = 14
_BROAD = 80


def shade(share: float) -> int:
    """Return which of the shades stands for `share`: 0 for nothing at all, at least 1 otherwise."""
    if share <= 0:
        return 0
    return min(1 + int(share * (SHADES - 1)), SHADES - 1)


def confusion_chart(
    counts: Sequence[Sequence[int]],
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    describe: str,
) -> Svg:
    """Return a confusion matrix: rows are true classes, columns predicted ones.

    What is right (the diagonal) has an outline and the first ramp, errors have the second; a
    shade is the share of the row. Up to a dozen classes have that share in words too.

    Args:
        counts: rows per true class (outer) and predicted class (inner).
        labels: of the classes.
        key: unique in the page.
        title: for a screen reader; likewise `describe`.
        describe: what there is to see.

    """
    roomy = len(labels) <= _ROOMY
    size = _size(len(labels), max((n for row in counts for n in row), default=0))
    high = size if not roomy else max(38.0, size * 0.72)
    rows = [
        shorten(label if roomy else f"{i} {named(label)}", 18) for i, label in enumerate(labels, 1)
    ]
    room = _COLUMN if size < _BROAD else int(size / _LETTER)
    # Names of many classes hide each other: columns then are numbers, and rows say which.
    columns = [shorten(x, room) if roomy else str(i) for i, x in enumerate(labels, 1)]
    turned = any(width(label) * _LETTER > size - 4 for label in columns)
    left = 14 + max(map(width, rows)) * _LETTER + 8
    top = 24 + (max(map(width, columns)) * _LETTER * 0.72 + 12 if turned else 16)
    beyond = max(map(width, columns)) * _LETTER * 0.72 if turned else 0
    drawn = [
        text(left, 12, "Predicted class →", class_="name"),
        text(0, top - 6, "True ↓", class_="name"),
    ]
    if not roomy:
        side = size * len(labels)
        drawn.append(element("rect", x=left, y=top, width=side, height=side, class_="cell r0"))
    for i, (row, name) in enumerate(zip(counts, rows, strict=True)):
        x, y = left + (i + 0.5) * size, top + (i + 0.5) * high
        drawn.append(text(left - 8, y + 4, name, class_="end", tip=labels[i]))
        drawn.append(_column(x, top - 8, columns[i], labels[i], turned=turned))
        for j, n in enumerate(row):
            if not n and i != j and not roomy:
                continue
            share = n / sum(row) if sum(row) else 0.0
            place = (left + j * size, top + i * high)
            tip = f"{shorten(labels[i], 60)} → {shorten(labels[j], 60)}: {n} ({percent(share)})"
            drawn.append(_cell(place, (size, high), n, share, right=i == j, roomy=roomy, tip=tip))
    wide = max(left + size * len(labels) + beyond, 200.0)
    tall = top + high * len(labels) + 2
    return chart(
        *drawn,
        key=key,
        title=title,
        describe=describe,
        width=wide,
        height=tall,
        class_="chart natural",
        sized=True,
    )


def _size(classes: int, largest: int) -> float:
    digits = len(str(largest))
    if classes > _ROOMY:
        return max(22.0, digits * 7.0 + 6)
    return max({2: 110.0, 3: 96.0, 4: 84.0, 5: 72.0}.get(classes, 52.0), digits * 7.0 + 10)


def _column(x: float, y: float, name: str, whole: str, *, turned: bool) -> Svg:
    if not turned:
        return text(x, y, name, class_="mid", tip=whole)
    return element(
        "g",
        text(0, 0, name, tip=whole),
        transform=f"translate({x:.1f} {y:.1f}) rotate(-45)",
    )


def _cell(
    place: tuple[float, float],
    size: tuple[float, float],
    n: int,
    share: float,
    *,
    right: bool,
    roomy: bool,
    tip: str,
) -> Svg:
    x, y = place
    level = shade(share)
    ramp = f"{'r' if right else 'w'}{level}"
    cell = element(
        "rect",
        x=x + 0.5,
        y=y + 0.5,
        width=size[0] - 1,
        height=size[1] - 1,
        class_=f"cell {ramp}{' right' if right else ''}",
    )
    if not n:
        # A number in every cell, but an empty one is no reason to look: it stays faint.
        shown = (
            [text(x + size[0] / 2, y + size[1] / 2 + 4, "0", class_="mid none")] if roomy else []
        )
        return group(cell, *shown)
    middle = x + size[0] / 2
    if not roomy:
        return group(
            cell, text(middle, y + size[1] / 2 + 4, str(n), class_=f"mid t{ramp}"), tip=tip
        )
    return group(
        cell,
        text(middle, y + size[1] / 2 - 2, str(n), class_=f"mid strong t{ramp}"),
        text(middle, y + size[1] / 2 + 12, percent(share, 0), class_=f"mid share t{ramp}"),
        tip=tip,
    )
