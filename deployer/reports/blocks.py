"""What a page is made of. Every text in it is plain: the template escapes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from deployer.reports.charts.svg import Svg

__all__ = ["Block", "Facts", "Figure", "Fold", "Grid", "Note", "Section", "Table", "Words"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """A paragraph."""

    text: str
    kind: Literal["lead", "plain", "small"] = "plain"


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something found, with what to do about it."""

    level: Literal["info", "warning"]
    title: str
    text: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names and values; `code` are those that are digests and the like."""

    pairs: Sequence[tuple[str, str]]
    code: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text.

    Attributes:
        caption: what it is.
        head: of every column.
        rows: as long as `head`.
        text: how many columns, from the left, are text; the others are numbers.
        strong: indices of the rows that stand out.
        folded: whether it is closed until asked for.
        links: of the rows' first cells: paths beside the page; none if empty.

    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: int = 1
    strong: frozenset[int] = frozenset()
    folded: bool = False
    links: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A chart with what is said above and below it.

    Attributes:
        title: above.
        svg: the chart.
        note: below.
        scroll: whether it may be wider than the page, and then scrolls in its box.

    """

    title: str
    svg: Svg
    note: str = ""
    scroll: bool = False


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Blocks side by side where there is room; `small` ones are small multiples."""

    blocks: Sequence["Block"]
    small: bool = False


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Blocks that are closed until asked for."""

    title: str
    blocks: Sequence["Block"]


Block = Words | Note | Facts | Table | Figure | Grid | Fold


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page; `key` is its anchor."""

    key: str
    title: str
    blocks: Sequence[Block]
