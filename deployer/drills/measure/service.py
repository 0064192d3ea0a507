"""How long service was away. Times are seconds of the drill's monotonic clock.

The RTO by requests, where a drill has endpoints and so a load: from the first fault to the moment
at which the first of 50 consecutive successes was answered, counted after the last failed request
that was due at or after the fault or still under way then. Requests are in the order in which they
were due. If none failed, it is the answer of the first request that was due at or after the fault.
If fewer than 50 successes follow, service did not come back.

The RTO by checks, where it has none: from the first fault to the moment at which the recovery's
last command had ended and all checks of the phase `after` had passed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from deployer.drills.evidence.records import Event, Request

__all__ = ["RUN", "Outage", "failing", "outage_by_checks", "outage_by_requests"]

RUN = 50
"""Consecutive successes that end an outage."""


class Outage(NamedTuple):
    """When, in seconds after the fault: as in :class:`deployer.drills.measure.figures.Figures`."""

    rto: float | None = None
    first_success: float | None = None
    last_failure: float | None = None


def outage_by_requests(fault: float, requests: Sequence[Request], failed: Sequence[bool]) -> Outage:
    """Measure an outage by what became of requests.

    Args:
        fault: when the first fault was.
        requests: in the order in which they were due.
        failed: whether each of them failed.

    """
    after = [i for i, each in enumerate(requests) if each.due + each.seconds >= fault]
    fallen = [i for i in after if failed[i]]
    begin = fallen[-1] if fallen else -1
    run = [i for i in range(begin + 1, len(requests)) if requests[i].due >= fault]
    good = [
        requests[i].due + requests[i].seconds
        for i in range(fallen[0] + 1 if fallen else 0, len(requests))
        if not failed[i] and requests[i].due >= fault
    ]
    ends = [requests[i].due + requests[i].seconds for i in fallen]
    return Outage(
        rto=requests[run[0]].due + requests[run[0]].seconds - fault if len(run) >= RUN else None,
        first_success=min(good) - fault if good else None,
        last_failure=max(ends) - fault if ends else None,
    )


def outage_by_checks(fault: float, events: Sequence[Event]) -> Outage:
    """Measure an outage by the recovery's commands and the checks after it."""
    phase = ""
    ends = []
    for event in events:
        if event.kind == "phase":
            phase = event.name
        elif phase == "recovery" and event.kind == "command":
            ends.append(event.at)
        elif phase == "after" and event.kind == "check":
            if not event.ok:
                return Outage()
            ends.append(event.at)
    return Outage(rto=max(0.0, max(ends) - fault)) if ends else Outage()


def failing(requests: Sequence[Request], failed: Sequence[bool], rate: float) -> float:
    """Return the seconds in which requests failed.

    Each failed request stands for the time from when it was due until it was over, and at least
    until the next was due: who asks `rate` times a second cannot know better. This is the length of
    the union of these spans.

    Args:
        requests: in the order in which they were due.
        failed: whether each of them failed.
        rate: requests a second.

    """
    total, until = 0.0, float("-inf")
    for request, bad in zip(requests, failed, strict=True):
        if bad:
            end = request.due + max(request.seconds, 1 / rate)
            total += max(0.0, end - max(request.due, until))
            until = max(until, end)
    return total
