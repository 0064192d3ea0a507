"""Which regions satisfy a model's binding. Pure: it knows tables, no cloud.

An entry of a binding is the exact name of a region (``eu-central-1``, ``europe-west3``,
``westeurope``) or a jurisdiction: ``eu``, ``eea`` or a country's ISO code (``uk`` is ``gb``).
Several entries allow the union of what each allows. A region that spans several countries
satisfies a binding if every one of them does.

What is compared is the region that the user says a store is in. A store that replicates to
another region, such as an Azure account with geo-redundancy, is the user's to rule out.
"""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from deployer.errors import UsageError
from infra.jurisdictions import EU, JURISDICTIONS, REGIONS, allowed, normal

__all__ = ["allowed", "check_binding", "normal", "problem"]


def problem(binding: Sequence[str], region: str | None, cloud: str) -> str:
    """Return why what is bound so may not be kept on `cloud`, in `region`; empty if it may."""
    if allowed(binding, region):
        return ""
    bound = f"the model is bound to {', '.join(binding)}"
    if region is None or not normal(region):
        return f"{bound}, and the region of {cloud} is not known: set [clouds.{cloud}] region"
    countries = REGIONS.get(normal(region))
    if countries is None:
        return f"{bound}, and where {cloud}'s region {region} is, is not known: bind it by name"
    place = f" ({', '.join(sorted(countries))})" if 0 < len(countries) < len(EU) else ""
    return f"{bound}, and {cloud} is in {region}{place}"


def check_binding(binding: Sequence[str], configured: Collection[str] = ()) -> tuple[str, ...]:
    """Return a binding as it is kept: normal names, sorted, each once.

    Args:
        binding: the user's entries.
        configured: regions of the user's clouds: a region that is too new for the tables is
            an entry too, if it is one of these.

    Raises:
        UsageError: an entry names no region and no jurisdiction, and could never be satisfied.

    """
    known = {*REGIONS, *JURISDICTIONS, *map(normal, configured)}
    for entry in binding:
        if normal(entry) not in known:
            near = get_close_matches(normal(entry), sorted(known), n=3)
            raise UsageError(
                f"residency {entry!r} is neither a region nor a jurisdiction",
                hint=f"did you mean {', '.join(near)}?"
                if near
                else "write eu, eea, a country's ISO code such as us, or a region's name",
            )
    return tuple(sorted({normal(entry) for entry in binding}))
