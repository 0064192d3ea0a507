"""Markdown from text that nobody vouches for."""

import html
import re
from collections.abc import Iterable, Sequence

from deployer.reports.charts.text import clean, shorten

__all__ = ["code", "in_html", "plain", "row", "table_head"]

_JOINER = "\u2060"
_LINKED = re.compile(r"[@#]|:(?=//)|(?i:www)(?=\.)|(?i:gh)(?=-\d)")
_LISTED = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+](?:[\s-]|$)))")


def plain(text: str, most: int | None = None) -> str:
    """Return words that Markdown shows as they are; they mark up, link and call nobody.

    Args:
        text: on a line of its own it begins neither a list nor a heading.
        most: width that it is cut to; None for none.

    """
    shown = clean(text).strip()
    if most is not None and shown:
        shown = shorten(shown, most)
    escaped = re.sub(r"([\\`*_{}\[\]<>#~!&$])", r"\\\1", _inert(shown))
    return _LISTED.sub(r"\1\\", escaped)


def in_html(text: str) -> str:
    """Return words within an HTML element, where a backslash escapes nothing."""
    return html.escape(_inert(clean(text)))


def _inert(text: str) -> str:
    """Return text of which GitHub makes no link: a joiner that nobody sees breaks what it looks for.

    It looks in the finished page, where no backslash is left: for addresses
    (https://github.github.com/gfm/#autolinks-extension-), people, and numbers of issues
    (https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls).
    """
    return _LINKED.sub(lambda found: f"{found[0]}{_JOINER}", text)


def code(text: str, most: int = 80) -> str:
    """Return a label as code, which nothing inside of can end; fit for a cell of a table."""
    shown = shorten(text, most)
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    space = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{space}{shown}{space}{fence}"


def row(cells: Iterable[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def table_head(names: Sequence[str], numbers: Sequence[str] = ()) -> str:
    """Return the first two lines of a table; the columns in `numbers` stand to the right."""
    rule = ["--:" if name in numbers else "---" for name in names]
    return f"| {' | '.join(names)} |\n| {' | '.join(rule)} |"
