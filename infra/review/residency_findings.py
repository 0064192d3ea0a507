"""Where everything would be, and what would be where it may not be."""

from collections.abc import Mapping, Sequence

import msgspec

from infra.jurisdictions import allowed, countries
from infra.policy.model import Finding
from infra.resources import Program, Resource
from infra.review.tokens import dig

__all__ = ["RESIDENCY_RULE", "Residence", "residency", "where"]

RESIDENCY_RULE = "RES001"

# Types that are nowhere: names, permissions, links between others, and the clouds' own global
# services.
_NOWHERE = (
    "pulumi:",
    "random:",
    "aws:iam/",
    "aws:route53/",
    "aws:cloudfront/",
    "aws:budgets/",
    "azure-native:authorization:",
    "azure-native:trafficmanager:",
    "azure-native:consumption:",
    "gcp:projects/",
    "gcp:serviceaccount/",
    "gcp:dns/",
    "gcp:monitoring/",
    "gcp:organizations/",
)


class Residence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is in one region.

    Attributes:
        cloud: of the region.
        region: its name; ``global`` for what is in none, "" for what does not say.
        countries: ISO 3166-1 codes, in lower case; empty if not known.
        resources: how many.
        allowed: whether the binding lets them be there; None without a binding, or if it cannot
            matter.

    """

    cloud: str
    region: str
    countries: tuple[str, ...]
    resources: int
    allowed: bool | None = None


def where(resource: Resource, program: Program) -> tuple[str, ...]:
    """Return the regions that a resource is in or copies data to; ``global`` if it is in none."""
    if resource.type.startswith(_NOWHERE):
        return ("global",)
    found = [
        region
        for name in ("region", "location")
        if isinstance(region := dig(resource.inputs, name), str)
    ]
    replicas = resource.inputs.get("replicas") or resource.inputs.get("georeplications")
    found = found[:1] or ([program.region] if program.region else [])
    if isinstance(replicas, list):
        for each in replicas:
            region = dig(each, "regionName") or dig(each, "region") or dig(each, "location")
            found += [region] if isinstance(region, str) else []
    return tuple(dict.fromkeys("".join(each.split()).lower() for each in found)) or ("",)


def residency(
    programs: Sequence[Program],
    bindings: Mapping[str, Sequence[str]],
) -> tuple[tuple[Residence, ...], tuple[Finding, ...]]:
    """Return where everything would be, and a finding for each region that is not allowed.

    A single resource that is out of place is found by the policy of regions; here it is told
    once for each region, by the first of its resources.

    Args:
        programs: one for each cloud.
        bindings: cloud (or project) → regions and jurisdictions it may be in; empty: anywhere.

    """
    rows, findings = [], []
    for program in programs:
        cloud = program.cloud or program.project
        binding = bindings.get(cloud, ())
        places: dict[str, list[Resource]] = {}
        for resource in program:
            if not resource.component and not resource.type.startswith("pulumi:"):
                for region in where(resource, program):
                    places.setdefault(region, []).append(resource)
        for region, resources in places.items():
            real = region not in ("", "global")
            fine = allowed(binding, region) if binding and real else None
            found = tuple(sorted(countries(region))) if real else ()
            rows.append(Residence(cloud, region, found, len(resources), fine))
            if fine is False:
                findings.append(_finding(resources, region, found, binding))
    return tuple(rows), tuple(findings)


def _finding(
    resources: Sequence[Resource], region: str, within: Sequence[str], binding: Sequence[str]
) -> Finding:
    first = resources[0]
    among = f" and {len(resources) - 1} more" if len(resources) > 1 else ""
    place = f" ({', '.join(within)})" if 0 < len(within) <= 4 else ""  # noqa: PLR2004
    return Finding(
        rule=RESIDENCY_RULE,
        title="Data stays where the model is bound to",
        severity="high",
        message=f"{first.name}{among} would be in {region}{place}; "
        f"the model is bound to {', '.join(binding)}",
        mend="choose a region within the binding, or change residency in the settings",
        urn=first.urn,
        type=first.type,
        name=first.name,
        property="region" if "region" in first.inputs else "location",
        place=first.place,
    )
