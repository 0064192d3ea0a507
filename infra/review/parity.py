"""How the clouds differ from each other: a table of facts, and what is different by no intention."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from infra.configuration import EndpointConfig
from infra.jurisdictions import EEA, EU, countries
from infra.policy.model import Finding
from infra.resources import Program
from infra.review.facts import FACTS, Fact, Facts, Kind, outputs
from infra.review.facts_aws import aws_facts
from infra.review.facts_azure import azure_facts
from infra.review.facts_gcp import gcp_facts

__all__ = ["PARITY_RULES", "Parity", "Row", "facts_of", "jurisdiction", "parity"]

PARITY_RULES: Mapping[str, Kind] = {kind.rule: kind for kind in FACTS.values() if kind.rule}
"""Id of a rule → what must not differ."""

_READERS: Mapping[str, Callable[[Program], Facts]] = {
    "aws": aws_facts,
    "gcp": gcp_facts,
    "azure": azure_facts,
}


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fact, cloud by cloud.

    Attributes:
        name: of the fact.
        title: for people, with the unit.
        values: cloud → what is so there; a cloud of which it cannot be told is missing.
        differs: whether two clouds differ.
        intended: whether the configuration differs likewise, or the fact always may.

    """

    name: str
    title: str
    values: dict[str, Any]
    differs: bool = False
    intended: bool = False


class Parity(msgspec.Struct, frozen=True):
    """The table, and the differences that nobody meant."""

    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()


def facts_of(program: Program) -> Facts:
    """Return what can be told of an endpoint, by the program that makes it."""
    return _READERS.get(program.cloud, outputs)(program)


def jurisdiction(region: str) -> str:
    """Return where a region is: the EU, the EEA or countries; "" if that is not known."""
    found = countries(region)
    names = ", ".join(sorted(each.upper() for each in found))
    if found and found <= EU:
        return f"EU ({names})" if len(found) == 1 else "EU"
    return "EEA" if len(found) > 1 and found <= EEA else names


def parity(
    programs: Sequence[Program],
    configs: Mapping[str, EndpointConfig] | None = None,
) -> Parity:
    """Compare endpoints of one model on several clouds.

    Args:
        programs: one for each cloud.
        configs: cloud → what its program was configured with: where a setting differs, the facts
            that follow from it may differ.

    """
    facts = {program.cloud or program.project: facts_of(program) for program in programs}
    for each in facts.values():
        where = jurisdiction(str(each["region"].value)) if "region" in each else ""
        if where:
            each["jurisdiction"] = Fact(where)
    if len(facts) < 2:  # noqa: PLR2004 - nothing to compare with
        return Parity()
    rows, findings = [], []
    for name, kind in FACTS.items():
        seen = {cloud: each[name] for cloud, each in facts.items() if name in each}
        if not seen:
            continue
        values = {cloud: _number(fact.value) for cloud, fact in seen.items()}
        differs = len({repr(value) for value in values.values()}) > 1
        intended = differs and (not kind.rule or _intended(kind.setting, seen, configs or {}))
        rows.append(Row(name, kind.title, values, differs, intended))
        if differs and not intended:
            findings.append(_finding(name, seen))
    return Parity(tuple(rows), tuple(findings))


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _intended(
    setting: str, seen: Mapping[str, Fact], configs: Mapping[str, EndpointConfig]
) -> bool:
    if not setting:
        return False
    wanted = {repr(getattr(configs[cloud], setting)) for cloud in seen if cloud in configs}
    if len(wanted) > 1:
        return True
    # Each cloud gives CPU or instances in steps of its own kind of compute.
    kinds = {configs[cloud].compute for cloud in seen if cloud in configs}
    return len(kinds) > 1 and setting in ("cpu", "memory", "min_instances", "max_instances")


def _finding(name: str, seen: Mapping[str, Fact]) -> Finding:
    kind = FACTS[name]
    values = {cloud: str(_number(fact.value)) for cloud, fact in seen.items()}
    usual = max(values.values(), key=lambda each: list(values.values()).count(each))
    odd = next(cloud for cloud in values if values[cloud] != usual)
    fact = seen[odd]
    told = ", ".join(f"{cloud} {_short(value)}" for cloud, value in values.items())
    return Finding(
        rule=kind.rule,
        title=f"The clouds agree: {kind.title}",
        severity=kind.severity,
        message=f"{kind.title}: {told}",
        mend=f"set {kind.setting} in [infra] for all clouds alike, or in [infra.CLOUD] on purpose"
        if kind.setting
        else "give every cloud the same",
        urn=fact.urn,
        type=fact.urn.split("::")[-2].rpartition("$")[2] if "::" in fact.urn else "",
        name=fact.urn.rpartition("::")[2] or odd,
        place=fact.place,
    )


_SHORT = 24


def _short(value: str) -> str:
    return value if len(value) <= _SHORT else f"{value[: _SHORT - 1]}…"
