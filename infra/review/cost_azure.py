"""What resources on Azure cost, by type."""

from collections.abc import Iterable

from infra.resources import Resource
from infra.review.estimates import Context, Estimator, Need, amount, fixed, store
from infra.review.facts import mebibytes
from infra.review.tokens import dig
from infra.review.usage import HOURS, SECONDS

__all__ = ["AZURE", "AZURE_FREE"]

_DAYS = HOURS / 24


def _app(resource: Resource, context: Context) -> Iterable[Need]:
    usage, share = context.usage, context.share(resource)
    template = resource.inputs.get("template")
    cpu = amount(dig(template, "containers.resources.cpu"), 0.5)
    memory = (mebibytes(dig(template, "containers.resources.memory")) or 1024) / 1024
    warm = amount(dig(template, "scale.minReplicas"), 0)
    busy = usage.requests * usage.seconds * share
    idle = max(0.0, warm * SECONDS - busy)
    yield Need("requests", usage.requests / 1e6 * share, "azure.containerapps.requests")
    yield Need("vCPU, busy", busy * cpu, "azure.containerapps.cpu")
    yield Need("vCPU, kept warm", idle * cpu, "azure.containerapps.idle_cpu")
    yield Need("memory", (busy + idle) * memory, "azure.containerapps.memory")


def _account(resource: Resource, context: Context) -> Iterable[Need]:
    kind = str(dig(resource.inputs, "sku.name") or "Standard_LRS").upper()
    storage = "grs" if "G" in kind.partition("_")[2] else "zrs" if "ZRS" in kind else "lrs"
    return store("azure.blobs", storage)(resource, context)


def _registry(resource: Resource, context: Context) -> Iterable[Need]:
    tier = str(dig(resource.inputs, "sku.name") or "Basic").lower()
    yield Need(f"{tier} tier", _DAYS, f"azure.registry.{tier}")


def _workspace(resource: Resource, context: Context) -> Iterable[Need]:
    usage, share = context.usage, context.share(resource)
    months = max(0.0, amount(resource.inputs.get("retentionInDays"), 30) - 31) / 30.4
    yield Need("ingestion", usage.log_gb * share, "azure.monitor.ingest")
    yield Need("kept after 31 days", usage.log_gb * months * share, "azure.monitor.retention")


def _key(resource: Resource, context: Context) -> Iterable[Need]:
    # A read or a write of a store with a key of the customer asks for the key at most once.
    uses = context.usage.new_versions * 110 / 10_000
    yield Need("operations", uses, "azure.keyvault.operations")


def _profile(resource: Resource, context: Context) -> Iterable[Need]:
    endpoints = resource.inputs.get("endpoints")
    count = len(endpoints) if isinstance(endpoints, list) else 1
    yield Need("health checks", count, "azure.trafficmanager.check")
    # A resolver keeps an answer for its time to live: far fewer questions than requests.
    yield Need("queries", context.usage.requests / 1e7, "azure.trafficmanager.queries")


AZURE: dict[str, Estimator] = {
    "azure-native:app:ContainerApp": _app,
    "azure-native:storage:StorageAccount": _account,
    "azure-native:containerregistry:Registry": _registry,
    "azure-native:operationalinsights:Workspace": _workspace,
    "azure-native:keyvault:Key": _key,
    "azure-native:trafficmanager:Profile": _profile,
    "azure-native:network:Profile": _profile,
    "azure-native:network:PrivateEndpoint": fixed("hours", "azure.privatelink.endpoint", HOURS),
    "azure-native:network:Zone": fixed("zone", "azure.dns.zone"),
    "azure-native:dns:Zone": fixed("zone", "azure.dns.zone"),
    "azure-native:network:PrivateZone": fixed("zone", "azure.dns.zone"),
    "azure-native:privatedns:PrivateZone": fixed("zone", "azure.dns.zone"),
    "azure-native:monitor:MetricAlert": fixed("time series", "azure.monitor.alert"),
    "azure-native:insights:MetricAlert": fixed("time series", "azure.monitor.alert"),
}

AZURE_FREE = [
    "azure-native:app:ManagedEnvironment",
    "azure-native:authorization:",
    "azure-native:consumption:",
    "azure-native:costmanagement:Budget",
    "azure-native:insights:ActionGroup",
    "azure-native:insights:DiagnosticSetting",
    "azure-native:monitor:ActionGroup",
    "azure-native:monitor:DiagnosticSetting",
    "azure-native:keyvault:Secret",
    "azure-native:keyvault:Vault",
    "azure-native:keyvault:AccessPolicy",
    "azure-native:managedidentity:",
    "azure-native:network:NetworkSecurityGroup",
    "azure-native:network:PrivateDnsZoneGroup",
    "azure-native:network:PrivateRecordSet",
    "azure-native:network:RecordSet",
    "azure-native:network:Subnet",
    "azure-native:network:VirtualNetwork",
    "azure-native:network:VirtualNetworkLink",
    "azure-native:privatedns:PrivateRecordSet",
    "azure-native:privatedns:VirtualNetworkLink",
    "azure-native:resources:ResourceGroup",
    "azure-native:dns:RecordSet",
    "azure-native:storage:BlobContainer",
    "azure-native:storage:BlobServiceProperties",
    "azure-native:storage:ManagementPolicy",
    "azure-native:trafficmanager:Endpoint",
]
