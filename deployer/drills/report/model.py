"""A report: data only. Every number in it comes from the evidence; see `build`."""

from typing import Any, Literal

import msgspec

from deployer.drills.measure.figures import Figures
from deployer.drills.report.parts import (
    Broken,
    Check,
    CloudState,
    Command,
    Entry,
    EvidenceFile,
    Finding,
    PhaseSpan,
    Publish,
    Rollback,
    Traffic,
)
from deployer.drills.report.series import Bins, Closeup

__all__ = ["EMULATED", "STAGED", "About", "Aim", "Report", "Run", "Where"]

EMULATED = (
    "Drilled against emulators of the clouds on one machine, not against production: this shows "
    "how the software behaves when something breaks, not how fast a cloud or a network is."
)
"""The sentence that every report of a drill on emulators carries."""

STAGED = "Drilled against staging endpoints and buckets of the operator, not against production."
"""The sentence of a drill against staging."""

Where = Literal["emulators", "staging"]


class About(msgspec.Struct, frozen=True):
    """The scenario: as in :class:`deployer.drills.scenario.model.Scenario`."""

    name: str
    number: int
    title: str
    why: str
    must: str
    scope: str
    excluded: str
    protects: tuple[str, ...]
    estate: dict[str, Any]
    load: dict[str, Any]


class Run(msgspec.Struct, frozen=True):
    """One performance of it.

    Attributes:
        began: UTC, ISO 8601; of the first event.
        ended: of the last event.
        seconds: between the two, by the monotonic clock.
        fault: UTC of the first fault, which all other times are counted from; "" if nothing was
            broken, and then they are counted from the first event.
        where: against what it ran.
        operator: who ran it; "" if it is not known.
        platform: of the machine.
        commit: of deployer's sources; "" if it is not known.
        versions: software → version.
        configuration: file of the configuration that was in force before anything was broken →
            its SHA-256, in hex; the files themselves are in the evidence's ``configuration/``.
        details: what else the first event says.

    """

    began: str
    ended: str
    seconds: float
    fault: str
    where: Where
    operator: str
    platform: str
    commit: str
    versions: dict[str, str]
    configuration: dict[str, str]
    details: dict[str, Any]


class Aim(msgspec.Struct, frozen=True):
    """An objective and its figure.

    Attributes:
        name: rto, rpo, max_failed or slowest.
        wanted: the limit; None if none was stated, or if it does not apply.
        got: the figure; None if the evidence has none.
        met: None if there was no limit.

    """

    name: Literal["rto", "rpo", "max_failed", "slowest"]
    wanted: float | None
    got: float | None
    met: bool | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report.

    Attributes:
        format: of this document, 1.
        disclaimer: what the drill was not.
        passed: as `figures` has it.
        verdict: in a sentence or two.
        scenario: what was rehearsed, and why.
        run: when, by whom, with what.
        objectives: all four, in their order.
        figures: everything that was measured; see deployer/drills/measure.
        phases: in order.
        faults: in order.
        timeline: every event.
        checks: in order.
        commands: in order.
        publishes: acknowledged ones.
        clouds: what they hold in the end; empty if they were not read.
        traffic: through the fault proxy.
        deviations: where the drill did not go as a drill should.
        findings: failures first.
        rollback: whether all was undone.
        bins: of requests; None if there were neither a load nor a fault proxy.
        closeup: the requests around the fault; None without any, or if they are too many.
        evidence: every file of it.
        signature: file with the signature of all other files; "" if the report is not signed.

    """

    disclaimer: str
    passed: bool
    verdict: str
    scenario: About
    run: Run
    objectives: tuple[Aim, ...]
    figures: Figures
    phases: tuple[PhaseSpan, ...]
    faults: tuple[Broken, ...]
    timeline: tuple[Entry, ...]
    checks: tuple[Check, ...]
    commands: tuple[Command, ...]
    publishes: tuple[Publish, ...]
    clouds: tuple[CloudState, ...]
    traffic: tuple[Traffic, ...]
    deviations: tuple[str, ...]
    findings: tuple[Finding, ...]
    rollback: Rollback
    bins: Bins | None
    closeup: Closeup | None
    evidence: tuple[EvidenceFile, ...]
    signature: str = ""
    format: Literal[1] = 1
