"""From the evidence to all figures of a drill."""

from collections import Counter
from typing import TYPE_CHECKING

from deployer.drills.measure.evidence import Evidence
from deployer.drills.measure.figures import Figures, Lost, Objective, PhaseFigures
from deployer.drills.measure.judging import gaps, judged, missed
from deployer.drills.measure.losses import Standing, damaged, lost, published, renumbered, standing
from deployer.drills.measure.outcomes import accepted, kind_of
from deployer.drills.measure.phases import by_phase, spans
from deployer.drills.measure.service import Outage, failing, outage_by_checks, outage_by_requests

if TYPE_CHECKING:
    from deployer.drills.scenario.model import Scenario

__all__ = ["figures"]

PLACES = 6
"""Of seconds; 3 of milliseconds. The clock has no more, and 2.0 s must not be told as 1.9999999."""


def figures(scenario: "Scenario", evidence: Evidence) -> Figures:
    """Return what a drill has shown; the definitions are in this package's modules.

    Args:
        scenario: that was played; its load, its estate and its objectives are looked at.
        evidence: that it has left.

    """
    events = evidence.events
    fault = next((each.at for each in events if each.kind == "fault"), None)
    zero = fault if fault is not None else events[0].at if events else 0.0
    loaded = bool(scenario.estate.endpoints or evidence.requests)
    requests = sorted(evidence.requests, key=lambda each: each.due)
    kind = kind_of(accepted(events))
    kinds = [kind(each) for each in requests]
    bad = [bool(each) for each in kinds]
    if fault is None:
        outage = Outage()
    elif loaded:
        outage = outage_by_requests(fault, requests, bad)
    else:
        outage = outage_by_checks(fault, events)
    noticed = next(
        (e for e in events if e.kind == "detected" and fault is not None and e.at >= fault), None
    )
    publishes = published(events)
    integrity = evidence.integrity
    became: list[Standing] = []
    missing: tuple[Lost, ...] = ()
    rpo: int | None = None if publishes else 0
    age: float | None = None if publishes else 0.0
    if integrity is not None:
        became = standing(publishes, integrity)
        missing, age = lost(fault, became)
        rpo = len(missing)
    broken = damaged(integrity) if integrity else ()
    objects = [each for kept in integrity.clouds.values() for each in kept] if integrity else []
    slowest = _seconds(max((each.seconds for each in requests), default=None))
    rto = _seconds(outage.rto)
    got: dict[Objective, float | None] = {
        "rto": rto, "rpo": rpo, "max_failed": sum(bad), "slowest": slowest,
    }  # fmt: skip
    verdicts = judged(scenario.objectives, got, loaded=loaded)
    lacking = gaps(evidence, fault=fault, loaded=loaded)
    checks = [each for each in events if each.kind == "check"]
    failed_checks = tuple(each.name for each in checks if not each.ok)
    errors = tuple(each.name for each in events if each.kind == "error")
    undone = [each for each in events if each.kind == "rollback"]
    stuck = tuple(each.name for each in undone if each.ok is False)
    misses = missed(verdicts)
    return Figures(
        passed=not (lacking or failed_checks or errors or stuck or misses or broken),
        gaps=lacking,
        recovered_by="requests" if loaded else "checks",
        rto=rto,
        detection=_seconds(noticed.at - zero) if noticed else None,
        detected_by=noticed.name if noticed else "",
        first_success=_seconds(outage.first_success),
        last_failure=_seconds(outage.last_failure),
        failing=round(failing(requests, bad, scenario.load.rate), PLACES),
        rpo=rpo,
        rpo_age=_seconds(age),
        lost=tuple(
            Lost(each.name, each.digest, each.clouds, round(each.age, PLACES)) for each in missing
        ),
        published=len(publishes),
        requests=len(requests),
        failed=sum(bad),
        kinds=dict(sorted(Counter(filter(None, kinds)).items())),
        slowest=slowest,
        phases=tuple(_rounded(each) for each in by_phase(zero, spans(events), requests, kinds)),
        objects=len(objects),
        bytes=sum(each.bytes for each in objects),
        damaged=broken,
        checks_passed=len(checks) - len(failed_checks),
        checks_failed=failed_checks,
        errors=errors,
        rollbacks=len(undone),
        rollbacks_failed=stuck,
        judged=verdicts,
        missed=misses,
        renumbered=renumbered(became),
    )


def _seconds(value: float | None) -> float | None:
    # -0.0, which JSON can tell from 0.0, becomes 0.0.
    return None if value is None else round(value, PLACES) + 0.0


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES - 3)


def _rounded(found: PhaseFigures) -> PhaseFigures:
    return PhaseFigures(
        found.phase,
        round(found.begin, PLACES) + 0.0,
        round(found.seconds, PLACES),
        found.requests,
        found.failed,
        found.kinds,
        _milliseconds(found.p50),
        _milliseconds(found.p95),
        _milliseconds(found.p99),
        _milliseconds(found.slowest),
    )
