"""Who containers of ECS run as: DEP053 and DEP054."""

import re
from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._values import (
    holds,
    is_true,
    listed,
    text,
    unknown,
    unknown_in,
    value_at,
)
from infra.policy.rules.aws_compute import SERVICES, TASK, containers
from infra.resources import Program, Resource

__all__ = ["RULES"]

_ROOT = re.compile(r"(?:root|0+)(?::.*)?")


def _not_root(program: Program, demands: Demands) -> Iterator[Problem]:
    for task in _linux(program):
        for path, container in containers(task):
            user = container.get("user")
            if not holds(user, lambda name: bool(name) and not _ROOT.fullmatch(str(name))):
                said = "the image says who it runs as" if user is None else "it runs as root"
                yield Problem(
                    task, f"nothing keeps a container from being root: {said}", f"{path}.user"
                )
    for service in program.of_type(*SERVICES):
        shell = service.inputs.get("enableExecuteCommand")
        if shell is not None and not unknown(shell) and is_true(shell):
            yield Problem(service, "a shell can be opened in what runs", "enableExecuteCommand")


def _without_capabilities(program: Program, demands: Demands) -> Iterator[Problem]:
    for task in _linux(program):
        for path, container in containers(task):
            at = "linuxParameters.capabilities.drop"
            dropped = listed(value_at(container, at))
            if not unknown_in(container, at) and not any(text(each) == "ALL" for each in dropped):
                yield Problem(
                    task, "a container keeps rights of root that it may not need", f"{path}.{at}"
                )


def _linux(program: Program) -> Iterator[Resource]:
    for task in program.of_type(TASK):
        system = value_at(task.inputs, "runtimePlatform.operatingSystemFamily")
        if not unknown(system) and not text(system).startswith("WINDOWS"):
            yield task


RULES = (
    Rule(
        "DEP053",
        "Containers run as somebody who is not root, and nobody gets a shell in them",
        Severity.MEDIUM,
        "Set user to a number such as 65532:65532, and leave out enableExecuteCommand.",
        ("ECS.20",),
        _not_root,
    ),
    Rule(
        "DEP054",
        "Containers drop the capabilities of root",
        Severity.LOW,
        "Set linuxParameters.capabilities.drop to ALL.",
        (),
        _without_capabilities,
    ),
)
