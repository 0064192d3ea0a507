"""A review as GitHub-flavoured Markdown, for a comment on a pull request.

GitHub takes 65,536 characters in the body of a pull request and 262,144 bytes, which are so many of
the longest characters, in a comment: more is refused (dead-claudia/github-limits, pull request 13).
What matters most comes first; what does not fit is counted, and how to see it is said.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from deployer.reports.charts.text import shorten
from deployer.reviewing.markup import code, in_html, plain, row, table_head
from deployer.reviewing.review import Part, Review
from deployer.reviewing.words import (
    DASH,
    MARKS,
    TIMES,
    change_words,
    counts_words,
    money,
    place_words,
    summary_words,
    token_words,
    value_words,
)
from infra.policy.model import Finding
from infra.review.compare import Change, counts

__all__ = ["LIMIT", "MARKER", "review_markdown"]

LIMIT = 65_536
MARKER = "<!-- deployer review -->"
"""First line of every comment, so that the earlier one can be found and replaced."""

_SIGNS = {"critical": "🔴", "high": "🔴", "medium": "🟠", "low": "🔵"}
_SHARE = 0.6
_WORDS = 600
"""Width of the longest message, reason or note; more of it would leave no room for others."""

_NOTE = (
    "\n---\n\n**{left} of {all} lines are left out**, as GitHub takes {limit} characters. All of them: "
    "the same command without `-o markdown`, or with `-o json`.\n"
)


class Block(NamedTuple):
    """A piece that may be cut after any of its rows.

    Attributes:
        head: before the rows.
        rows: most important first.
        tail: after them.

    """

    head: str
    rows: Sequence[str]
    tail: str = ""


def review_markdown(review: Review, *, title: str = "Infrastructure review") -> str:
    """Return a review as Markdown of at most `LIMIT` characters; data in it cannot mark up."""
    verdict = "❌ does not pass" if review.failed else "✅ passes"
    head = f"## {plain(title, _WORDS)}: {verdict}\n\n**{plain(summary_words(review))}**\n"
    text = f"{MARKER}\n{head}"
    blocks = _blocks(review)
    every, shown = sum(len(each.rows) for each in blocks), 0
    limit = LIMIT - len(_noted(every, every))
    for block in blocks:
        # None may take everything: those after it have something to say, too.
        fitted, rows = _fitted(block, int((limit - len(text)) * _SHARE))
        text, shown = text + fitted, shown + rows
    return text if shown == every else text + _noted(every - shown, every)


def _noted(left: int, every: int) -> str:
    return _NOTE.format(left=f"{left:,}", all=f"{every:,}", limit=f"{LIMIT:,}")


def _fitted(block: Block, room: int) -> tuple[str, int]:
    """Return a block, cut to `room` characters, and how many rows of it are left; "" if none."""
    shown: list[str] = []
    size = len(block.head) + len(block.tail) + 80
    for line in block.rows:
        size += len(line) + 1
        if size > room:
            break
        shown.append(line)
    if not shown:
        return "", 0
    left = len(block.rows) - len(shown)
    more = f"\n\n… and {left:,} more." if left else ""
    return f"\n{block.head}{chr(10).join(shown)}{block.tail}{more}\n", len(shown)


def _blocks(review: Review) -> list[Block]:
    found = [
        _findings("Findings", review.counting),
        _suppressed(review),
        *(_changes(part) for part in review.parts),
        _parity(review),
        _cost(review),
        _residency(review),
        Block(
            "### Notes\n\n", [f"- {plain(each, _WORDS)}" for each in review.notes if each.strip()]
        ),
    ]
    return [each for each in found if each is not None]


def _findings(title: str, findings: Sequence[tuple[Part | None, Finding]]) -> Block:
    names = ("", "Rule", "Resource", "What", "Mend")
    rows = []
    for part, each in findings:
        where = place_words(part, each.place)
        resource = f"{code(each.name)}{'<br>' + code(where) if where else ''}"
        sign = f"{_SIGNS[each.severity]} {each.severity}"
        cells = (
            sign,
            plain(each.rule),
            resource,
            plain(each.message, _WORDS),
            plain(each.mend, _WORDS),
        )
        rows.append(row(cells))
    return Block(f"### {title}\n\n{table_head(names)}\n", rows)


def _changes(part: Part) -> Block | None:
    real = [each for each in part.changes if each.kind != "same"]
    if not real:
        return None
    lines = [line for change in _worst_first(real) for line in _change(part, change)]
    # A fence that nothing within can close.
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    against = f", against {shorten(part.against, _WORDS)}" if part.against else ""
    told = in_html(f"{counts_words(counts(real))}{against}")
    return Block(
        f"<details><summary><b>{in_html(part.name)}</b>: {told}</summary>\n\n{fence}diff\n",
        lines,
        f"\n{fence}\n</details>",
    )


_ORDER = ("delete", "replace", "update", "create")


def _worst_first(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda each: _ORDER.index(each.kind))


def _change(part: Part, change: Change) -> list[str]:
    mark = {"create": "+", "delete": "-"}.get(change.kind, "!")
    sign = "" if mark in "+-" else f"{MARKS[change.kind]} "
    where = place_words(part, change.place)
    head = f"{mark} {sign}{token_words(change.type)} {change.name}{f'  ({where})' if where else ''}"
    lines = [head]
    lines += [
        f"!     {each.path}: {change_words(each)}{' (replaces it)' if each.replaces else ''}"
        for each in change.properties
    ]
    if change.note:
        lines.append(f"#     {change.note}")
    return [shorten(each, _WORDS) for each in lines]


def _parity(review: Review) -> Block | None:
    rows = review.parity.rows
    if not rows:
        return None
    clouds = list(dict.fromkeys(cloud for each in rows for cloud in each.values))
    lines = []
    for each in rows:
        mark = "" if not each.differs else "meant" if each.intended else "≠"
        values = [
            code(value_words(each.values[c], most=24)) if c in each.values else DASH for c in clouds
        ]
        lines.append(row((plain(each.title), *values, mark)))
    head = "<details><summary><b>Parity</b>: how the clouds differ</summary>\n\n"
    return Block(f"{head}{table_head(('', *clouds, 'differ'))}\n", lines, "\n\n</details>")


def _cost(review: Review) -> Block | None:
    cost = review.cost
    if not cost.lines and not cost.not_estimated:
        return None
    each_cloud = ", ".join(f"{cloud} {money(a, cost.currency)}" for cloud, a in cost.clouds.items())
    head = (
        f"<details><summary><b>Cost</b>: about {money(cost.total, cost.currency)} a month "
        f"({in_html(each_cloud)})</summary>\n\nAn estimate, with prices of {plain(cost.as_of)}. "
        f"{plain(cost.note)}\n\n{table_head(('Cloud', 'What', 'A month'), ('A month',))}\n"
    )
    lines = [
        row((plain(each.cloud), code(each.name), money(each.amount, cost.currency)))
        for each in cost.lines
    ]
    lines += [
        row(("", f"{code(token)} {TIMES}{number}", "not estimated"))
        for token, number in cost.not_estimated.items()
    ]
    return Block(head, lines, "\n\n</details>")


def _residency(review: Review) -> Block | None:
    names = ("Cloud", "Region", "Countries", "Resources", "Allowed")
    words = {True: "yes", False: "**no**", None: ""}
    lines = [
        row(
            (
                plain(each.cloud),
                code(each.region or "not known"),
                plain(_countries(each.countries)),
                str(each.resources),
                words[each.allowed],
            )
        )
        for each in review.residency
    ]
    head = f"<details><summary><b>Residency</b></summary>\n\n{table_head(names, ('Resources',))}\n"
    return Block(head, lines, "\n\n</details>")


def _countries(countries: Sequence[str]) -> str:
    most = 4
    return ", ".join(countries[:most]) + (" …" if len(countries) > most else "")


def _suppressed(review: Review) -> Block | None:
    found = [(part, each) for part, each in review.all_findings if each.suppressed]
    lines = [
        row((plain(each.rule), code(each.name), plain(each.suppressed, _WORDS), plain(each.until)))
        for _, each in found
    ]
    head = table_head(("Rule", "Resource", "Reason", "Until"))
    return Block(f"### Suppressed\n\n{head}\n", lines)
