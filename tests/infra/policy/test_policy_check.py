"""Findings, their order, and what lets them pass."""

import datetime as dt

import msgspec
import pytest

from infra.policy.check import check, failing
from infra.policy.model import Demands, Finding, Severity
from infra.policy.suppress import Suppression
from infra.resources import Place, Program, Resource

TODAY = dt.date(2026, 11, 23)
BUCKET = Resource(
    urn="urn:pulumi:review::penguins::aws:s3/bucket:Bucket::penguins-models",
    type="aws:s3/bucket:Bucket",
    name="penguins-models",
    protect=True,
    place=Place("endpoint.py", 12),
)
PROGRAM = Program(project="penguins", stack="review", cloud="aws", resources=(BUCKET,))


def checked(*suppressions: Suppression) -> list[Finding]:
    return check(PROGRAM, Demands(), suppressions=suppressions, today=TODAY)


def suppression(**fields: str) -> Suppression:
    given = {
        "rule": "DEP004",
        "resource": "penguins-*",
        "reason": "A cache.",
        "until": "2026-12-31",
    }
    return Suppression(**{**given, **fields})


def of(rule: str, found: list[Finding]) -> list[Finding]:
    return [each for each in found if each.rule == rule]


def test_a_finding_says_what_where_and_how_to_mend_it() -> None:
    (found,) = of("DEP004", checked())
    assert found.severity == "high"
    assert found.urn == BUCKET.urn
    assert found.name == "penguins-models"
    assert found.place == Place("endpoint.py", 12)
    assert "versioning" in found.message
    assert "BucketVersioning" in found.mend
    assert "CKV_AWS_21" in found.public
    assert not found.suppressed


def test_the_worst_come_first() -> None:
    found = checked()
    keys = [(-Severity[each.severity.upper()], each.rule, each.urn) for each in found]
    assert keys == sorted(keys)
    assert len({each.severity for each in found}) > 1


@pytest.mark.parametrize(
    "resource", ["penguins-models", "penguins-*", BUCKET.urn, "*::aws:s3/bucket:Bucket::*"]
)
def test_a_suppression_lets_a_finding_pass_and_keeps_it(resource: str) -> None:
    before, after = checked(), checked(suppression(resource=resource))
    assert len(after) == len(before)
    (found,) = of("DEP004", after)
    assert (found.suppressed, found.until) == ("A cache.", "2026-12-31")
    assert found not in failing(after)
    assert len(failing(after)) == len(failing(before)) - 1


def test_a_suppression_holds_on_its_last_day_and_not_after_it() -> None:
    (last,) = of("DEP004", checked(suppression(until="2026-11-23")))
    assert last.suppressed
    ended = checked(suppression(until="2026-11-22"))
    (found,) = of("DEP004", ended)
    assert not found.suppressed
    (told,) = of("DEP000", ended)
    assert told.severity == "medium"
    assert "2026-11-22" in told.message


@pytest.mark.parametrize("fields", [{"resource": "other"}, {"rule": "DEP010"}, {"rule": "DEP099"}])
def test_a_suppression_without_a_finding_is_told(fields: dict[str, str]) -> None:
    (told,) = of("DEP000", checked(suppression(**fields)))
    assert told.severity == "low"
    assert not of("DEP004", checked(suppression(**fields)))[0].suppressed


def test_of_two_suppressions_the_longer_one_is_shown() -> None:
    (found,) = of(
        "DEP004", checked(suppression(until="2026-12-01"), suppression(until="2027-01-01"))
    )
    assert found.until == "2027-01-01"


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": ""},
        {"reason": "  "},
        {"until": ""},
        {"until": "soon"},
        {"until": "2026-13-01"},
        {"rule": "CKV_AWS_21"},
        {"rule": "DEP000"},
        {"resource": ""},
    ],
)
def test_a_suppression_needs_a_rule_a_resource_a_reason_and_a_day(fields: dict[str, str]) -> None:
    given = {"rule": "DEP004", "resource": "a", "reason": "b", "until": "2026-12-31"}
    with pytest.raises(ValueError, match=r"\w"):
        suppression(**fields)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**given, **fields}, Suppression)


def test_a_suppression_without_a_reason_is_refused_when_it_is_read() -> None:
    with pytest.raises(msgspec.ValidationError, match="reason"):
        msgspec.convert({"rule": "DEP004", "resource": "a", "until": "2026-12-31"}, Suppression)


def test_suppressions_of_rules_that_are_not_asked_for_are_not_looked_at() -> None:
    asked = check(PROGRAM, Demands(), suppressions=[suppression()], today=TODAY, rules=())
    assert asked == []
