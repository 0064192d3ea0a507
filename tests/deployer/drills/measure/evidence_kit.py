"""Evidence made by hand or by Hypothesis. Times are multiples of 1/64 s: exact in floating point."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from deployer.drills.evidence.records import Event, EventKind, Integrity, Kept, Request
from deployer.drills.measure.evidence import Evidence
from deployer.drills.scenario.model import Endpoint, Estate, Load, Objectives, Scenario

__all__ = [
    "GOOD", "OTHER", "RATE", "TICK", "event", "evidence", "loads", "phases", "request", "scenario",
]  # fmt: skip

GOOD, OTHER = "aa" * 32, "bb" * 32
TICK = 1 / 64
RATE = 64.0
"""Requests a second: one is due each tick."""


def scenario(
    objectives: Objectives | None = None, *, endpoints: bool = True, rate: float = RATE
) -> Scenario:
    places = (Endpoint("primary"), Endpoint("standby", "gcp", priority=1)) if endpoints else ()
    return Scenario(
        name="made",
        title="made by hand",
        why="tests",
        must="be measured",
        method=(),
        estate=Estate(endpoints=places),
        load=Load(rate=rate),
        objectives=objectives or Objectives(rpo=None, max_failed=None),
    )


def event(
    at: float, kind: EventKind, name: str = "x", ok: bool | None = None, **detail: Any
) -> Event:
    return Event(at, "2026-01-01T00:00:00.000000+00:00", kind, name, ok, detail)


def request(due: float, seconds: float = TICK, status: int = 200, digest: str = GOOD) -> Request:
    return Request(due, seconds, status, digest if status == 200 else "")


def phases(fault: float, **more: float) -> list[Event]:
    """Return a whole drill's frame: phases a second apart, the fault in its method."""
    times = {
        "prepare": fault - 20, "steady": fault - 10, "method": fault - 1, "recovery": fault + 100,
        "after": fault + 200, "rollback": fault + 300, "done": fault + 400, **more,
    }  # fmt: skip
    found = [event(at, "phase", name) for name, at in times.items()]
    return [
        event(fault - 21, "begun", "made"),
        *found[:2],
        event(fault - 9, "accepted", "1", digests=[GOOD]),
        found[2],
        event(fault, "fault", "the primary is gone", target="endpoint:primary"),
        *found[3:],
    ]


def evidence(
    events: Sequence[Event],
    requests: Sequence[Request] = (),
    versions: Mapping[str, dict[str, str]] | None = None,
    objects: Mapping[str, tuple[Kept, ...]] | None = None,
) -> Evidence:
    ordered = sorted(events, key=lambda each: each.at)
    kept = Integrity(dict(objects or {}), dict(versions or {}))
    return Evidence(tuple(ordered), tuple(requests), (), kept)


@st.composite
def loads(draw: st.DrawFn, *, in_order: bool = False) -> tuple[list[Request], int]:
    """Return requests in order of their due times, one a tick, and the fault's tick.

    Args:
        draw: of Hypothesis.
        in_order: answers come in the order of the requests.

    """
    # Few failures and long runs, or no outage would ever end.
    bursts = draw(st.lists(st.tuples(st.integers(0, 70), st.integers(0, 6)), max_size=4))
    good = [each for ok, bad in bursts for each in [True] * ok + [False] * bad]
    good += [True] * draw(st.integers(0, 120))
    slow = draw(
        st.dictionaries(st.integers(0, max(0, len(good) - 1)), st.integers(1, 90), max_size=5)
    )
    found = []
    end = 0
    for tick, ok in enumerate(good):
        taken = slow.get(tick, 1)
        if in_order:
            end = max(end, tick + taken)
            taken = end - tick
        how = draw(st.sampled_from(["status", "digest", "none"])) if not ok else ""
        found.append(
            request(tick * TICK, taken * TICK, 503) if how == "status"
            else request(tick * TICK, taken * TICK, 200, OTHER) if how == "digest"
            else Request(tick * TICK, taken * TICK, 0, "", "given up") if how
            else request(tick * TICK, taken * TICK)
        )  # fmt: skip
    return found, draw(st.integers(0, len(good) + 5))
