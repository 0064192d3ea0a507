"""The facts of an endpoint on Azure."""

from collections.abc import Iterator
from typing import Any

from infra.resources import Program, Resource
from infra.review.facts import Fact, Facts, image_digest, mebibytes, outputs, put
from infra.review.tokens import dig, number, of

__all__ = ["azure_facts"]

_APP = "azure-native:app:ContainerApp"
_ENVIRONMENT = "azure-native:app:ManagedEnvironment"
_ACCOUNT = "azure-native:storage:StorageAccount"


def azure_facts(program: Program) -> Facts:
    """Return what can be told of an endpoint on Azure."""
    facts = outputs(program)
    apps = list(of(program, _APP))
    put(facts, "min_instances", apps, "template.scale.minReplicas", number)
    put(facts, "max_instances", apps, "template.scale.maxReplicas", number)
    put(facts, "concurrency", apps, "template.scale.rules.http.metadata.concurrentRequests", number)
    put(facts, "cpu", apps, "template.containers.resources.cpu", number)
    put(facts, "memory", apps, "template.containers.resources.memory", mebibytes)
    put(facts, "image", apps, "template.containers.image", image_digest)
    put(facts, "health_path", apps, "template.containers.probes.httpGet.path")
    private = {
        each.urn
        for each in of(program, _ENVIRONMENT)
        if dig(each.inputs, "vnetConfiguration.internal") is True
    }
    for each in apps:
        told = _exposure(
            dig(each.inputs, "configuration.ingress.external"),
            inside=not private.isdisjoint(_environments(each)),
        )
        if told == "internet" or (told and "exposure" not in facts):
            facts["exposure"] = Fact(told, each.urn, each.place)
        facts.setdefault("compute", Fact("Container Apps", each.urn, each.place))
        insecure = dig(each.inputs, "configuration.ingress.allowInsecure") is True
        # Its ingress ends TLS at 1.2 or 1.3
        # (https://learn.microsoft.com/azure/container-apps/ingress-overview).
        facts.setdefault("tls", Fact("none" if insecure else "1.2", each.urn, each.place))
    for each in of(program, _ACCOUNT):
        own = str(dig(each.inputs, "encryption.keySource")).lower() == "microsoft.keyvault"
        key = "customer key" if own else "provider key"
        facts.setdefault("encryption", Fact(key, each.urn, each.place))
        public = each.inputs.get("allowBlobPublicAccess") is not False
        facts.setdefault("access", Fact("possible" if public else "blocked", each.urn, each.place))
    services = of(program, "azure-native:storage:BlobServiceProperties")
    put(facts, "versioning", services, "isVersioningEnabled", _truth)
    workspaces = of(program, "azure-native:operationalinsights:Workspace")
    put(facts, "log_days", workspaces, "retentionInDays", number)
    return facts


def _environments(app: Resource) -> Iterator[str]:
    for name in ("environmentId", "managedEnvironmentId"):
        yield from app.references.get(name, ())


def _exposure(value: Any, *, inside: bool) -> str | None:
    """Return where an app is reached from; `inside`: its environment has no public address.

    An external ingress leads out of the environment, not out of the network:
    https://learn.microsoft.com/azure/container-apps/networking#accessibility-level
    """
    if not isinstance(value, bool):
        return None
    return "internet" if value and not inside else "inside"


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
