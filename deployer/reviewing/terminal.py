"""A review for a terminal: lines of text in styles. Pure; whoever prints it decides on colours."""

from typing import TYPE_CHECKING

from deployer.reports.charts.text import clean, width
from deployer.reviewing.review import Part, Review
from deployer.reviewing.spans import Line, Span, columns, title
from deployer.reviewing.terminal_cost import cost_lines
from deployer.reviewing.words import (
    DASH,
    MARKS,
    change_words,
    counts_words,
    levels_words,
    place_words,
    summary_words,
    token_words,
    value_words,
)
from infra.policy.model import Finding
from infra.review.compare import Change, counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["terminal_lines"]


_STYLES = {"create": "green", "update": "yellow", "replace": "magenta", "delete": "red"}
_LEVELS = {"critical": "bold red", "high": "bold red", "medium": "yellow", "low": "blue"}


def terminal_lines(review: Review, *, verbose: bool = False) -> list[Line]:
    """Return a review as lines.

    Args:
        review: what to show.
        verbose: also what stays as it is, and every part of the estimate.

    """
    lines: list[Line] = []
    for part in review.parts:
        lines += [*_changes(part), ()]
    for piece in (
        _findings(review),
        _suppressed(review),
        _parity(review, verbose=verbose),
        cost_lines(review.cost, verbose=verbose),
        _residency(review),
        _notes(review),
    ):
        if piece:
            lines += [*piece, ()]
    mark, style = ("✗", "bold red") if review.failed else ("✓", "bold green")
    lines.append((Span(f"{mark} ", style), Span(summary_words(review), "bold")))
    return lines


def _changes(part: Part) -> list[Line]:
    real = [each for each in part.changes if each.kind != "same"]
    where = f" {part.program.region}" if part.program.region else ""
    number = len([each for each in part.changes if each.kind != "delete"])
    against = f"against {clean(part.against)}" if part.against else "nothing to compare with"
    told = f"{number} resource{'' if number == 1 else 's'}, {counts_words(counts(real))}, {against}"
    lines = [title(clean(f"{part.name}{where}"), told)]
    names = [f"{token_words(each.type)}  {each.name}" for each in real]
    column = min(72, max(map(width, names), default=0))
    for change, name in zip(real, names, strict=True):
        lines += _change(part, change, name, column)
    return lines


def _change(part: Part, change: Change, name: str, column: int) -> list[Line]:
    style = _STYLES[change.kind]
    gap = " " * max(2, column - width(name) + 2)
    token, _, rest = clean(name).partition("  ")
    lines: list[Line] = [
        (
            Span(f"  {MARKS[change.kind]} ", style),
            Span(f"{token}  "),
            Span(rest, "bold"),
            Span(f"{gap}{place_words(part, change.place)}".rstrip(), "dim"),
        )
    ]
    marks = {"add": ("+", "green"), "remove": ("-", "red"), "change": ("~", "yellow")}
    for each in change.properties:
        mark, colour = marks[each.kind]
        forces = Span("  forces replacement", "magenta") if each.replaces else Span("")
        lines.append(
            (
                Span(f"      {mark} ", colour),
                Span(f"{clean(each.path)}: ", "dim"),
                Span(change_words(each)),
                forces,
            )
        )
    if change.note:
        lines.append((Span(f"      ! {clean(change.note)}", "yellow"),))
    return lines


def _findings(review: Review) -> list[Line]:
    found = review.counting
    if not found:
        return []
    told = levels_words([each for _, each in found])
    lines = [title("Findings", told)]
    for part, each in found:
        lines += _finding(part, each)
    return lines


def _finding(part: Part | None, each: Finding) -> list[Line]:
    where = place_words(part, each.place)
    about = f"{each.name} ({where})" if where else each.name
    return [
        (
            Span(f"  {each.severity:8} ", _LEVELS[each.severity]),
            Span(f"{each.rule} ", "bold"),
            Span(clean(about)),
        ),
        (Span(f"           {clean(each.message)}"),),
        (Span(f"           → {clean(each.mend)}", "dim"),),
    ]


def _suppressed(review: Review) -> list[Line]:
    found = [(part, each) for part, each in review.all_findings if each.suppressed]
    if not found:
        return []
    lines = [title("Suppressed", "by [[infra.suppress]]")]
    for _, each in found:
        lines.append(
            (
                Span(f"  {each.rule} ", "bold"),
                Span(clean(each.name)),
                Span(clean(f"  {each.suppressed} (until {each.until})"), "dim"),
            )
        )
    return lines


def _parity(review: Review, *, verbose: bool) -> list[Line]:
    rows = review.parity.rows
    if not rows:
        return []
    clouds = list(dict.fromkeys(cloud for each in rows for cloud in each.values))
    cells: list[tuple[Sequence[str], str]] = [(["", *clouds, ""], "dim")]
    for each in rows:
        if not verbose and not each.differs:
            continue
        mark = "" if not each.differs else "meant" if each.intended else "≠"
        values = [
            value_words(each.values[c], most=22) if c in each.values else DASH for c in clouds
        ]
        cells.append(([each.title, *values, mark], "yellow" if mark == "≠" else ""))
    same = sum(not each.differs for each in rows)
    told = (
        f"{len(review.parity.findings)} unintended differences; {same} of {len(rows)} facts agree"
    )
    return [title("Parity", told), *columns(cells)]


def _residency(review: Review) -> list[Line]:
    if not review.residency:
        return []
    words = {True: "allowed", False: "not allowed", None: ""}
    rows: list[tuple[Sequence[str], str]] = []
    for each in review.residency:
        countries = ", ".join(each.countries[:4]) + (" …" if len(each.countries) > 4 else "")  # noqa: PLR2004
        rows.append(
            (
                (
                    each.cloud,
                    each.region or "not known",
                    countries,
                    f"{each.resources} resource{'' if each.resources == 1 else 's'}",
                    words[each.allowed],
                ),
                "red" if each.allowed is False else "",
            )
        )
    return [title("Residency"), *columns(rows, frozenset({3}))]


def _notes(review: Review) -> list[Line]:
    lines: Iterable[Line] = ((Span(f"  {clean(each)}"),) for each in review.notes)
    return [title("Notes"), *lines] if review.notes else []
