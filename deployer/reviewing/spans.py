"""Lines of text in styles, and columns of them."""

from collections.abc import Sequence
from typing import NamedTuple

from deployer.reports.charts.text import clean, width

__all__ = ["Line", "Span", "columns", "title"]


class Span(NamedTuple):
    """Text in a style, as Rich names styles; "" is none."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


def title(text: str, more: str = "") -> Line:
    """Return a heading, and what there is to say beside it."""
    return (Span(text, "bold"), Span(f"  {more}" if more else "", "dim"))


def columns(
    rows: Sequence[tuple[Sequence[str], str]], right: frozenset[int] = frozenset()
) -> list[Line]:
    """Return rows with their cells below each other; columns in `right` stand to the right."""
    count = len(rows[0][0])
    sizes = [max(width(clean(cells[i])) for cells, _ in rows) for i in range(count)]
    lines: list[Line] = []
    for cells, style in rows:
        padded = []
        for i, (cell, size) in enumerate(zip(cells, sizes, strict=True)):
            shown = clean(cell)
            space = " " * (size - width(shown))
            padded.append(f"{space}{shown}" if i in right else f"{shown}{space}")
        lines.append((Span("  " + "  ".join(padded).rstrip(), style),))
    return lines
