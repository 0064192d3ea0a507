"""Reads policy documents of AWS: who may do what with which resource, and under which condition."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from infra.policy.rules._values import any_unknown, document, listed, mapping, text, texts, unknown

__all__ = [
    "Statement",
    "anyone",
    "held",
    "named",
    "scoped",
    "sourced",
    "statements",
    "without_tls",
]

# Keys that hold a request to known callers or networks; what a caller can choose freely, such as
# aws:Referer or aws:UserAgent, is none of them, and aws:SourceIp says nothing of who calls.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_SCOPES = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "ec2:sourceinstancearn",
        "kms:calleraccount",
        "lambda:sourcefunctionarn",
        "ssm:sourceinstancearn",
    }
)
# Keys that say for whom a service acts, and not who calls.
_SOURCES = frozenset(
    {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}
    | {"aws:sourceowner"}
)
# Keys that hold a key of KMS to what it is used on.
_USES = ("kms:encryptioncontext:", "kms:viaservice", "kms:calleraccount")
_POSITIVE = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")


class Statement(NamedTuple):
    """One statement of a policy document.

    Attributes:
        allow: whether it allows; else it denies.
        actions: patterns such as ``s3:Get*``; empty with `other_actions`.
        other_actions: its ``NotAction``.
        resources: patterns of ARNs, and texts that are other resources' outputs.
        other_resources: its ``NotResource``.
        unseen: whether there are resources that are not even known as somebody's output.
        principals: kind (``AWS``, ``Service``, …) and name of each; ``*`` is ``("AWS", "*")``.
        condition: operator → key → value or values; {} for none, {"unknown": {}} if some of it
            is not known yet.
        path: where it is in the document.

    """

    allow: bool
    actions: tuple[str, ...]
    other_actions: tuple[str, ...]
    resources: tuple[str, ...]
    other_resources: tuple[str, ...]
    unseen: bool
    principals: tuple[tuple[str, str], ...]
    condition: Mapping[str, Any]
    path: str


def statements(value: object, *, at: str = "policy") -> Iterator[Statement]:
    """Yield the statements of a document, given as JSON or as a mapping; of anything else, none."""
    yield from _read(value, at) if isinstance(value, str) else _statements(value, at)


@cache
def _read(text: str, at: str) -> tuple[Statement, ...]:
    return tuple(_statements(text, at))


def _statements(value: object, at: str) -> Iterator[Statement]:
    found = document(value).get("Statement")
    for index, each in enumerate(listed(found)):
        fields = mapping(each)
        if not fields or text(fields.get("Effect")) not in {"Allow", "Deny"}:
            continue
        condition = fields.get("Condition")
        yield Statement(
            allow=fields["Effect"] == "Allow",
            actions=tuple(texts(fields.get("Action"))),
            other_actions=tuple(texts(fields.get("NotAction"))),
            resources=tuple(texts(fields.get("Resource"))),
            other_resources=tuple(texts(fields.get("NotResource"))),
            unseen=any(
                unknown(one) and not isinstance(one, str)
                for key in ("Resource", "NotResource")
                for one in listed(fields.get(key))
            ),
            principals=tuple(_principals(fields)),
            condition={"unknown": {}} if any_unknown(condition) else mapping(condition),
            path=f"{at}.Statement[{index}]" if isinstance(found, list | tuple) else at,
        )


def _principals(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "NotPrincipal" in fields and fields.get("Effect") == "Allow":
        yield "AWS", "*"
    principal = fields.get("Principal")
    if any_unknown(principal):
        yield "unknown", ""
    if isinstance(principal, str):
        yield "AWS", principal
    for kind, names in mapping(principal).items():
        for name in texts(names):
            yield str(kind), name


def anyone(statement: Statement) -> bool:
    """Return whether a statement is about every caller there is."""
    return any(kind in {"AWS", "*"} and name == "*" for kind, name in statement.principals)


def scoped(statement: Statement) -> bool:
    """Return whether a condition holds a statement to known callers or networks."""
    return held(statement, _SCOPES.__contains__)


def named(statement: Statement) -> bool:
    """Return whether a condition says who calls, or from where, beside for whom a service acts."""
    return held(statement, (_SCOPES - _SOURCES).__contains__)


def sourced(statement: Statement) -> bool:
    """Return whether a condition holds a service to those for whom, or on what, it may act."""
    return held(statement, lambda key: key in _SCOPES or key.startswith(_USES))


def held(statement: Statement, test: Callable[[str], bool]) -> bool:
    """Return whether a condition demands a narrow value of a key that passes a test.

    Args:
        statement: which; one with a condition that is not known yet is held by anything.
        test: of a key in lower case, such as ``aws:sourcearn``.

    """
    if "unknown" in statement.condition:
        return True
    for operator, keys in statement.condition.items():
        # ForAllValues: is true for a request that lacks the key, so it holds nobody back.
        kind = str(operator).lower().removeprefix("foranyvalue:")
        if kind not in _POSITIVE:
            continue
        for key, values in mapping(keys).items():
            if test(str(key).lower()) and _narrow(values):
                return True
    return False


def without_tls(statement: Statement) -> bool:
    """Return whether a statement is about every request that comes without TLS."""
    if "unknown" in statement.condition:
        return True
    for operator, keys in statement.condition.items():
        if str(operator).lower() not in {"bool", "boolifexists"}:
            continue
        # Every key of a condition must hold, so a second one would let some plain requests pass.
        if len(mapping(keys)) != 1 or len(statement.condition) != 1:
            return False
        for key, value in mapping(keys).items():
            if str(key).lower() == "aws:securetransport":
                return all(str(each).lower() == "false" for each in listed(value))
    return False


def _narrow(values: object) -> bool:
    found = listed(values)
    return bool(found) and not any(
        isinstance(each, str) and (not each.strip("*") or _any_arn(each)) for each in found
    )


def _any_arn(name: str) -> bool:
    parts = name.split(":", 5)
    return parts[0] == "arn" and all(not each.strip("*") for each in parts[3:])
