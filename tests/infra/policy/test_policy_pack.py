"""What the engine shows of a stack becomes the program that the policies read."""

import datetime as dt
import json
from functools import partial
from typing import Any

import pulumi
import pulumi_policy as pp
import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from infra.policy.catalog import RULES
from infra.policy.model import Severity
from infra.policy.pack.policies import SETTINGS, policies
from infra.policy.pack.settings import VARIABLE, settings
from infra.policy.pack.stack import plain, program
from infra.resources import COMPUTED, SECRET

BUCKET = "aws:s3/bucket:Bucket"
URN = f"urn:pulumi:test::penguins::{BUCKET}::models"


def seen(type_: str, props: dict[str, Any], *, urn: str = URN, **parts: Any) -> pp.PolicyResource:
    options = pp.PolicyResourceOptions(
        protect=parts.pop("protect", False),
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=pp.PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
    )
    shown: dict[str, Any] = {
        "provider": None,
        "parent": None,
        "dependencies": [],
        "property_dependencies": {},
    }
    name = urn.rpartition("::")[2]
    return pp.PolicyResource(
        type_, unknown_checking_proxy(props), urn, name, options, **{**shown, **parts}
    )


def test_a_stack_becomes_a_program() -> None:
    provider = pp.PolicyProviderResource(
        "pulumi:providers:aws",
        unknown_checking_proxy({"region": "eu-central-1"}),
        "urn:pulumi:test::penguins::pulumi:providers:aws::default",
        "default",
    )
    group = seen("site:Site", {}, urn="urn:pulumi:test::penguins::site:Site::site")
    bucket = seen(
        BUCKET,
        {"bucket": "models", "days": 30.0, "arn": UNKNOWN_STRING_VALUE, "password": "hunter2"},
        protect=True,
        provider=provider,
        parent=group,
        dependencies=[group],
        property_dependencies={"bucket": [group], "days": []},
    )
    stack = seen("pulumi:pulumi:Stack", {}, urn="urn:pulumi:test::penguins::pulumi:pulumi:Stack::p")
    made = program([stack, group, bucket])
    assert (made.project, made.stack) == ("penguins", "test")
    assert [each.type for each in made] == ["site:Site", BUCKET, "pulumi:providers:aws"]
    component, found, maker = made.resources
    assert component.component
    assert found.inputs == {"bucket": "models", "days": 30, "arn": COMPUTED, "password": SECRET}
    assert found.protect
    assert not found.component
    assert found.parent == group.urn
    assert found.depends_on == (group.urn,)
    assert found.references == {"bucket": (group.urn,)}
    assert found.provider == maker.urn
    assert maker.inputs == {"region": "eu-central-1"}


def test_wrapped_values_become_plain_ones() -> None:
    wrapped = unknown_checking_proxy(
        {"a": [1.0, 1.5, UNKNOWN_STRING_VALUE, {"b": None}], "c": True}
    )
    assert plain(wrapped) == {"a": [1, 1.5, COMPUTED, {"b": None}], "c": True}
    assert plain(pulumi.FileArchive("dist")) == {"$asset": {"path": "dist"}}
    assert plain(pulumi.StringAsset("text")) == COMPUTED


def _keep(said: list[str], text: str, urn: str | None = None) -> None:
    said.append(text)


def told(
    props: dict[str, Any],
    config: dict[str, Any] | None = None,
    *,
    environment: dict[str, str] | None = None,
    made: list[pp.Policy] | None = None,
) -> dict[str, list[str]]:
    """Return policy → messages, asked as the engine asks."""
    found: dict[str, list[str]] = {}
    for each in made or policies(environment or {}):
        assert isinstance(each, pp.StackValidationPolicy)
        given = unknown_checking_proxy(config or {}) if each.name == SETTINGS else {}
        args = pp.StackValidationArgs([seen(BUCKET, props)], given)
        said = found.setdefault(each.name, [])
        each.validate(args, partial(_keep, said))
    return {name: texts for name, texts in found.items() if texts}


def test_each_rule_is_a_policy_and_the_grave_ones_are_mandatory() -> None:
    made = policies({})
    assert [each.name for each in made] == [SETTINGS, *(each.id for each in RULES)]
    levels = {each.name: each.enforcement_level for each in made}
    for rule in RULES:
        grave = rule.severity >= Severity.HIGH
        wanted = pp.EnforcementLevel.MANDATORY if grave else pp.EnforcementLevel.ADVISORY
        assert levels[rule.id] is wanted


def test_findings_are_reported_by_their_rule() -> None:
    found = told({"bucket": "models"})
    assert "DEP001" in found
    assert "DEP034" in found
    assert SETTINGS not in found


def test_demands_and_suppressions_are_heard() -> None:
    until = (dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=2)).isoformat()
    pardon = {"rule": "DEP001", "resource": "models", "reason": "tried", "until": until}
    unused = {**pardon, "resource": "others"}
    config = {"demands": {"object_lock": True}, "suppressions": [pardon, unused]}
    found = told({"bucket": "models"}, config)
    assert "DEP001" not in found
    assert "DEP005" in found
    assert len(found[SETTINGS]) == 1
    assert told({"bucket": "models"}, environment={VARIABLE: json.dumps(config)}) == found
    assert "DEP005" not in told({"bucket": "models"})


def test_an_expired_suppression_lets_nothing_pass() -> None:
    pardon = {"rule": "DEP001", "resource": "models", "reason": "tried", "until": "2026-01-01"}
    found = told({"bucket": "models"}, {"suppressions": [pardon]})
    assert "DEP001" in found
    assert SETTINGS in found


def test_the_configuration_of_the_engine_counts_before_the_variable() -> None:
    variable = {VARIABLE: json.dumps({"demands": {"residency": ["EU"], "object_lock": True}})}
    assert settings({}, variable).demands.residency == ("EU",)
    made = settings({"demands": {"residency": ["US"]}, "other": 1}, variable)
    assert made.demands.residency == ("US",)
    assert not made.demands.object_lock
    # The engine sends empty values for what was not configured.
    assert settings({"suppressions": [], "demands": {}}, variable).demands.object_lock
    assert settings({}, {VARIABLE: " "}).suppressions == ()


@pytest.mark.parametrize("text", ["[", "[]", '{"demand": {}}', '{"demands": {"tags": 1}}'])
def test_a_wrong_configuration_refuses_everything(text: str) -> None:
    found = told({"bucket": "models"}, environment={VARIABLE: text})
    assert found
    assert all("configuration is wrong" in each for texts in found.values() for each in texts)
    grave = {each.id for each in RULES if each.severity >= Severity.HIGH}
    assert set(found) == grave


def test_a_later_question_is_about_the_stack_of_that_time() -> None:
    made = policies({})
    first = told({"bucket": "models"}, made=made)
    locked = told({"bucket": "models"}, {"demands": {"object_lock": True}}, made=made)
    assert "DEP005" in locked
    assert told({"bucket": "models"}, made=made) == first
