"""Whether somebody asks a container if it works: DEP085."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure
from infra.policy.rules._values import (
    any_unknown,
    entries,
    mapping,
    text,
    unknown,
    unknown_in,
    value_at,
)
from infra.resources import Program

__all__ = ["RULES"]

_RUN = "gcp:cloudrunv2/service:Service"
_KINDS = ("startup", "readiness", "liveness")


def _asked(program: Program, demands: Demands) -> Iterator[Problem]:
    for service in program.of_type(_RUN):
        for path, container in _serving(service.inputs, "template.containers", "ports"):
            for kind in _KINDS:
                probe = container.get(f"{kind}Probe")
                if not unknown(probe) and not _asks(mapping(probe)):
                    at = f"{path}.{kind}Probe"
                    yield Problem(service, f"nothing asks for its {kind}", at)
    for app in azure(program, "app:ContainerApp"):
        if not value_at(app.inputs, "configuration.ingress"):
            continue
        for path, container in _serving(app.inputs, "template.containers", ""):
            probes = container.get("probes")
            if any_unknown(probes):
                continue
            found = {
                text(each.get("type")).lower()
                for _, each in entries(container, "probes")
                if _asks(each)
            }
            for kind in _KINDS:
                if kind not in found:
                    yield Problem(app, f"nothing asks for its {kind}", f"{path}.probes")


def _serving(
    inputs: Mapping[str, Any], path: str, mark: str
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return the container that requests go to: the one with a port, or the only one, or none."""
    # One that is not known yet may be the one.
    found = [] if unknown_in(inputs, path) else list(entries(inputs, path))
    if len(found) > 1:
        found = [each for each in found if mark and each[1].get(mark)]
    return found[:1]


def _asks(probe: Mapping[str, Any]) -> bool:
    """Return whether a probe asks the server; that a port is open says little."""
    return any(probe.get(each) is not None for each in ("httpGet", "grpc"))


RULES = (
    Rule(
        "DEP085",
        "Containers are asked whether they have started, are ready and still live",
        Severity.LOW,
        "Add a startup, a readiness and a liveness probe by HTTP or gRPC.",
        (),
        _asked,
    ),
)
