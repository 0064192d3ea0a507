"""What policy documents allow on every resource: patterns of actions made into actions.

The services that endpoints are made of are listed with their actions in ``aws_actions.json``; an
action of another service counts by its own name, and by its verb as one that writes or not.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from infra.policy.rules._statements import Statement

__all__ = ["Action", "allowed_widely"]

_READS = (
    "batchget",
    "check",
    "describe",
    "discover",
    "download",
    "get",
    "head",
    "list",
    "lookup",
    "query",
    "read",
    "scan",
    "search",
    "select",
    "simulate",
    "view",
)

_ARN = 5  # partition, service, region, account, resource


class Action(NamedTuple):
    """One action of AWS.

    Attributes:
        name: such as ``s3:GetObject``.
        level: ``read``, ``write``, ``permissions`` or ``tagging``; ``account`` for one that AWS
            cannot limit to a resource, whatever it does.

    """

    name: str
    level: str


class _Listed(msgspec.Struct):
    about: str
    services: dict[str, dict[str, str]]


@cache
def _known() -> Mapping[str, tuple[tuple[str, Action], ...]]:
    data = files("infra.policy.rules").joinpath("aws_actions.json").read_bytes()
    return {
        service: tuple(
            (name.lower(), Action(f"{service}:{name}", level))
            for level, names in levels.items()
            for name in names.split()
        )
        for service, levels in msgspec.json.decode(data, type=_Listed).services.items()
    }


@cache
def _expand(pattern: str) -> frozenset[Action]:
    known = _known()
    service, _, verb = pattern.lower().partition(":")
    # A policy has no character classes, which fnmatch would see in "[".
    verb = (verb or "*").replace("[", "[[]")
    if not service.strip("*"):
        return frozenset(
            action
            for all_of in known.values()
            for name, action in all_of
            if fnmatchcase(name, verb)
        )
    if service in known:
        return frozenset(action for name, action in known[service] if fnmatchcase(name, verb))
    level = "read" if verb.startswith(_READS) else "write"
    return frozenset({Action(pattern, level)})


def _of(patterns: Iterable[str]) -> frozenset[Action]:
    return frozenset().union(*(_expand(each) for each in patterns))


def allowed_widely(found: Iterable[Statement]) -> frozenset[Action]:
    """Return what statements allow on all resources and without a condition, less what they deny."""
    allowed: set[Action] = set()
    denied: set[Action] = set()
    for each in found:
        if each.condition or not _everywhere(each):
            continue
        actions = _of(each.actions)
        if each.other_actions:
            actions |= _of(["*"]) - _of(each.other_actions)
        (allowed if each.allow else denied).update(actions)
    return frozenset(allowed - denied)


def _everywhere(statement: Statement) -> bool:
    if statement.other_resources:
        return statement.allow
    return any(each == "*" or _every_account(each) for each in statement.resources)


def _every_account(arn: str) -> bool:
    """Return whether an ARN names no region, no account and no resource, as ``arn:aws:s3:::*``."""
    kind, *parts = arn.split(":", 5)
    return kind == "arn" and len(parts) == _ARN and not "".join(parts[2:]).strip("*:")
