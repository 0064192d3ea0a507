"""Holds a program against the policies."""

import datetime as dt
from collections.abc import Iterable, Sequence

from infra.policy.catalog import RULES
from infra.policy.model import Demands, Finding, Problem, Rule, Severity
from infra.policy.suppress import Suppression, suppress
from infra.resources import Program

__all__ = ["Suppression", "check", "failing"]

_SEVERITIES = {each.name.lower(): each for each in Severity}


def check(
    program: Program,
    demands: Demands,
    *,
    suppressions: Sequence[Suppression] = (),
    today: dt.date,
    rules: Sequence[Rule] = RULES,
) -> list[Finding]:
    """Return what is wrong with a program, the worst first, then by rule and URN.

    Args:
        program: recorded or read from a state.
        demands: of the user, beyond the rules.
        suppressions: what is let pass; such findings are returned with their reason.
        today: the day that suppressions are held against.
        rules: to hold the program against; suppressions of others are not looked at.

    """
    found = [_finding(rule, each) for rule in rules for each in rule.check(program, demands)]
    left_out = {each.id for each in RULES} - {each.id for each in rules}
    asked = [each for each in suppressions if each.rule not in left_out]
    found = suppress(found, asked, today=today)
    return sorted(
        found,
        key=lambda each: (
            -_SEVERITIES[each.severity],
            each.rule,
            each.urn,
            each.property,
            each.message,
        ),
    )


def failing(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings for which a review fails: `HIGH` or worse, and not let pass."""
    return [
        each
        for each in findings
        if not each.suppressed and _SEVERITIES[each.severity] >= Severity.HIGH
    ]


def _finding(rule: Rule, problem: Problem) -> Finding:
    resource = problem.resource
    return Finding(
        rule=rule.id,
        title=rule.title,
        severity=rule.severity.name.lower(),
        message=problem.message,
        mend=rule.mend,
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        property=problem.property,
        place=resource.place,
        public=rule.public,
    )
