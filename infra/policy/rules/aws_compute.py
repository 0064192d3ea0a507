"""Containers and functions of AWS: DEP018 and DEP019."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._values import (
    entries,
    is_true,
    listed,
    mapping,
    text,
    unknown,
    value_at,
)
from infra.policy.secrets import looks_secret
from infra.resources import Program, Resource, secret

__all__ = ["RULES", "SERVICE", "SERVICES", "TASK", "containers"]

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
SERVICES = (SERVICE, "aws:ecs/taskSet:TaskSet")
_FUNCTION = "aws:lambda/function:Function"
_URL = "aws:lambda/functionUrl:FunctionUrl"


def containers(task: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path and the definition of each container of a task of ECS."""
    value = task.inputs.get("containerDefinitions")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    yield from entries({"containerDefinitions": value}, "containerDefinitions")


def _contained(program: Program, demands: Demands) -> Iterator[Problem]:
    for task in program.of_type(TASK):
        for path, container in containers(task):
            if container.get("privileged") is True:
                yield Problem(task, "a container has all rights of its host", f"{path}.privileged")
            if not is_true(container.get("readonlyRootFilesystem")):
                yield Problem(
                    task,
                    "a container may write to its root file system",
                    f"{path}.readonlyRootFilesystem",
                )
        if _same_role(task):
            yield Problem(
                task, "what starts the task and what runs in it have the same role", "taskRoleArn"
            )
    for service in program.of_type(*SERVICES):
        public = value_at(service.inputs, "networkConfiguration.assignPublicIp")
        if not unknown(public) and public is not None and is_true(public):
            yield Problem(
                service,
                "tasks get addresses that the internet can reach",
                "networkConfiguration.assignPublicIp",
            )


def _same_role(task: Resource) -> bool:
    starter, runner = task.inputs.get("executionRoleArn"), task.inputs.get("taskRoleArn")
    if text(starter) and text(runner):
        return starter == runner
    if starter is None or runner is None:
        return False
    made_from = task.references.get("executionRoleArn", ())
    return len(made_from) == 1 and made_from == task.references.get("taskRoleArn", ())


def _secretless(program: Program, demands: Demands) -> Iterator[Problem]:
    for url in program.of_type(_URL):
        if text(url.inputs.get("authorizationType")) == "NONE":
            yield Problem(url, "everybody may call the function", "authorizationType")
    for function in program.of_type(_FUNCTION):
        path = "environment.variables"
        variables = value_at(function.inputs, path)
        if secret(variables) or secret(function.inputs.get("environment")):
            yield Problem(function, "the environment holds a secret", path)
        for name, value in mapping(variables).items():
            if _is_secret(str(name), value):
                yield Problem(function, f"the variable {name} holds a secret", f"{path}.{name}")
    for task in program.of_type(TASK):
        for path, container in containers(task):
            for each in listed(container.get("environment")):
                name = text(mapping(each).get("name"))
                if _is_secret(name, mapping(each).get("value")):
                    yield Problem(
                        task, f"the variable {name} holds a secret", f"{path}.environment"
                    )


def _is_secret(name: str, value: object) -> bool:
    return secret(value) or (isinstance(value, str) and looks_secret(name, value))


RULES = (
    Rule(
        "DEP018",
        "Containers have no more rights than they need, and no public address",
        Severity.HIGH,
        "Leave out privileged, set readonlyRootFilesystem, give execution and task roles of their "
        "own, and run in private subnets.",
        ("CKV_AWS_334", "CKV_AWS_336", "CKV_AWS_333", "CKV_AWS_249", "ECS.2", "ECS.4", "ECS.5"),
        _contained,
    ),
    Rule(
        "DEP019",
        "Functions ask who calls, and keep no secret in their environment",
        Severity.HIGH,
        "Set authorizationType AWS_IAM; name a secret of Secrets Manager and read it at start.",
        ("CKV_AWS_258", "CKV_AWS_45"),
        _secretless,
    ),
)
