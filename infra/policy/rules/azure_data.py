"""How data on Azure is unlocked, encrypted and got back: DEP031 and DEP032."""

from collections.abc import Iterator, Sequence

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure, owned
from infra.policy.rules._values import (
    holds,
    is_false,
    is_true,
    mapping,
    number,
    text,
    unknown,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

_DAYS = 7  # the least that Azure's own security baseline asks for


def _keyless(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        allowed = account.inputs.get("allowSharedKeyAccess")
        if not unknown(allowed) and not is_false(allowed):
            yield Problem(account, "whoever has its key may do all", "allowSharedKeyAccess")
        path = "sasPolicy.sasExpirationPeriod"
        period = value_at(account.inputs, path)
        if not (unknown(period) or text(period)):
            yield Problem(account, "shared access signatures need not expire", path)


def _kept(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        yield from _soft(account, _services(program, account))
        source = value_at(account.inputs, "encryption.keySource")
        key = value_at(account.inputs, "encryption.keyVaultProperties")
        if not holds(source, "Microsoft.Keyvault".__eq__):
            yield Problem(
                account, "it is encrypted with Microsoft's key alone", "encryption.keySource"
            )
        elif not (unknown(key) or unknown(source) or mapping(key)):
            yield Problem(account, "no key of a vault is named", "encryption.keyVaultProperties")
    for vault in azure(program, "keyvault:Vault"):
        path = "properties.enablePurgeProtection"
        if not is_true(value_at(vault.inputs, path)):
            yield Problem(vault, "its keys can be purged for good at once", path)
        # On by default, and for ever once it is on.
        path = "properties.enableSoftDelete"
        if is_false(value_at(vault.inputs, path)):
            yield Problem(vault, "a key that is deleted is gone", path)


def _services(program: Program, account: Resource) -> Sequence[Resource]:
    return owned(
        program, account, "storage:BlobServiceProperties", by="accountName", names=("accountName",)
    )


def _soft(account: Resource, services: Sequence[Resource]) -> Iterator[Problem]:
    """Yield what is missing for getting blobs and containers back."""
    if not services:
        yield Problem(account, "a blob or a container that is deleted is gone")
    for each in services:
        for path, what in (
            ("deleteRetentionPolicy", "blob"),
            ("containerDeleteRetentionPolicy", "container"),
        ):
            policy = value_at(each.inputs, path)
            days = value_at(each.inputs, f"{path}.days")
            if not is_true(value_at(each.inputs, f"{path}.enabled")):
                yield Problem(each, f"a {what} that is deleted is gone", f"{path}.enabled")
            elif not unknown(policy) and not holds(days, _long):
                message = f"a {what} that is deleted is kept for less than {_DAYS} days"
                yield Problem(each, message, f"{path}.days")
        if not is_true(each.inputs.get("isVersioningEnabled")):
            yield Problem(each, "a blob that is overwritten is gone", "isVersioningEnabled")


def _long(days: object) -> bool:
    count = number(days)
    return count is None or count >= _DAYS


RULES = (
    Rule(
        "DEP031",
        "Azure storage is opened by identities, not by keys",
        Severity.HIGH,
        "Set allowSharedKeyAccess to false, and sasPolicy with an expiry period.",
        ("CKV2_AZURE_40", "CKV2_AZURE_41"),
        _keyless,
    ),
    Rule(
        "DEP032",
        "Azure keeps what is deleted, and encrypts with the owner's key",
        Severity.MEDIUM,
        "Enable soft delete (7 days), versions, a key from a vault, and the vault's purge protection.",
        ("CKV2_AZURE_38", "CKV2_AZURE_1", "CKV_AZURE_110"),
        _kept,
    ),
)
