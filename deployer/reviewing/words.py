"""Words and marks that every format of a review shares."""

import json
from collections.abc import Sequence
from typing import Any

from deployer.reports.charts.text import clean
from deployer.reviewing.review import LEVELS, Part, Review
from infra.policy.model import Finding
from infra.resources import Place, computed, secret
from infra.review.compare import PropertyChange

__all__ = [
    "DASH",
    "MARKS",
    "TIMES",
    "VERBS",
    "change_words",
    "counts_words",
    "levels_words",
    "money",
    "place_words",
    "summary_words",
    "token_words",
    "value_words",
]

MARKS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "same": "="}
VERBS = {
    "create": "to create",
    "update": "to change",
    "replace": "to replace",
    "delete": "to delete",
    "same": "unchanged",
}
DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
LONG = 64
_CONTEXT = 12
_ELLIPSIS = "…"


def value_words(value: Any, *, most: int = LONG) -> str:
    """Return a value in one line, cut in its middle if it is longer than `most`."""
    return _middle(_text(value), most)


def _text(value: Any) -> str:
    if secret(value):
        return "(secret)"
    if computed(value):
        return "(known after deployment)"
    if isinstance(value, dict) and "$hidden" in value:
        return "(not a secret)"
    if isinstance(value, str):
        return clean(value) if value else '""'
    return clean(json.dumps(_readable(value), ensure_ascii=False, default=str))


def _readable(value: Any, depth: int = 0) -> Any:
    """Return a value with words in place of markers."""
    if isinstance(value, dict):
        if secret(value) or computed(value) or "$hidden" in value:
            return _text(value)
        if depth < 20:  # noqa: PLR2004 - deeper than anyone reads
            return {key: _readable(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple) and depth < 20:  # noqa: PLR2004 - as above
        return [_readable(each, depth + 1) for each in value]
    return value


def _middle(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 1]}{_ELLIPSIS}{text[-tail:]}"


def change_words(change: PropertyChange, *, most: int = LONG) -> str:
    """Return ``old → new``; of long texts the part that is different."""
    if change.kind == "add":
        return value_words(change.new, most=most)
    if change.kind == "remove":
        return value_words(change.old, most=most)
    old, new = _text(change.old), _text(change.new)
    if len(old) > most or len(new) > most:
        same = _common(old, new)
        if same > _CONTEXT:
            old, new = (f"{_ELLIPSIS}{each[same - _CONTEXT :]}" for each in (old, new))
    return f"{_end(old, most)} → {_end(new, most)}"


def _end(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}{_ELLIPSIS}"


def _common(one: str, other: str) -> int:
    """Return how many letters two texts begin with in common."""
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return i
    return min(len(one), len(other))


def token_words(token: str) -> str:
    """Return a type as Pulumi's own output has it: ``aws:s3:Bucket``."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    return clean(":".join(filter(None, (package, module.partition("/")[0], name))))


def place_words(part: Part | None, place: Place | None) -> str:
    """Return ``folder/file:line``; "" if it is not known."""
    if place is None:
        return ""
    folder = part.folder if part else ""
    return clean(f"{folder.rstrip('/')}/{place}" if folder else str(place))


def money(amount: float, currency: str = "USD") -> str:
    """Return an amount such as ``$12.30``; what is above zero is never shown as zero."""
    sign = "$" if currency == "USD" else f"{currency} "
    if 0 < amount < 0.01:  # noqa: PLR2004 - a cent
        return f"< {sign}0.01"
    return f"{sign}{amount:,.2f}"


def counts_words(counts: dict[str, int]) -> str:
    """Return ``+3 ~1 ±0 -0``-like words, without what there is none of."""
    shown = [
        f"{MARKS[kind]}{counts[kind]}"
        for kind in ("create", "update", "replace", "delete")
        if counts.get(kind)
    ]
    return " ".join(shown) or "no changes"


def levels_words(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each severity, and how many are suppressed."""
    active = [each.severity for each in findings if not each.suppressed]
    shown = [f"{active.count(level)} {level}" for level in LEVELS if level in active]
    suppressed = len(findings) - len(active)
    if suppressed:
        shown.append(f"{suppressed} suppressed")
    return ", ".join(shown) or "no findings"


def summary_words(review: Review) -> str:
    """Return everything in one line."""
    count = sum(
        not each.component and not each.type.startswith("pulumi:")
        for part in review.parts
        for each in part.program
    )
    findings = [each for _, each in review.all_findings]
    parts = [
        f"{count} resource{'' if count == 1 else 's'}: {counts_words(review.counts)}",
        levels_words(findings),
        f"about {money(review.cost.total, review.cost.currency)} a month",
    ]
    return " · ".join(parts)
