"""Who may do what on Azure, and with what they show who they are: DEP070, DEP071 and DEP072."""

import re
from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure, vague
from infra.policy.rules._values import (
    entries,
    is_false,
    is_true,
    listed,
    text,
    texts,
    unknown,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged
_GIVERS = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
_CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
_WIDE = re.compile(
    r"/?subscriptions/[^/]+/?|/?providers/microsoft\.management/managementgroups/[^/]+/?|/",
    re.IGNORECASE,
)

_FOR = {
    "enabledForDeployment": "virtual machines",
    "enabledForDiskEncryption": "disk encryption",
    "enabledForTemplateDeployment": "templates",
}


def _narrow(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in azure(program, "authorization:RoleAssignment"):
        role = text(each.inputs.get("roleDefinitionId")).rpartition("/")[2].lower()
        if role in _GIVERS and not each.inputs.get("condition"):
            yield Problem(each, f"{_GIVERS[role]} may give out every role here", "roleDefinitionId")
        elif role == _CONTRIBUTOR and _WIDE.fullmatch(text(each.inputs.get("scope"))):
            yield Problem(each, "Contributor of all there is may change all of it", "scope")
    for each in azure(program, "authorization:RoleDefinition"):
        for path, granted in entries(each.inputs, "permissions"):
            if "*" in texts(granted.get("actions")):
                yield Problem(each, "whoever has this role may do all", f"{path}.actions")


def _by_identity(program: Program, demands: Demands) -> Iterator[Problem]:
    for registry in azure(program, "containerregistry:Registry"):
        if _on(registry, "adminUserEnabled"):
            yield Problem(registry, "its admin's password opens it", "adminUserEnabled")
    for workspace in azure(program, "operationalinsights:Workspace"):
        path = "features.disableLocalAuth"
        if not is_true(value_at(workspace.inputs, path)):
            yield Problem(workspace, "whoever has its key may write logs", path)
    for vault in azure(program, "keyvault:Vault"):
        # "If null or not specified, the vault is created with the default value of false."
        path = "properties.enableRbacAuthorization"
        if not is_true(value_at(vault.inputs, path)):
            yield Problem(vault, "its own access policies open it, not roles", path)
        for name, who in _FOR.items():
            path = f"properties.{name}"
            if _on(vault, path):
                yield Problem(vault, f"{who} may fetch secrets without a role", path)


def _on(resource: Resource, path: str) -> bool:
    """Return whether something that is off by default is on."""
    found = value_at(resource.inputs, path)
    return not unknown(found) and is_true(found)


def _side_doors(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        local = account.inputs.get("isLocalUserEnabled")
        # On by default: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create
        if not (unknown(local) or is_false(local)):
            yield Problem(
                account,
                "local users may have passwords and keys of their own",
                "isLocalUserEnabled",
            )
        for path, message in (
            ("isSftpEnabled", "SFTP lets local users in"),
            ("enableNfsV3", "NFS asks nobody who they are"),
            ("allowCrossTenantReplication", "its blobs may be copied into another directory"),
        ):
            if _on(account, path):
                yield Problem(account, message, path)
        rules = value_at(account.inputs, "networkRuleSet.ipRules")
        for at, rule in enumerate(listed(rules)):
            address = text(value_at(rule, "iPAddressOrRange"))
            if not vague(address) and address.endswith("/0"):
                path = f"networkRuleSet.ipRules[{at}].iPAddressOrRange"
                yield Problem(account, "every address there is is let in", path)


RULES = (
    Rule(
        "DEP070",
        "Azure roles are narrow",
        Severity.HIGH,
        "Assign a built-in role that fits, on one resource; let people give out roles, on request.",
        ("CKV_AZURE_39",),
        _narrow,
    ),
    Rule(
        "DEP071",
        "Azure is opened by identities and roles, not by passwords",
        Severity.MEDIUM,
        "Set adminUserEnabled and enabledFor… to false, disableLocalAuth and "
        "enableRbacAuthorization to true.",
        ("CKV_AZURE_137",),
        _by_identity,
    ),
    Rule(
        "DEP072",
        "Azure storage has no side doors",
        Severity.MEDIUM,
        "Set isLocalUserEnabled to false; leave SFTP, NFS and copies to other directories off.",
        ("CKV_AZURE_244",),
        _side_doors,
    ),
)
