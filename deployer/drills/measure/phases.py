"""Requests by phase."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, get_args

from deployer.drills.evidence.records import Event, Phase, Request
from deployer.drills.measure.figures import PhaseFigures

__all__ = ["Span", "by_phase", "percentile", "spans"]

MILLI = 1000.0


class Span(NamedTuple):
    """A phase, from its begin to its end; seconds of the monotonic clock."""

    phase: Phase
    begin: float
    end: float


def spans(events: Sequence[Event]) -> list[Span]:
    """Return the phases in order; each ends where the next begins, the last with the last event."""
    begins = [each for each in events if each.kind == "phase" and each.name in get_args(Phase)]
    ends = [each.at for each in begins[1:]] + [each.at for each in events[-1:]]
    return [
        Span(each.name, each.at, end)  # type: ignore[arg-type]  # one of Phase: looked at above
        for each, end in zip(begins, ends, strict=True)
        if each.name != "done"
    ]


def by_phase(
    zero: float, found: Sequence[Span], requests: Sequence[Request], kinds: Sequence[str]
) -> tuple[PhaseFigures, ...]:
    """Return the figures of each phase.

    Args:
        zero: moment that the begins are told from.
        found: the phases.
        requests: of the load; each belongs to the phase in which it was due, those before the first
            phase to it, those at or after the end of the last to that.
        kinds: of their failures; "" for a success.

    """
    members: list[list[int]] = [[] for _ in found]
    for i, request in enumerate(requests):
        begun = [n for n, span in enumerate(found) if span.begin <= request.due]
        if members:
            members[begun[-1] if begun else 0].append(i)
    return tuple(
        _figures(zero, span, [requests[i] for i in inside], [kinds[i] for i in inside])
        for span, inside in zip(found, members, strict=True)
    )


def _figures(
    zero: float, span: Span, requests: Sequence[Request], kinds: Sequence[str]
) -> PhaseFigures:
    taken = sorted(each.seconds * MILLI for each in requests)
    failures = Counter(filter(None, kinds))
    return PhaseFigures(
        phase=span.phase,
        begin=span.begin - zero,
        seconds=span.end - span.begin,
        requests=len(requests),
        failed=failures.total(),
        kinds=dict(sorted(failures.items())),
        p50=percentile(taken, 50),
        p95=percentile(taken, 95),
        p99=percentile(taken, 99),
        slowest=percentile(taken, 100),
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Return the least of `ordered` that at least `percent` per cent do not exceed (nearest rank).

    None if there are none. Integers alone: 0.95 · 20 is a little more than 19 in floating point.
    """
    if not ordered:
        return None
    return ordered[max(1, -(-len(ordered) * percent // 100)) - 1]
