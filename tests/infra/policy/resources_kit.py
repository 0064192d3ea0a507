"""Single resources, and what a rule says of them."""

import json
from typing import Any

from infra.policy.catalog import RULES
from infra.policy.model import Demands, Problem
from infra.resources import COMPUTED, Program, Resource

EU = Demands(residency=("EU",), public=False)


def resource(type_: str, name: str = "it", /, **inputs: Any) -> Resource:
    return Resource(urn=f"urn:pulumi:t::p::{type_}::{name}", type=type_, name=name, inputs=inputs)


def made_from(other: Resource, type_: str, /, **inputs: Any) -> Resource:
    """Return a resource, whose unknown inputs are made from another one."""
    made = resource(type_, "from", **inputs)
    references: dict[str, tuple[str, ...]] = {
        key: (other.urn,) for key, each in inputs.items() if each == COMPUTED
    }
    return Resource(
        urn=made.urn, type=type_, name="from", inputs=made.inputs, references=references
    )


def found(
    rule: str, *resources: Resource, demands: Demands = EU, region: str = ""
) -> list[Problem]:
    check = next(each.check for each in RULES if each.id == rule)
    return list(check(Program("p", "t", region=region, resources=resources), demands))


def policy(**fields: Any) -> str:
    """Return a policy document of AWS with one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [fields]})
