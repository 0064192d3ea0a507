"""Requests to what a chart shows of them: counts and times in equal slices. Pure."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus

from deployer.drills.evidence.records import Passed, Request
from deployer.drills.report.series import Bins, Closeup

__all__ = ["MOST", "bins", "closeup", "edges_for", "percentile", "width_for"]

MOST = 480
"""Slices at most: about as many as a chart has room for."""

_WIDTHS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
_SHORT = 0.5
"""Of a slice's width: what is less is no slice of its own."""
_ROUND = 1e-6
_BEFORE, _AFTER = 1.0, 1.5
_POINTS = 1500
"""Requests of a closeup at most: more cannot be told apart."""
_ENOUGH = 0.9
"""Share of the right answers that endpoints must have been seen to give to be told by."""


def width_for(seconds: float) -> float:
    """Return a width of slices: the least of some round ones that is not too small."""
    return next((each for each in _WIDTHS if seconds / each <= MOST - 1), seconds / (MOST - 1))


def edges_for(low: float, high: float, width: float) -> list[float]:
    """Return edges of slices from `low` to `high`, those between at multiples of `width`.

    A slice at either end that would be short is part of its neighbour: a rate over it means little.
    """
    first, last = math.ceil(low / width), math.floor(high / width)
    inner = [i * width for i in range(first, last + 1) if low < i * width < high]
    if inner and inner[0] - low < width * _SHORT:
        inner = inner[1:]
    if inner and high - inner[-1] < width * _SHORT:
        inner = inner[:-1]
    edges = [round(each, 6) + 0.0 for each in (low, *inner, high)]
    return edges if edges[-1] > edges[0] else [edges[0], edges[0] + width]


def percentile(ordered: Sequence[float], per_cent: float) -> float:
    """Return a percentile by nearest rank: the least value that so many do not exceed.

    Args:
        ordered: ascending, not empty.
        per_cent: more than 0, at most 100.

    """
    return ordered[max(math.ceil(len(ordered) * per_cent / 100), 1) - 1]


def bins(
    requests: Sequence[Request],
    passed: Sequence[Passed],
    *,
    span: tuple[float, float],
    zero: float,
    kind: Callable[[Request], str],
    names: Mapping[str, str],
) -> Bins | None:
    """Return requests in slices of time, one of whose edges is `zero`; None without any.

    Args:
        requests: of the load, in any order.
        passed: what passed the fault proxy.
        span: monotonic seconds that are looked at if there was no load.
        zero: monotonic seconds that the times of a report are counted from.
        kind: of a request's failure; "" if it was answered by an accepted version.
        names: digest → ``model:version``.

    """
    if not requests and not passed:
        return None
    dues = sorted(each.due - zero for each in requests)
    low, high = (dues[0], dues[-1]) if dues else (span[0] - zero, span[1] - zero)
    # The last request stands for the time until another would have been due.
    gap = min((high - low) / (len(dues) - 1), _WIDTHS[0]) if len(dues) > 1 else 0.0
    width = width_for(high + gap - low)
    edges = edges_for(low, high + gap, width)
    count = len(edges) - 1

    def slot(at: float) -> int | None:
        since = at - zero
        if not edges[0] - _ROUND <= since <= edges[-1] + _ROUND:
            return None
        return min(max(bisect_right(edges, since) - 1, 0), count - 1)

    right, failed, versions = _Slots(count), _Slots(count), _Slots(count)
    times: list[list[float]] = [[] for _ in range(count)]
    for each in requests:
        i, why = slot(each.due), kind(each)
        if i is None:
            continue
        times[i].append(each.seconds * 1000)
        if why:
            failed.add(why, i)
        else:
            right.add("", i)
            versions.add(names.get(each.digest, each.digest[:12] or "not told"), i)
    endpoints, stores, changed = _through_proxy(passed, slot, count)
    watched = endpoints.total >= _ENOUGH * right.total > 0
    ordered = [sorted(each) for each in times]
    return Bins(
        edges=tuple(edges),
        width=width,
        right=right.all.get("", (0,) * count),
        failed=failed.all,
        p50=_percentiles(ordered, 50),
        p99=_percentiles(ordered, 99),
        slowest=_percentiles(ordered, 100),
        answered=(endpoints if watched else versions).all,
        by="endpoint" if watched else "version",
        stores=stores.all,
        changed=changed.all.get("", (0,) * count),
    )


class _Slots:
    """Counts by name and slice."""

    def __init__(self, count: int) -> None:
        self._found: dict[str, list[int]] = defaultdict(lambda: [0] * count)

    def add(self, name: str, slot: int) -> None:
        self._found[name][slot] += 1

    @property
    def total(self) -> int:
        return sum(map(sum, self._found.values()))

    @property
    def all(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(self._found[name]) for name in sorted(self._found)}


def _through_proxy(
    passed: Iterable[Passed], slot: Callable[[float], int | None], count: int
) -> tuple[_Slots, _Slots, _Slots]:
    endpoints, stores, changed = _Slots(count), _Slots(count), _Slots(count)
    for each in passed:
        i = slot(each.at)
        kind, _, name = each.listener.partition(":")
        if i is None:
            continue
        if kind == "store":
            stores.add(name, i)
            if each.rules:
                changed.add("", i)
        # Health checks and questions for metadata are no requests of the load.
        elif kind == "endpoint" and each.method == "POST" and each.status == HTTPStatus.OK:
            endpoints.add(name, i)
    return endpoints, stores, changed


def closeup(
    requests: Sequence[Request],
    *,
    zero: float,
    until: float,
    kind: Callable[[Request], str],
) -> Closeup | None:
    """Return every request around the fault; None if there are none, or too many to be told apart.

    Args:
        requests: of the load, in any order.
        zero: monotonic seconds of the fault.
        until: seconds after it of the last thing to be seen.
        kind: as for :func:`bins`.

    """
    start, end = -_BEFORE, max(until, 0.0) + _AFTER
    found = sorted(
        (each for each in requests if start <= each.due - zero <= end), key=lambda each: each.due
    )
    if not found or len(found) > _POINTS:
        return None
    kinds = [kind(each) for each in found]
    listed = ("", *sorted({each for each in kinds if each}))
    return Closeup(
        start=start,
        end=end,
        due=tuple(round(each.due - zero, 6) + 0.0 for each in found),
        ms=tuple(round(each.seconds * 1000, 3) for each in found),
        kind=tuple(listed.index(each) for each in kinds),
        kinds=listed,
    )


def _percentiles(ordered: Sequence[Sequence[float]], of: float) -> tuple[float | None, ...]:
    return tuple(round(percentile(each, of), 3) if each else None for each in ordered)
