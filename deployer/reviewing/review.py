"""A review: everything there is to say about programs before they cost money or leak a bucket.

Pure: programs in, a document out. Secrets are taken out first, so that none of the formats that a
review is printed in could show one.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain

import msgspec

from infra.configuration import EndpointConfig
from infra.policy.check import check
from infra.policy.model import Demands, Finding, Severity
from infra.policy.secrets import redact
from infra.policy.suppress import Suppression, suppress
from infra.resources import Program
from infra.review.compare import Change, compare, counts
from infra.review.cost import Cost, cost
from infra.review.parity import Parity, parity
from infra.review.pricing import Prices
from infra.review.residency_findings import Residence, residency

__all__ = ["LEVELS", "Part", "Review", "Subject", "review", "without_secrets"]

LEVELS = tuple(each.name.lower() for each in sorted(Severity, reverse=True))
"""Severities, the worst first."""

BUDGET_RULE = "BUD001"


class Subject(msgspec.Struct, frozen=True):
    """A program to review.

    Attributes:
        program: as it was recorded.
        before: what it is compared with; None if there is nothing.
        against: what `before` is, for people, such as ``the plan of 2026-11-23 05:10``.
        folder: of the program, relative to where the review is read; its places are below it.
        config: what it was configured with; None for programs that are not ours.
        demands: of the policies.

    """

    program: Program
    before: Program | None = None
    against: str = ""
    folder: str = ""
    config: EndpointConfig | None = None
    demands: Demands = Demands()


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """What there is to say about one program.

    Attributes:
        name: its cloud, or its project if it is not ours.
        program: without secrets.
        changes: of each resource.
        findings: of the policies, those that are suppressed too; worst first.
        against: what it was compared with; "" if nothing.
        folder: of the program; places are below it.

    """

    name: str
    program: Program
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    against: str = ""
    folder: str = ""


class Review(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole review.

    Attributes:
        parts: one for each program.
        findings: about all of them together: parity, residency, budget.
        parity: how the clouds differ.
        cost: estimate.
        residency: what is where.
        counts: kind of change → resources.
        notes: what could not be seen or followed, a line each.
        fail_on: the least severity that fails it; "" if none does.

    """

    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]
    parity: Parity
    cost: Cost
    residency: tuple[Residence, ...]
    counts: dict[str, int]
    notes: tuple[str, ...] = ()
    fail_on: str = "high"

    @property
    def all_findings(self) -> tuple[tuple[Part | None, Finding], ...]:
        """Every finding with the program that its resource is in, if any; worst first."""
        owners = {each.urn: part for part in self.parts for each in part.program}
        every = [(owners.get(each.urn), each) for each in self.findings]
        every += [(part, each) for part in self.parts for each in part.findings]
        return tuple(sorted(every, key=lambda pair: (LEVELS.index(pair[1].severity), pair[1].rule)))

    @property
    def counting(self) -> tuple[tuple[Part | None, Finding], ...]:
        """The findings that are not suppressed."""
        return tuple(pair for pair in self.all_findings if not pair[1].suppressed)

    @property
    def failed(self) -> bool:
        """Whether a finding that counts is as bad as `fail_on`, or worse."""
        if not self.fail_on:
            return False
        worst = LEVELS[: LEVELS.index(self.fail_on) + 1]
        return any(each.severity in worst for _, each in self.counting)

    @property
    def changed(self) -> bool:
        """Whether anything would be created, changed, replaced or deleted."""
        return any(number for kind, number in self.counts.items() if kind != "same")


def without_secrets(program: Program) -> Program:
    """Return a program without what looks like a secret, wherever it came from."""
    return msgspec.structs.replace(
        program,
        resources=tuple(
            msgspec.structs.replace(each, inputs=redact(each.inputs)) for each in program
        ),
        outputs=redact(program.outputs),
    )


def review(
    subjects: Sequence[Subject],
    *,
    prices: Prices,
    today: date,
    suppressions: Sequence[Suppression] = (),
    assume: Mapping[str, object] | None = None,
    fail_on: str = "high",
    notes: Sequence[str] = (),
) -> Review:
    """Review programs together.

    Args:
        subjects: the programs; several are endpoints of one model on several clouds.
        prices: what things cost.
        today: on which suppressions may have ended.
        suppressions: findings to let pass.
        assume: assumptions of the estimate, field of `Usage` → number.
        fail_on: the least severity that fails it; "" for none.
        notes: of whoever recorded the programs.

    """
    programs = [without_secrets(each.program) for each in subjects]
    names = [program.cloud or program.project for program in programs]
    configs = {each.program.cloud: each.config for each in subjects if each.config is not None}
    differing = parity(programs, configs)
    # This machine is in no region of a cloud: a binding says nothing about it.
    demanded = {
        name: () if program.cloud == "local" else each.demands.residency
        for name, program, each in zip(names, programs, subjects, strict=True)
    }
    residences, misplaced = residency(programs, demanded)
    priced = cost(programs, prices, configs, assume=assume)
    # Suppressions are held against all findings at once: one may be for one cloud alone.
    found = [
        check(program, each.demands, today=today)
        for program, each in zip(programs, subjects, strict=True)
    ]
    together = [*differing.findings, *misplaced, *_budgets(priced, configs)]
    every = suppress([*chain(*found), *together], suppressions, today=today)
    parts = []
    for name, program, subject, own in zip(names, programs, subjects, found, strict=True):
        mine, every = every[: len(own)], every[len(own) :]
        changes = compare(subject.before, program)
        parts.append(
            Part(name, program, tuple(changes), tuple(mine), subject.against, subject.folder)
        )
    return Review(
        tuple(parts),
        tuple(every),
        differing,
        priced,
        residences,
        counts(change for part in parts for change in part.changes),
        (*notes, *(f"{part.name}: {note}" for part in parts for note in part.program.notes)),
        fail_on,
    )


def _budgets(priced: Cost, configs: Mapping[str, EndpointConfig]) -> list[Finding]:
    return [
        Finding(
            rule=BUDGET_RULE,
            title="The estimate is within the budget",
            severity="medium",
            message=f"{cloud}: about {priced.clouds[cloud]:.0f} {priced.currency} a month, "
            f"the budget is {config.budget}",
            mend="raise budget in [infra], or make it smaller: instances, memory, requests",
            urn="",
            type="",
            name=cloud,
        )
        for cloud, config in configs.items()
        if config.budget and priced.clouds.get(cloud, 0) > config.budget
    ]
