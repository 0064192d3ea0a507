"""Our rules as policies of Pulumi's: a stack policy for each, mandatory from `HIGH` on."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    StackValidation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as Graveness

from infra.policy.catalog import RULES
from infra.policy.check import check
from infra.policy.model import Finding, Rule, Severity
from infra.policy.pack.settings import SCHEMA, settings
from infra.policy.pack.stack import plain, program

__all__ = ["SETTINGS", "Reviewer", "policies"]

SETTINGS = "DEP000"
"""The policy that takes the pack's configuration, and tells of suppressions that are of no use."""

_GRAVE = frozenset(each.id for each in RULES if each.severity >= Severity.HIGH)


class _Review(NamedTuple):
    findings: Sequence[Finding]
    problem: str = ""  # why there is none


class Reviewer:
    """Reviews a stack once for all policies, which the engine asks one after the other.

    Args:
        environment: variables of the process.

    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._asked: set[str] = set()
        self._review = _Review(())

    def answer(self, rule: str, args: StackValidationArgs, report: ReportViolation) -> None:
        """Report what a rule found in a stack; `SETTINGS` is asked first."""
        # Asked again, it is about another stack, or the same one later.
        if rule in self._asked or not self._asked:
            self._asked = set()
            self._review = self._made(args if rule == SETTINGS else None, args)
        self._asked.add(rule)
        # Each that can refuse says so, as what could not be checked must not pass.
        if self._review.problem and rule in _GRAVE:
            report(self._review.problem, None)
        for each in self._review.findings:
            if each.rule == rule and not each.suppressed:
                report(_told(each), each.urn or None)

    def _made(self, configured: StackValidationArgs | None, args: StackValidationArgs) -> _Review:
        config = plain(configured.get_config()) if configured else {}
        try:
            told = settings(config, self._environment)
        except ValueError as error:
            return _Review((), f"the policy pack's configuration is wrong: {error}")
        found = check(
            program(args.resources),
            told.demands,
            suppressions=told.suppressions,
            today=dt.datetime.now(tz=dt.UTC).date(),
        )
        return _Review([each for each in found if told.idle or not _idle(each)])


def _idle(finding: Finding) -> bool:
    """Return whether it tells that nothing needs a suppression."""
    return finding.rule == SETTINGS and finding.severity == Severity.LOW.name.lower()


def _told(finding: Finding) -> str:
    at = f" ({finding.property})" if finding.property else ""
    return f"{finding.message}{at}. {finding.mend}"


def policies(environment: Mapping[str, str]) -> list[Policy]:
    """Return the pack's policies, `SETTINGS` first."""
    reviewer = Reviewer(environment)
    return [
        StackValidationPolicy(
            name=SETTINGS,
            description="Suppressions are in force and of use.",
            validate=_validate(reviewer, SETTINGS),
            enforcement_level=EnforcementLevel.ADVISORY,
            config_schema=PolicyConfigSchema(properties=SCHEMA),
            severity=Graveness.MEDIUM,
        ),
        *(_policy(each, reviewer) for each in RULES),
    ]


def _policy(rule: Rule, reviewer: Reviewer) -> Policy:
    return StackValidationPolicy(
        name=rule.id,
        description=rule.title,
        validate=_validate(reviewer, rule.id),
        enforcement_level=EnforcementLevel.MANDATORY
        if rule.id in _GRAVE
        else EnforcementLevel.ADVISORY,
        severity=Graveness[rule.severity.name],
        remediation_steps=rule.mend,
    )


def _validate(reviewer: Reviewer, rule: str) -> StackValidation:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        reviewer.answer(rule, args, report)

    return validate
