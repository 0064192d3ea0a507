"""The facts of an endpoint on Google Cloud."""

from typing import Any

from infra.resources import Program
from infra.review.facts import (
    Fact,
    Facts,
    image_digest,
    mebibytes,
    outputs,
    put,
    seconds,
    store_uses_key,
    stores,
)
from infra.review.tokens import dig, number, of

__all__ = ["gcp_facts"]

_SERVICE = "gcp:cloudrunv2/service:Service"
_BUCKET = "gcp:storage/bucket:Bucket"
_LOGS = ("gcp:logging/projectBucketConfig:ProjectBucketConfig", "gcp:logging/logBucket:LogBucket")


def gcp_facts(program: Program) -> Facts:
    """Return what can be told of an endpoint on Google Cloud."""
    facts = outputs(program)
    services = list(of(program, _SERVICE))
    put(facts, "timeout", services, "template.timeout", seconds)
    put(facts, "min_instances", services, "template.scaling.minInstanceCount", number)
    put(facts, "max_instances", services, "template.scaling.maxInstanceCount", number)
    put(facts, "concurrency", services, "template.maxInstanceRequestConcurrency", number)
    put(facts, "cpu", services, "template.containers.resources.limits.cpu", _vcpu)
    put(facts, "memory", services, "template.containers.resources.limits.memory", mebibytes)
    put(facts, "image", services, "template.containers.image", image_digest)
    put(facts, "exposure", services, "ingress", _exposure)
    for path in ("startupProbe", "livenessProbe", "readinessProbe"):
        put(facts, "health_path", services, f"template.containers.{path}.httpGet.path")
    checks = of(program, "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig")
    put(facts, "health_path", checks, "httpCheck.path")
    for each in services:
        facts.setdefault("compute", Fact("Cloud Run", each.urn, each.place))
        # "Cloud Run … TLS 1.2 and above" (https://cloud.google.com/run/docs/securing/security).
        facts.setdefault("tls", Fact("1.2", each.urn, each.place))
        facts.setdefault("exposure", Fact("internet", each.urn, each.place))
    buckets = stores(program, _BUCKET)
    store_uses_key(facts, buckets, "encryption.defaultKmsKeyName")
    for each in buckets:
        versions = dig(each.inputs, "versioning.enabled") is True
        facts.setdefault("versioning", Fact(versions, each.urn, each.place))
    put(facts, "access", buckets, "publicAccessPrevention", _access)
    put(facts, "log_days", of(program, *_LOGS), "retentionDays", number)
    return facts


def _vcpu(value: Any) -> float | None:
    """Return vCPU, written as ``1`` or ``1000m``."""
    if isinstance(value, str) and value.endswith("m"):
        thousandths = number(value[:-1])
        return None if thousandths is None else thousandths / 1000
    return number(value)


def _exposure(value: Any) -> str | None:
    return None if value is None else "internet" if value == "INGRESS_TRAFFIC_ALL" else "inside"


def _access(value: Any) -> str | None:
    return None if value is None else "blocked" if value == "enforced" else "possible"
