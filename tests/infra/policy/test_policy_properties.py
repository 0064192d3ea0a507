"""No policy raises, whatever a program gives; and none holds against it what is not known yet."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import infra.policy.rules as package
from infra.policy.catalog import RULES, rule
from infra.policy.model import Demands, Problem, Rule
from infra.resources import COMPUTED, SECRET, Program, Resource
from tests.infra.policy.policy_kit import Case, cases, problems, recorded

SOURCES = [each.read_text() for each in Path(package.__path__[0]).glob("*.py")]
TYPES = sorted(
    {
        found
        for text in SOURCES
        for found in re.findall(r"\"((?:aws|gcp|azure[\w-]*):[^\"]+)\"", text)
    }
    | {"aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"}
    | {f"aws:s3/{name[0].lower()}{name[1:]}:{name}" for name in ("BucketVersioning", "BucketAcl")}
)
# Every word that a rule asks inputs for.
WORDS = sorted(
    {word for text in SOURCES for found in re.findall(r"\"([\w.\[\]]+)\"", text)
     for word in found.split(".")}
)  # fmt: skip
DOCUMENTS = (
    '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}',
    '{"Statement": [{"Effect": "Deny", "Action": ["s3:[", 1], "Resource": ["arn:*"]}, 3]}',
    '[{"privileged": true, "environment": [{"name": "A", "value": 1}]}]',
    "{",
    "[" * 5000,
)
ASKED = Demands(residency=("EU",), object_lock=True, replication=True, public=False)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(WORDS)
    | st.sampled_from(DOCUMENTS)
    | st.sampled_from(("0.0.0.0/0", "*", "Enabled", "allUsers", "eu-central-1", "${a:b/c:D::e.f}"))
    | st.builds(lambda: dict(COMPUTED))
    | st.builds(lambda: dict(SECRET))
)
keys = st.sampled_from(WORDS) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    urns = [f"urn:{n}" for n in range(draw(st.integers(1, 4)))]
    return Program(
        project="p",
        stack="s",
        region=draw(st.sampled_from(("", "eu-central-1", "somewhere"))),
        resources=tuple(
            Resource(
                urn=urn,
                type=draw(st.sampled_from(TYPES) | st.text(max_size=5)),
                name=draw(st.text(max_size=3)),
                inputs=draw(st.dictionaries(keys, values, max_size=6)),
                references=draw(
                    st.dictionaries(keys, st.lists(st.sampled_from(urns)).map(tuple), max_size=3)
                ),
                protect=draw(st.booleans()),
            )
            for urn in urns
        ),
    )


@given(programs())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_rule_raises(program: Program) -> None:
    for demands in (Demands(), ASKED):
        for each in RULES:
            judge(each, program, demands)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_rule_raises_on_a_real_program_with_one_odd_input(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(cases()))
    found = list(spots(recorded(case)))
    if found:
        index, path = data.draw(st.sampled_from(found))
        odd = changed(recorded(case), index, path, data.draw(values))
        for each in RULES:
            judge(each, odd, case.demands)


def judge(asked: Rule, program: Program, demands: Demands) -> None:
    for each in asked.check(program, demands):
        assert isinstance(each, Problem)
        assert each.resource in program.resources
        assert "\n" not in each.message


@pytest.mark.parametrize(
    "case", [each for each in cases() if each.good], ids=lambda each: each.path.stem
)
def test_what_is_not_known_is_taken_for_granted(case: Case) -> None:
    asked, program = rule(case.rule), recorded(case)
    assert not problems(asked, case)
    for index, path in spots(program):
        odd = changed(program, index, path, dict(COMPUTED))
        found = list(asked.check(odd, case.demands))
        assert not found, (program.resources[index].type, path, found)


def spots(program: Program) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    """Yield where inputs are: the index of the resource and the path in its inputs."""
    for index, resource in enumerate(program.resources):
        for path in paths(resource.inputs):
            yield index, path


def paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    found = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in found:
        yield (key,)
        for rest in paths(each):
            yield (key, *rest)


def changed(program: Program, index: int, path: tuple[str | int, ...], value: Any) -> Program:
    resource = program.resources[index]
    inputs: Any = deepcopy(resource.inputs)
    spot = inputs
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    resources = list(program.resources)
    resources[index] = msgspec.structs.replace(resource, inputs=inputs)
    return msgspec.structs.replace(program, resources=tuple(resources))
