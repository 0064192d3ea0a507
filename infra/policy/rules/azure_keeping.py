"""Keys, layers of encryption and what is let go on Azure: DEP078, DEP081 and DEP082."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure, owned
from infra.policy.rules._values import (
    any_unknown,
    entries,
    holds,
    is_false,
    is_true,
    mapping,
    number,
    text,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

# Keys that encrypt are to be rotated at least every two years, says Microsoft:
# https://learn.microsoft.com/azure/key-vault/keys/how-to-configure-key-rotation
_LONGEST = 2 * 366
_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
_DAYS = (366, 31, 7, 1)

# BSI TR-02102-1: RSA keys of 3000 bits or more.
_BITS = 3072


def _rotated(program: Program, demands: Demands) -> Iterator[Problem]:
    for key in azure(program, "keyvault:Key"):
        path = "properties.rotationPolicy"
        policy = value_at(key.inputs, path)
        if any_unknown(policy) or _rotates(mapping(policy)):
            pass
        elif mapping(policy):
            path = f"{path}.lifetimeActions"
            yield Problem(key, "it is rotated less often than every two years, or never", path)
        else:
            yield Problem(key, "it is never rotated", path)
        kind = value_at(key.inputs, "properties.kty")
        bits = value_at(key.inputs, "properties.keySize")
        if text(kind).startswith("RSA") and not holds(bits, _strong):
            message = f"a key of RSA with less than {_BITS} bits will not do for long"
            yield Problem(key, message, "properties.keySize")


def _rotates(policy: Mapping[str, Any]) -> bool:
    expires = bool(value_at(policy, "attributes.expiryTime"))
    for _, each in entries(policy, "lifetimeActions"):
        if text(value_at(each, "action.type")).lower() != "rotate":
            continue
        if expires and value_at(each, "trigger.timeBeforeExpiry"):
            return True
        days = _days(text(value_at(each, "trigger.timeAfterCreate")))
        if days is not None and 0 < days <= _LONGEST:
            return True
    return False


def _days(period: str) -> int | None:
    """Return a duration of ISO 8601 in days, rounded up; None for what is none."""
    found = _PERIOD.fullmatch(period)
    if not found or period == "P":
        return None
    return sum(int(each or 0) * days for each, days in zip(found.groups(), _DAYS, strict=True))


def _strong(bits: object) -> bool:
    found = number(bits)
    return found is None or found >= _BITS


def _inner(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        path = "encryption.requireInfrastructureEncryption"
        if not is_true(value_at(account.inputs, path)):
            yield Problem(account, "one key that leaks is enough to read it", path)
    for each in azure(program, "app:ManagedEnvironment"):
        path = "peerTrafficConfiguration.encryption.enabled"
        if not is_true(value_at(each.inputs, path)):
            yield Problem(each, "its apps speak to each other in the clear", path)


def _let_go(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        service = owned(
            program,
            account,
            "storage:BlobServiceProperties",
            by="accountName",
            names=("accountName",),
        )
        versioned = any(is_true(each.inputs.get("isVersioningEnabled")) for each in service)
        policies = owned(
            program, account, "storage:ManagementPolicy", by="accountName", names=("accountName",)
        )
        if versioned and not any(map(_deletes_versions, policies)):
            at = policies[0] if policies else account
            path = "policy.rules" if policies else ""
            yield Problem(at, "versions that were replaced are kept for ever", path)
    for registry in azure(program, "containerregistry:Registry"):
        # Other tiers have no such policy.
        if text(value_at(registry.inputs, "sku.name")).lower() != "premium":
            continue
        path = "policies.retentionPolicy.status"
        if not holds(value_at(registry.inputs, path), lambda on: text(on).lower() == "enabled"):
            yield Problem(registry, "images without a tag are kept for ever", path)


def _deletes_versions(policy: Resource) -> bool:
    rules = value_at(policy.inputs, "policy.rules")
    if any_unknown(rules):
        return True
    return any(
        not is_false(rule.get("enabled"))
        and bool(mapping(value_at(rule, "definition.actions.version.delete")))
        for _, rule in entries(policy.inputs, "policy.rules")
    )


RULES = (
    Rule(
        "DEP078",
        "Azure keys are rotated and long",
        Severity.MEDIUM,
        "Set rotationPolicy with an action of type rotate (P90D), and keySize to 3072 for RSA.",
        (),
        _rotated,
    ),
    Rule(
        "DEP081",
        "Azure encrypts what is stored twice, and what apps tell each other",
        Severity.LOW,
        "Set requireInfrastructureEncryption, and peerTrafficConfiguration.encryption.enabled.",
        (),
        _inner,
    ),
    Rule(
        "DEP082",
        "Azure lets go what nobody needs",
        Severity.LOW,
        "Add a ManagementPolicy that deletes old versions, and a registry's retentionPolicy.",
        (),
        _let_go,
    ),
)
