"""What is seen of an endpoint on Azure, and for how long: DEP079, DEP080 and DEP083."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure, vague
from infra.policy.rules._links import names_of
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
    unknown_in,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

_YEAR = 365

# https://learn.microsoft.com/azure/azure-monitor/reference/logs-index
_STORAGE = ("StorageRead", "StorageWrite", "StorageDelete")
_VAULT = ("AuditEvent",)
_APPS = ("ContainerAppConsoleLogs", "ContainerAppSystemLogs")
_AUDIT = frozenset({*_STORAGE, *_VAULT})

_TARGETS = (
    "eventHubAuthorizationRuleId",
    "marketplacePartnerId",
    "serviceBusRuleId",
    "storageAccountId",
    "workspaceId",
)


def _told(program: Program, demands: Demands) -> Iterator[Problem]:
    for account in azure(program, "storage:StorageAccount"):
        settings = _settings(program, account, "storageAccounts", "accountName")
        # Those of the account itself are about its metrics alone; blobs have theirs.
        blobs = [each for each in settings if _about_blobs(each)]
        yield from _missing(account, blobs, _STORAGE, "who reads and changes its blobs is not kept")
    for vault in azure(program, "keyvault:Vault"):
        settings = _settings(program, vault, "vaults", "vaultName")
        yield from _missing(vault, settings, _VAULT, "who uses its keys and secrets is not kept")
    for each in azure(program, "app:ManagedEnvironment"):
        path = "appLogsConfiguration.destination"
        where = value_at(each.inputs, path)
        if not unknown(where) and text(where) in ("", "none"):
            yield Problem(each, "what its apps log is kept nowhere", path)
        elif text(where) == "azure-monitor":
            settings = _settings(program, each, "managedEnvironments", "environmentName")
            yield from _missing(each, settings, _APPS, "what its apps log is kept nowhere")


def _about_blobs(setting: Resource) -> bool:
    uri = setting.inputs.get("resourceUri")
    return unknown(uri) or "/blobservices/" in text(uri).lower()


def _settings(program: Program, target: Resource, kind: str, name: str) -> Sequence[Resource]:
    """Return the diagnostic settings of a resource, or of a service of it."""
    called = [f"/{kind}/{each}/".lower() for each in names_of(target, name)]
    nameless = vague(target.inputs.get(name))
    found = []
    for each in azure(program, "monitor:DiagnosticSetting", "insights:DiagnosticSetting"):
        urns = each.references.get("resourceUri", ())
        uri = each.inputs.get("resourceUri")
        literal = f"{text(uri).lower()}/"
        if (
            target.urn in urns
            or (vague(uri) and not urns)
            or any(one in literal for one in called)
            or (nameless and not urns and f"/{kind}/".lower() in literal)
        ):
            found.append(each)
    return found


def _missing(
    resource: Resource, settings: Sequence[Resource], wanted: Sequence[str], message: str
) -> Iterator[Problem]:
    sent = [each for each in settings if any(each.inputs.get(name) for name in _TARGETS)]
    left = [name for name in wanted if not any(_sends(each, name) for each in sent)]
    if not left:
        return
    if settings:
        yield Problem(settings[0], f"{message}: {', '.join(left)}", "logs")
    else:
        yield Problem(resource, f"{message}: no diagnostic setting")


def _sends(setting: Resource, category: str) -> bool:
    if unknown_in(setting.inputs, "logs"):
        return True
    groups = ("allLogs", "audit") if category in _AUDIT else ("allLogs",)
    return any(
        is_true(each.get("enabled"))
        and (
            any_unknown([each.get("category"), each.get("categoryGroup")])
            or text(each.get("category")) == category
            or text(each.get("categoryGroup")) in groups
        )
        for _, each in entries(setting.inputs, "logs")
    )


def _kept(program: Program, demands: Demands) -> Iterator[Problem]:
    for workspace in azure(program, "operationalinsights:Workspace"):
        if not holds(workspace.inputs.get("retentionInDays"), _a_year):
            yield Problem(workspace, "logs are not said to be kept for a year", "retentionInDays")


def _a_year(days: object) -> bool:
    found = number(days)
    # -1 stands for ever in the tiers that have it.
    return found is not None and (found == -1 or found >= _YEAR)


def _watched(program: Program, demands: Demands) -> Iterator[Problem]:
    alerts = azure(program, "monitor:MetricAlert", "insights:MetricAlert")
    on = [each for each in alerts if not is_false(each.inputs.get("enabled"))]
    told = azure(program, "monitor:ActionGroup", "insights:ActionGroup")
    for each in azure(program, "app:ContainerApp"):
        ingress = value_at(each.inputs, "configuration.ingress")
        for metric, what in (
            ("Requests", "when requests fail"),
            ("ResponseTime", "when requests are slow"),
            ("RestartCount", "when containers die"),
        ):
            # What takes no requests has none that fail.
            if (ingress or metric == "RestartCount") and not any(_looks(one, metric) for one in on):
                yield Problem(each, f"nobody is told {what}: no alert on {metric}")
    for each in azure(program, "trafficmanager:Profile", "network:Profile"):
        path = "monitorConfig.protocol"
        if text(value_at(each.inputs, path)).upper() == "HTTP":
            yield Problem(each, "it asks endpoints without TLS whether they work", path)
    yield from _silent(program)
    for each in on:
        actions = each.inputs.get("actions")
        if told and not (any_unknown(actions) or any(map(_named, listed(actions)))):
            yield Problem(each, "it tells nobody", "actions")


def _named(action: object) -> bool:
    return bool(value_at(action, "actionGroupId"))


def _silent(program: Program) -> Iterator[Problem]:
    """Yield what is there to tell somebody and does not."""
    for group in azure(program, "monitor:ActionGroup", "insights:ActionGroup"):
        if not is_true(group.inputs.get("enabled")):
            yield Problem(group, "it is off, and tells nobody", "enabled")
        elif not any(group.inputs.get(each) for each in group.inputs if each.endswith("Receivers")):
            yield Problem(group, "it tells nobody", "emailReceivers")
    for budget in azure(program, "consumption:Budget", "costmanagement:Budget"):
        told = budget.inputs.get("notifications")
        if any_unknown(told):
            continue
        if not any(_tells(mapping(each)) for each in mapping(told).values()):
            yield Problem(budget, "nobody is told when it is spent", "notifications")
        for name, each in mapping(told).items():
            if is_false(mapping(each).get("enabled")):
                path = f"notifications.{name}.enabled"
                yield Problem(budget, "this notification is off", path)


def _tells(notification: Mapping[str, Any]) -> bool:
    return is_true(notification.get("enabled")) and any(
        notification.get(each) for each in ("contactEmails", "contactGroups", "contactRoles")
    )


def _looks(alert: Resource, metric: str) -> bool:
    if any_unknown(alert.inputs.get("criteria")):
        return True
    return any(
        text(each.get("metricName")) == metric
        for _, each in entries(alert.inputs, "criteria.allOf")
    )


RULES = (
    Rule(
        "DEP079",
        "Azure keeps who did what, and what apps log",
        Severity.MEDIUM,
        "Add a DiagnosticSetting with these categories, enabled, and a workspace to send them to.",
        ("CKV2_AZURE_21",),
        _told,
    ),
    Rule(
        "DEP080",
        "Azure keeps logs for a year",
        Severity.MEDIUM,
        "Set retentionInDays of the workspace to 365 or more.",
        (),
        _kept,
    ),
    Rule(
        "DEP083",
        "Endpoints on Azure are watched",
        Severity.LOW,
        "Add metric alerts on Requests (5xx), ResponseTime and RestartCount, with an action group that "
        "is on and tells somebody; probe over HTTPS.",
        (),
        _watched,
    ),
)
