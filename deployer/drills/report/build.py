"""From a folder of evidence to a report. The same evidence gives the same report, byte for byte."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from deployer.drills.evidence.records import Event, Integrity, Passed
from deployer.drills.measure.compute import figures as compute
from deployer.drills.measure.evidence import Evidence, read
from deployer.drills.measure.outcomes import accepted, kind_of
from deployer.drills.report.bins import bins, closeup
from deployer.drills.report.files import evidence_files
from deployer.drills.report.happened import (
    checks,
    commands,
    entries,
    faults,
    origin,
    phases,
    publishes,
    rollback,
)
from deployer.drills.report.judgement import aims, deviations, findings, verdict
from deployer.drills.report.model import EMULATED, STAGED, About, Report, Run, Where
from deployer.drills.report.parts import CloudState, EvidenceFile, Thing, Traffic
from deployer.drills.scenario.model import Scenario

__all__ = ["build", "report_of"]

_TOLD = frozenset({"scenario", "versions", "commit", "platform", "operator", "where", "emulated"})


def build(folder: Path) -> Report:
    """Return the report of a drill; nothing is written.

    Args:
        folder: of the evidence.

    Raises:
        UsageError: the evidence is not there or damaged; the message names file and line.

    """
    scenario, evidence = read(folder)
    return report_of(scenario, evidence, evidence_files(folder))


def report_of(scenario: Scenario, evidence: Evidence, files: tuple[EvidenceFile, ...]) -> Report:
    """Return the report of evidence that has been read."""
    events = evidence.events
    figures = compute(scenario, evidence)
    run = _run(events)
    done = checks(events)
    clouds = _clouds(evidence.integrity)
    zero, kind = origin(events), kind_of(accepted(events))
    published = publishes(events, evidence.integrity)
    return Report(
        disclaimer=STAGED if run.where == "staging" else EMULATED,
        passed=figures.passed,
        verdict=verdict(figures),
        scenario=_about(scenario),
        run=run,
        objectives=aims(figures),
        figures=figures,
        phases=phases(events),
        faults=faults(events),
        timeline=entries(events),
        checks=done,
        commands=commands(events),
        publishes=published,
        clouds=clouds,
        traffic=_traffic(evidence.passed),
        deviations=deviations(events),
        findings=findings(figures, checks=done, clouds=clouds, publishes=published),
        rollback=rollback(events),
        bins=bins(
            evidence.requests,
            evidence.passed,
            span=(events[0].at, events[-1].at) if events else (zero, zero),
            zero=zero,
            kind=kind,
            names={each.digest: each.now or each.name for each in published},
        ),
        closeup=closeup(
            evidence.requests,
            zero=zero,
            until=max(each or 0.0 for each in (figures.rto, figures.detection)),
            kind=kind,
        )
        if run.fault
        else None,
        evidence=files,
    )


def _run(events: Sequence[Event]) -> Run:
    begun = next((each for each in events if each.kind == "begun"), None)
    detail: Mapping[str, Any] = begun.detail if begun else {}
    fault = next((each.wall for each in events if each.kind == "fault"), "")
    staged = detail.get("where") == "staging" or detail.get("emulated") is False
    where: Where = "staging" if staged else "emulators"
    configured = next((each.detail for each in events if each.kind == "configured"), {})
    return Run(
        began=events[0].wall if events else "",
        ended=events[-1].wall if events else "",
        seconds=round(events[-1].at - events[0].at, 6) if events else 0.0,
        fault=fault,
        where=where,
        operator=str(detail.get("operator") or ""),
        platform=str(detail.get("platform") or ""),
        commit=str(detail.get("commit") or ""),
        versions=_texts(detail.get("versions")),
        configuration=_texts(configured.get("files")),
        details={name: detail[name] for name in sorted(detail) if name not in _TOLD},
    )


def _texts(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in sorted(value.items())} if isinstance(value, dict) else {}


def _about(scenario: Scenario) -> About:
    return About(
        name=scenario.name,
        number=scenario.number,
        title=scenario.title,
        why=scenario.why,
        must=scenario.must,
        scope=scenario.scope,
        excluded=scenario.excluded,
        protects=scenario.protects,
        estate=_plain(scenario.estate),
        load=_plain(scenario.load),
    )


def _plain(part: msgspec.Struct) -> dict[str, Any]:
    """Return what a part is in JSON: lists, no tuples, so that it is the same when read again."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(part))
    return found


def _clouds(integrity: Integrity | None) -> tuple[CloudState, ...]:
    if integrity is None:
        return ()
    return tuple(
        CloudState(
            cloud=name,
            objects=len(kept),
            bytes=sum(each.bytes for each in kept),
            promised=sum(bool(each.promised) for each in kept),
            damaged=tuple(
                Thing(each.key, each.bytes, each.sha256, each.promised)
                for each in kept
                if not each.intact
            ),
            versions=dict(sorted(integrity.versions.get(name, {}).items())),
        )
        for name, kept in integrity.clouds.items()
    )


def _traffic(passed: Sequence[Passed]) -> tuple[Traffic, ...]:
    by: dict[str, list[Passed]] = defaultdict(list)
    for each in passed:
        by[each.listener].append(each)
    return tuple(
        Traffic(
            listener=name,
            requests=len(found),
            sent=sum(each.sent for each in found),
            received=sum(each.received for each in found),
            failed=sum(
                each.status == 0 or each.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                for each in found
            ),
            changed=sum(bool(each.rules) for each in found),
        )
        for name, found in sorted(by.items())
    )
