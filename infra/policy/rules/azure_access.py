"""Who reaches what on Azure, and how: DEP028, DEP029 and DEP030."""

import re
from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._azure import led_to, private
from infra.policy.rules._clouds import azure
from infra.policy.rules._values import holds, is_false, is_true, text, unknown, value_at
from infra.resources import Program, Resource

__all__ = ["RULES"]

_TLS = re.compile(r"(?:TLS)?1[._][23]")


def _encrypted(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        # The default is on since API version 2019-04-01 and off before.
        if not is_true(account.inputs.get("enableHttpsTrafficOnly")):
            yield Problem(
                account, "it is not said that only HTTPS is taken", "enableHttpsTrafficOnly"
            )
        if not holds(account.inputs.get("minimumTlsVersion"), _modern):
            yield Problem(account, "TLS older than 1.2 is taken", "minimumTlsVersion")
    for each in azure(program, "app:ContainerApp"):
        path = "configuration.ingress.allowInsecure"
        allowed = value_at(each.inputs, path)
        if not unknown(allowed) and is_true(allowed):
            yield Problem(each, "requests without TLS are answered", path)
    for each in azure(program, "web:WebApp", "web:WebAppSlot"):
        if not is_true(each.inputs.get("httpsOnly")):
            yield Problem(each, "requests without TLS are answered", "httpsOnly")
        least = value_at(each.inputs, "siteConfig.minTlsVersion")
        if least is not None and not holds(least, _modern):
            yield Problem(each, "TLS older than 1.2 is taken", "siteConfig.minTlsVersion")


def _modern(version: object) -> bool:
    return bool(_TLS.fullmatch(text(version)))


def _anonymous(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        if not is_false(account.inputs.get("allowBlobPublicAccess")) and not unknown(
            account.inputs.get("allowBlobPublicAccess")
        ):
            yield Problem(
                account,
                "containers may be opened to anybody: that they may not is not said",
                "allowBlobPublicAccess",
            )
        if not (private(account) or _denies(account, "networkRuleSet")):
            yield Problem(
                account, "it is reachable from every public network", "publicNetworkAccess"
            )
    for container in azure(program, "storage:BlobContainer"):
        access = container.inputs.get("publicAccess")
        if not unknown(access) and text(access) not in ("", "None"):
            yield Problem(container, f"anybody may read it: {access}", "publicAccess")
    for registry in azure(program, "containerregistry:Registry"):
        opened = registry.inputs.get("anonymousPullEnabled")
        if not unknown(opened) and is_true(opened):
            yield Problem(registry, "anybody may pull images", "anonymousPullEnabled")


def _denies(resource: Resource, path: str) -> bool:
    return holds(value_at(resource.inputs, f"{path}.defaultAction"), "Deny".__eq__)


def _walled(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        # Rules are of no effect while public access is off, and of full effect once it is on.
        if not _denies(account, "networkRuleSet"):
            yield Problem(
                account,
                "networks that are not named are let in",
                "networkRuleSet.defaultAction",
            )
        if not led_to(program, account, "storageAccounts", ("accountName",)):
            yield Problem(account, "no private endpoint leads to it")
    for vault in azure(program, "keyvault:Vault"):
        if not private(vault, "properties.publicNetworkAccess") and not _denies(
            vault, "properties.networkAcls"
        ):
            yield Problem(
                vault,
                "networks that are not named are let in",
                "properties.networkAcls.defaultAction",
            )


RULES = (
    Rule(
        "DEP028",
        "Azure takes only TLS 1.2 or later",
        Severity.HIGH,
        "Set enableHttpsTrafficOnly, and minimumTlsVersion to TLS1_2; never allowInsecure.",
        ("CKV_AZURE_3", "CKV_AZURE_44"),
        _encrypted,
    ),
    Rule(
        "DEP029",
        "Azure storage is closed to the public",
        Severity.HIGH,
        "Set allowBlobPublicAccess to false, and publicNetworkAccess to Disabled or deny networks.",
        ("CKV_AZURE_59", "CKV_AZURE_190", "CKV_AZURE_34", "CKV2_AZURE_47"),
        _anonymous,
    ),
    Rule(
        "DEP030",
        "Azure storage and vaults let in named networks alone",
        Severity.HIGH,
        "Set defaultAction to Deny, and add a PrivateEndpoint to the storage account.",
        ("CKV_AZURE_35", "CKV2_AZURE_33"),
        _walled,
    ),
)
