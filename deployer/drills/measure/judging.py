"""Figures against what was aimed at, and what evidence must hold to show anything at all."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from deployer.drills.evidence.records import Request
from deployer.drills.measure.evidence import Evidence
from deployer.drills.measure.figures import Judged, Missed, Objective

if TYPE_CHECKING:
    from deployer.drills.scenario.model import Objectives

__all__ = ["gaps", "judged", "missed"]


def judged(
    wanted: "Objectives", got: Mapping[Objective, float | None], *, loaded: bool
) -> tuple[Judged, ...]:
    """Return each objective that was stated and applies.

    Args:
        wanted: what was stated.
        got: the figures; None where nothing can be shown, which is a miss.
        loaded: whether the drill has a load; without one the objectives of requests do not apply.

    """
    stated: list[tuple[Objective, float | None]] = [("rto", wanted.rto), ("rpo", wanted.rpo)]
    if loaded:
        stated += [("max_failed", wanted.max_failed), ("slowest", wanted.slowest)]
    found = []
    for name, limit in stated:
        if limit is not None:
            figure = got[name]
            value = None if figure is None else float(figure)
            found.append(Judged(name, float(limit), value, value is not None and value <= limit))
    return tuple(found)


def missed(found: Sequence[Judged]) -> tuple[Missed, ...]:
    """Return those that were missed."""
    return tuple(Missed(each.objective, each.wanted, each.got) for each in found if not each.met)


def gaps(evidence: Evidence, *, fault: float | None, loaded: bool) -> tuple[str, ...]:
    """Return why this evidence cannot show that anything was survived; empty if it can.

    Args:
        evidence: of the drill.
        fault: when the first fault was.
        loaded: whether the drill should have a load.

    """
    events = evidence.events
    phases = {each.name for each in events if each.kind == "phase"}
    begun = [each.detail for each in events if each.kind == "begun"]
    staging = any(
        detail.get("where") == "staging" or detail.get("emulated") is False for detail in begun
    )
    said = {
        "its beginning is missing": bool(begun),
        "its end is missing: the drill was cut off": "done" in phases,
        "it did not come to look at what was left (phase after)": "after" in phases,
        "nothing was broken": fault is not None,
        "nothing was asked after the fault": not loaded or _asked(evidence.requests, fault),
        "the clouds were not read afterwards": staging or evidence.integrity is not None,
    }
    return tuple(words for words, holds in said.items() if not holds)


def _asked(requests: Sequence[Request], fault: float | None) -> bool:
    return any(fault is None or each.due >= fault for each in requests)
