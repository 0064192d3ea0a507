"""An estimate for a terminal."""

from typing import TYPE_CHECKING

from deployer.reports.charts.text import clean
from deployer.reviewing.spans import Line, Span, columns, title
from deployer.reviewing.words import TIMES, money
from infra.review.cost import Cost

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cost_lines"]

_MOST_LINES = 12
_CENT = 0.005


def cost_lines(cost: Cost, *, verbose: bool = False) -> list[Line]:
    """Return an estimate as lines; `verbose` shows what every line is made of."""
    if not cost.lines and not cost.not_estimated:
        return []
    total = money(cost.total, cost.currency)
    lines = [title("Cost", f"about {total} a month; an estimate, prices of {cost.as_of}")]
    shown = cost.lines if verbose else [each for each in cost.lines if each.amount >= _CENT]
    kept = shown if verbose else shown[:_MOST_LINES]
    rows: list[tuple[Sequence[str], str]] = []
    for each in kept:
        name = f"{each.name} ({each.type.rpartition(':')[2]})" if each.type else each.name
        rows.append(((each.cloud, name, money(each.amount, cost.currency)), ""))
        for item in each.items if verbose else ():
            told = f"  {item.what}: {item.quantity:,.6g} {TIMES} {item.price:.6g} per {item.unit}"
            noted = f" ({item.note})" if item.note else ""
            rows.append((("", f"{told}{noted}", money(item.amount, cost.currency)), "dim"))
    rest = cost.lines[len(kept) :] if not verbose else ()
    if rest:
        left = sum(each.amount for each in rest)
        rows.append((("", f"{len(rest)} more", money(left, cost.currency)), "dim"))
    for cloud, amount in cost.clouds.items():
        rows.append(((cloud, "together", money(amount, cost.currency)), "bold"))
    lines += columns(rows, frozenset({2})) if rows else []
    if cost.not_estimated:
        told = ", ".join(
            f"{token}{f' {TIMES}{number}' if number > 1 else ''}"
            for token, number in cost.not_estimated.items()
        )
        lines.append((Span(f"  not estimated: {told}", "yellow"),))
    return [*lines, *_assumed(cost)]


def _assumed(cost: Cost) -> list[Line]:
    usages = list(cost.usage.items())
    same = len({each for _, each in usages}) <= 1
    told = []
    for cloud, usage in usages[:1] if same else usages:
        told.append(
            f"{'' if same else f'{cloud}: '}{usage.requests:,} requests of {usage.seconds:g} s and "
            f"{usage.response_kb:g} kB, {usage.versions} versions of {usage.model_gb:g} GB"
        )
    return [(Span(clean(f"  assumed: {each}"), "dim"),) for each in told]
