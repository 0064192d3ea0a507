"""Where resources, and copies of what they hold, may be: DEP036."""

import re
from collections.abc import Iterator
from typing import Any

from infra.jurisdictions import allowed, countries, normal
from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure_type, providers, vague
from infra.policy.rules._values import entries, listed, text, unknown, value_at
from infra.resources import Program, Resource

__all__ = ["RULES", "regions"]

# AWS services that are in no region, or in one for the whole world.
_GLOBAL_AWS = frozenset(
    {"account", "budgets", "cloudfront", "costexplorer", "globalaccelerator", "iam"}
    | {"organizations", "route53", "route53domains", "shield", "waf"}
)
# Not places: Azure's DNS and Traffic Manager, Google's DNS and load balancers.
_GLOBAL = frozenset({"global", ""})
_ZONE = re.compile(r"(?P<region>[a-z]+-[a-z]+\d+)-[a-z]")

# Inputs beside the resource's own that name where copies of it go: list, then key.
_COPIES = {
    "aws:dynamodb/table:Table": (("replicas", "regionName"),),
    "aws:secretsmanager/secret:Secret": (("replicas", "region"),),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": (
        ("replicationConfiguration.rules[0].destinations", "region"),
    ),
    "gcp:secretmanager/secret:Secret": (("replication.userManaged.replicas", "location"),),
    "azure-native:cosmosdb:DatabaseAccount": (("locations", "locationName"),),
    "azure-native:documentdb:DatabaseAccount": (("locations", "locationName"),),
}
_SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 - a type token
_BUCKET = "gcp:storage/bucket:Bucket"
_PLACEMENT = "customPlacementConfig.dataLocations"


def _bound(program: Program, demands: Demands) -> Iterator[Problem]:
    if not demands.residency:
        return
    bound = f"bound to {', '.join(demands.residency)}"
    makers = providers(program)
    for each in program:
        for path, region in regions(each, provider=makers.get(each.urn), default=program.region):
            if not allowed(demands.residency, region):
                yield Problem(each, f"it is in {_where(region)}, and {bound}", path)
        automatic = value_at(each.inputs, "replication.auto")
        if each.type == _SECRET and automatic is not None and not unknown(automatic):
            yield Problem(each, f"it may be in any region, and is {bound}", "replication.auto")


def _where(region: str) -> str:
    found = sorted(countries(region))
    place = f" ({', '.join(found)})" if 0 < len(found) <= 3 else ""  # noqa: PLR2004 - readable
    return f"{region}{place}" if found else f"{region}, of which the country is not known"


def regions(
    resource: Resource, *, provider: Resource | None = None, default: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the path of the input and the region, for each that a resource or a copy of it is in.

    Nothing is yielded for what is in no region, or whose region is only known later.

    Args:
        resource: which.
        provider: that it is made by, if it is not the default one.
        default: that the program is configured for; "" if none.

    """
    if resource.component or resource.package not in ("aws", "gcp", "azure-native"):
        return
    places = listed(value_at(resource.inputs, _PLACEMENT)) if resource.type == _BUCKET else ()
    named = [(_PLACEMENT, text(each)) for each in places] or [_own(resource, provider, default)]
    for items, key in _COPIES.get(azure_type(resource.type), ()):
        named += [(f"{path}.{key}", _name(each.get(key))) for path, each in entries(
            resource.inputs, items)]  # fmt: skip
    for path, region in named:
        if normal(region) not in _GLOBAL:
            yield path, normal(region)


def _own(resource: Resource, provider: Resource | None, default: str) -> tuple[str, str]:
    """Return where a resource itself is: by its inputs, its provider, or the configuration."""
    match resource.package:
        case "aws":
            if resource.type.split(":")[1].partition("/")[0] in _GLOBAL_AWS:
                return "", ""
            keys: tuple[str, ...] = ("region",)
        case "gcp":
            keys = ("location", "region", "zone")
        case _:
            keys = ("location",)
    for key in keys:
        value = resource.inputs.get(key)
        if value is not None:
            return key, _name(value)
    # Google's and Azure's resources that name no place may well have none, as roles; those of AWS
    # are where their provider is.
    if resource.package != "aws":
        return "", ""
    given = provider.inputs.get("region") if provider else None
    return "", default if given is None else _name(given)


def _name(value: Any) -> str:
    """Return the region that a text names, also by one of its zones; "" if it is not known."""
    if unknown(value) or vague(value):
        return ""
    name = text(value).rpartition("/")[2]
    zone = _ZONE.fullmatch(name)
    return zone["region"] if zone else name


RULES = (
    Rule(
        "DEP036",
        "Resources are in regions that the residency rule allows",
        Severity.CRITICAL,
        "Move the resource, or change the residency rule if that is what was agreed.",
        (),
        _bound,
    ),
)
