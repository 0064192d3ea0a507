"""The networks and doors of Azure: DEP073 to DEP077."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._azure import led_to, private
from infra.policy.rules._clouds import azure, vague
from infra.policy.rules._values import (
    any_unknown,
    entries,
    holds,
    is_false,
    is_true,
    listed,
    mapping,
    number,
    text,
    unknown,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

# Beside the web's, those of the proxies of Container Apps:
# https://learn.microsoft.com/azure/container-apps/firewall-integration
_PUBLIC_PORTS = frozenset({80, 443, 31080, 31443})
_ALL_PORTS = 65535
_WORLD = frozenset({"*", "internet", "any", "0.0.0.0", "0.0.0.0/0", "::/0"})  # noqa: S104 - not ours

# Subnets of Azure's own services, which refuse a security group.
_NO_GROUP = frozenset(
    {
        "azurefirewallmanagementsubnet",
        "azurefirewallsubnet",
        "gatewaysubnet",
        "routeserversubnet",
    }
)
_LETS_IN = ("allow", "inbound")
_HELD = frozenset({"enabled", "networksecuritygroupenabled"})


def _shut(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        if led_to(program, account, "storageAccounts", ("accountName",)) and not (
            private(account) or _somebody(account, "networkRuleSet")
        ):
            yield Problem(
                account,
                "it has a private endpoint, and its public address is on for nobody",
                "publicNetworkAccess",
            )
    for vault in azure(program, "keyvault:Vault"):
        path = "properties.publicNetworkAccess"
        acls = "properties.networkAcls"
        if led_to(program, vault, "vaults", ("vaultName",)) and not (
            private(vault, path) or _somebody(vault, acls)
        ):
            message = "it has a private endpoint, and its public address is on for nobody"
            yield Problem(vault, message, path)
        # DEP030 judges those that are reached from outside.
        action = value_at(vault.inputs, f"{acls}.defaultAction")
        if private(vault, path) and not holds(action, "Deny".__eq__):
            message = "once its public address is on, every network is let in"
            yield Problem(vault, message, f"{acls}.defaultAction")


def _somebody(resource: Resource, path: str) -> bool:
    """Return whether a firewall names networks that are let in."""
    rules = value_at(resource.inputs, path)
    if unknown(rules):
        return True
    found = mapping(rules)
    return any(
        unknown(found.get(each)) or bool(listed(found.get(each)))
        for each in ("ipRules", "virtualNetworkRules")
    )


def _inside(program: Program, demands: Demands) -> Iterator[Problem]:
    if demands.public:
        return
    for each in azure(program, "app:ManagedEnvironment"):
        if not is_true(value_at(each.inputs, "vnetConfiguration.internal")):
            message = "its apps have an address in the internet"
            yield Problem(each, message, "vnetConfiguration.internal")
        if not private(each):
            yield Problem(each, "public networks are not shut out", "publicNetworkAccess")


def _closed(program: Program, demands: Demands) -> Iterator[Problem]:
    for group in azure(program, "network:NetworkSecurityGroup"):
        for path, rule in entries(group.inputs, "securityRules"):
            yield from _judge(group, rule, f"{path}.")
    for each in azure(program, "network:SecurityRule"):
        yield from _judge(each, each.inputs, "")


def _judge(resource: Resource, rule: Mapping[str, Any], at: str) -> Iterator[Problem]:
    if (text(rule.get("access")).lower(), text(rule.get("direction")).lower()) != _LETS_IN:
        return
    sources = _both(rule, "sourceAddressPrefix", "sourceAddressPrefixes")
    if not any(text(each).lower() in _WORLD for each in sources):
        return
    ports = _both(rule, "destinationPortRange", "destinationPortRanges")
    if text(rule.get("protocol")).lower() in {"icmp", "esp", "ah"} or any(map(vague, ports)):
        return
    wrong = [text(each) or str(each) for each in ports if not _web(each)]
    if wrong or not ports:
        name = (
            "destinationPortRanges" if "destinationPortRanges" in rule else "destinationPortRange"
        )
        shown = ", ".join(wrong) or "all"
        yield Problem(resource, f"ports {shown} are open from the whole internet", f"{at}{name}")


def _both(rule: Mapping[str, Any], one: str, many: str) -> Sequence[Any]:
    return [*listed(rule.get(one)), *listed(rule.get(many))]


def _web(ports: object) -> bool:
    low, _, high = str(ports).partition("-")
    first, last = number(low), number(high or low)
    if first is None or last is None:
        return False
    return 0 <= first <= last <= _ALL_PORTS and all(
        each in _PUBLIC_PORTS for each in range(int(first), min(int(last), int(first) + 2) + 1)
    )


def _guarded(program: Program, demands: Demands) -> Iterator[Problem]:
    doors = {
        urn
        for each in azure(program, "network:PrivateEndpoint")
        for urn in each.references.get("subnet", ())
    }
    for subnet in azure(program, "network:Subnet"):
        name = subnet.inputs.get("subnetName")
        if not vague(name) and not _grouped(subnet.inputs, text(name) or subnet.name):
            yield Problem(subnet, "no security group holds anything back", "networkSecurityGroup")
        path = "privateEndpointNetworkPolicies"
        policy = subnet.inputs.get(path)
        if subnet.urn in doors and not holds(policy, lambda each: text(each).lower() in _HELD):
            yield Problem(subnet, "its security group does not hold for private endpoints", path)
    for network in azure(program, "network:VirtualNetwork"):
        for path, inner in entries(network.inputs, "subnets"):
            if not vague(inner.get("name")) and not _grouped(inner, text(inner.get("name"))):
                message = "no security group holds anything back"
                yield Problem(network, message, f"{path}.networkSecurityGroup")


def _grouped(subnet: Mapping[str, Any], name: str) -> bool:
    group = value_at(subnet, "networkSecurityGroup.id")
    return name.lower() in _NO_GROUP or any_unknown(group) or bool(text(group))


def _silent(program: Program, demands: Demands) -> Iterator[Problem]:
    for subnet in azure(program, "network:Subnet"):
        found = subnet.inputs.get("defaultOutboundAccess")
        name = text(subnet.inputs.get("subnetName")) or subnet.name
        # What runs in a delegated subnet, and what a gateway leads out, goes out on purpose.
        if subnet.inputs.get("delegations") or subnet.inputs.get("natGateway"):
            continue
        if not (unknown(found) or is_false(found) or name.lower() in _NO_GROUP):
            message = "machines in it reach the internet by an address of Azure's"
            yield Problem(subnet, message, "defaultOutboundAccess")


RULES = (
    Rule(
        "DEP073",
        "What has a private endpoint on Azure has no public address",
        Severity.MEDIUM,
        "Set publicNetworkAccess to Disabled and defaultAction to Deny, or name who is let in.",
        ("CKV_AZURE_189", "CKV_AZURE_109"),
        _shut,
    ),
    Rule(
        "DEP074",
        "Container Apps that are not public are in the network alone",
        Severity.HIGH,
        "Set vnetConfiguration.internal to true and publicNetworkAccess to Disabled.",
        (),
        _inside,
    ),
    Rule(
        "DEP075",
        "Azure security groups are not open to the whole internet",
        Severity.HIGH,
        "Name the ports and the addresses, service tags or application groups that are needed.",
        ("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_77"),
        _closed,
    ),
    Rule(
        "DEP076",
        "Azure subnets have a security group",
        Severity.MEDIUM,
        "Set networkSecurityGroup, and privateEndpointNetworkPolicies to Enabled where doors are.",
        ("CKV2_AZURE_31",),
        _guarded,
    ),
    Rule(
        "DEP077",
        "Azure subnets let nothing out by default",
        Severity.LOW,
        "Set defaultOutboundAccess to false; lead out what must get out by a NAT gateway.",
        (),
        _silent,
    ),
)
