"""What resources on Google Cloud cost, by type."""

from collections.abc import Iterable

from infra.resources import Resource
from infra.review.estimates import Context, Estimator, Need, amount, fixed, store
from infra.review.facts import mebibytes
from infra.review.tokens import dig
from infra.review.usage import SECONDS

__all__ = ["GCP", "GCP_FREE"]

_FREE_CHECKS = 1_000_000
_PERIODS = {"60s": 60, "300s": 300, "600s": 600, "900s": 900}


def _service(resource: Resource, context: Context) -> Iterable[Need]:
    usage, share = context.usage, context.share(resource)
    template = resource.inputs.get("template")
    limits = dig(template, "containers.resources.limits")
    cpu = amount(dig(limits, "cpu"), 1)
    memory = (mebibytes(dig(limits, "memory")) or 512) / 1024
    warm = amount(dig(template, "scaling.minInstanceCount"), 0)
    if dig(template, "containers.resources.cpuIdle") is False:
        # Billed for as long as an instance is there, and not for requests.
        there = max(warm * SECONDS, usage.requests * usage.seconds * share)
        yield Need("vCPU, always", there * cpu, "gcp.run.always_cpu")
        yield Need("memory, always", there * memory, "gcp.run.always_memory")
        return
    busy = usage.requests * usage.seconds * share
    idle = max(0.0, warm * SECONDS - busy)
    yield Need("requests", usage.requests / 1e6 * share, "gcp.run.requests")
    yield Need("vCPU, busy", busy * cpu, "gcp.run.cpu")
    yield Need("memory, busy", busy * memory, "gcp.run.memory")
    yield Need("vCPU, kept warm", idle * cpu, "gcp.run.idle_cpu")
    yield Need("memory, kept warm", idle * memory, "gcp.run.memory")


def _registry(resource: Resource, context: Context) -> Iterable[Need]:
    yield Need("images", context.usage.image_gb * context.share(resource), "gcp.artifacts.storage")


def _logs(resource: Resource, context: Context) -> Iterable[Need]:
    usage, share = context.usage, context.share(resource)
    months = max(0.0, amount(resource.inputs.get("retentionDays"), 30) - 30) / 30.4
    yield Need("ingestion", usage.log_gb * share, "gcp.logging.ingest")
    yield Need("kept after 30 days", usage.log_gb * months * share, "gcp.logging.retention")


def _uptime(resource: Resource, context: Context) -> Iterable[Need]:
    regions = resource.inputs.get("selectedRegions")
    # Six locations ask, unless fewer are selected
    # (https://cloud.google.com/monitoring/uptime-checks).
    places = max(3, len(regions)) if isinstance(regions, list) and regions else 6
    period = _PERIODS.get(str(resource.inputs.get("period")), 60)
    # A million checks a month are free in every project, which few come near to: to leave that out
    # as other free tiers are would make this the dearest of all.
    count = max(0.0, places * SECONDS / period - _FREE_CHECKS * context.share(resource))
    yield Need("checks", count / 1000, "gcp.monitoring.uptime")


def _alert(resource: Resource, context: Context) -> Iterable[Need]:
    conditions = resource.inputs.get("conditions")
    count = len(conditions) if isinstance(conditions, list) else 1
    yield Need("conditions", count, "gcp.monitoring.condition")


def _bucket(resource: Resource, context: Context) -> Iterable[Need]:
    yield from store("gcp.storage")(resource, context)


GCP: dict[str, Estimator] = {
    "gcp:cloudrunv2/service:Service": _service,
    "gcp:storage/bucket:Bucket": _bucket,
    "gcp:artifactregistry/repository:Repository": _registry,
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": _logs,
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": _uptime,
    "gcp:monitoring/alertPolicy:AlertPolicy": _alert,
    "gcp:kms/cryptoKey:CryptoKey": fixed("key version", "gcp.kms.key"),
    "gcp:secretmanager/secret:Secret": fixed("secret version", "gcp.secrets.version"),
    "gcp:dns/managedZone:ManagedZone": fixed("zone", "gcp.dns.zone"),
}

GCP_FREE = [
    "gcp:artifactregistry/repositoryIam",
    "gcp:billing/budget:",
    "gcp:cloudrunv2/serviceIam",
    "gcp:compute/firewall:",
    "gcp:compute/network:",
    "gcp:compute/subnetwork:",
    "gcp:dns/recordSet:",
    "gcp:kms/cryptoKeyIAM",
    "gcp:kms/keyRing",
    "gcp:logging/projectSink:",
    "gcp:logging/metric:",
    "gcp:monitoring/notificationChannel:",
    "gcp:organizations/",
    "gcp:projects/",
    "gcp:secretmanager/secretIam",
    "gcp:secretmanager/secretVersion:",
    "gcp:serviceaccount/",
    "gcp:storage/bucketIAM",
    "gcp:artifactregistry/repositoryIam",
]
