"""What there is to compare between clouds: the facts of an endpoint, in the same words everywhere.

Each cloud has its own way to say how long a request may take; here they all say ``timeout``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from infra.resources import Place, Program, Resource
from infra.review.tokens import dig, number, of

__all__ = [
    "FACTS",
    "Fact",
    "Facts",
    "Kind",
    "about",
    "image_digest",
    "mebibytes",
    "outputs",
    "put",
    "seconds",
    "store_uses_key",
    "stores",
]

Value = str | int | float | bool


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is so on one cloud.

    Attributes:
        value: as `FACTS` counts it.
        urn: of the resource that says so; "" for outputs.
        place: of that resource; None if not known.

    """

    value: Value
    urn: str = ""
    place: Place | None = None


class Kind(NamedTuple):
    """What a fact is about.

    Attributes:
        title: for people, with the unit.
        setting: field of `EndpointConfig` that decides it: where it differs between the clouds, so
            may the fact; "" if nothing may make it differ.
        severity: of a difference that nobody meant; "" if it always may be different.
        rule: id of the rule that it must not differ; never reused; "" without a severity.

    """

    title: str
    setting: str
    severity: str
    rule: str = ""


# CPU follows from memory on Lambda, which also has one request at a time in an instance.
FACTS: Mapping[str, Kind] = {
    "region": Kind("region", "region", ""),
    "jurisdiction": Kind("jurisdiction", "region", ""),
    "compute": Kind("runs on", "compute", ""),
    "digest": Kind("model digest", "digest", "high", "PAR001"),
    "image": Kind("image digest", "image", "medium", "PAR002"),
    "exposure": Kind("reachable from", "public", "high", "PAR003"),
    "tls": Kind("TLS, at least", "", "high", "PAR004"),
    "encryption": Kind("store encrypted with", "", "high", "PAR005"),
    "access": Kind("store's public access", "", "high", "PAR006"),
    "versioning": Kind("store keeps versions", "", "medium", "PAR007"),
    "timeout": Kind("timeout, s", "timeout", "medium", "PAR008"),
    "health_path": Kind("health path", "model", "medium", "PAR009"),
    "min_instances": Kind("instances, at least", "min_instances", "medium", "PAR010"),
    "max_instances": Kind("instances, at most", "max_instances", "medium", "PAR011"),
    "concurrency": Kind("requests at once, of one", "concurrency", ""),
    "cpu": Kind("CPU of one, vCPU", "cpu", ""),
    "memory": Kind("memory of one, MiB", "memory", "medium", "PAR012"),
    "log_days": Kind("logs kept, days", "log_days", "medium", "PAR013"),
}
"""Name → what it is about, in the order of the table."""

Facts = dict[str, Fact]


def put(
    facts: Facts,
    name: str,
    resources: Iterable[Resource],
    path: str,
    convert: Callable[[Any], Value | None] = lambda each: each if isinstance(each, str) else None,
) -> None:
    """Add a fact from the first of `resources` that has something at `path`, if none is there."""
    for each in resources:
        if name in facts:
            return
        value = convert(dig(each.inputs, path))
        if value is not None:
            facts[name] = Fact(value, each.urn, each.place)


def outputs(program: Program) -> Facts:
    """Return what every program of ours exports."""
    facts: Facts = {}
    if program.region:
        facts["region"] = Fact(program.region)
    for name in ("digest", "health_path"):
        value = program.outputs.get(name)
        if isinstance(value, str) and value:
            facts[name] = Fact(value)
    return facts


_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
_UNITS = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "K": 1e3 / 2**20, "M": 1e6 / 2**20, "G": 1e9 / 2**20}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|K|M|G)?")


def seconds(value: Any) -> float | None:
    """Return seconds, written as a number or as ``30s``."""
    found = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) if found else number(value)


def mebibytes(value: Any) -> float | None:
    """Return MiB, written as ``2Gi`` or ``512Mi``."""
    found = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) * _UNITS[found[2] or "Mi"] if found else None


def image_digest(value: Any) -> str | None:
    """Return the digest at the end of an image's name."""
    return value.rpartition("@")[2] if isinstance(value, str) and "@sha256:" in value else None


def stores(program: Program, *tokens: str) -> list[Resource]:
    """Return the buckets of these types, without those that only keep others' access logs."""
    buckets = list(of(program, *tokens))
    logs = {
        urn
        for each in program
        for name in ("targetBucket", "logging")
        for urn in each.references.get(name, ())
    }
    return [each for each in buckets if each.urn not in logs] or buckets


def about(program: Program, buckets: Iterable[Resource], *tokens: str) -> list[Resource]:
    """Return settings of these buckets, and those that do not say of which bucket they are."""
    urns = {each.urn for each in buckets}
    return [
        each
        for each in of(program, *tokens)
        if not (named := each.references.get("bucket", ())) or urns & set(named)
    ]


def store_uses_key(facts: Facts, buckets: Iterable[Resource], path: str) -> None:
    """Add how a store is encrypted: by a key of the customer, of which `path` is the name."""
    for each in buckets:
        # A key that this program makes is not known yet, and one all the same.
        own = dig(each.inputs, path) or each.references.get(path.partition(".")[0])
        key = "customer key" if own else "provider key"
        facts.setdefault("encryption", Fact(key, each.urn, each.place))
