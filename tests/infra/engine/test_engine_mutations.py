"""Removing any single safe default from our programs is found by at least one policy."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deployer.stacks.configuration import program_config
from infra.configuration import Cloud
from infra.policy.check import check
from infra.policy.model import Demands
from infra.resources import Program
from infra.review.record import Job, record_all
from tests.infra.engine.life_kit import endpoint
from tests.infra.engine.mutation_kit import Exempt, Mutation, mutations
from tests.infra.engine.safe_defaults_kit import EXEMPT, UNGUARDED

pytest.importorskip("pulumi")

INFRA = Path(__file__).parents[3] / "infra"


class Variant(NamedTuple):
    """One of our programs, configured in one way.

    Attributes:
        cloud: whose.
        least: so many mutations of safe defaults policies find at least; fewer means that something
            is not seen.
        changes: of the configuration.

    """

    cloud: Cloud
    least: int
    changes: Mapping[str, Any] = {}


_DOMAIN = {"domain": "penguins.example.com", "zone": "Z0123456789"}
_SERVICE = {**_DOMAIN, "compute": "service"}
_TOLD = {"alarm": "ml@example.com"}
_ZONE = (
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/dns/providers"
    "/Microsoft.Network/dnszones/example.com"
)
VARIANTS: Mapping[str, Variant] = {
    "aws": Variant("aws", 280),
    "aws-domain": Variant("aws", 290, {**_DOMAIN, "budget": 100, "alarm": "ml@example.com"}),
    "aws-service": Variant("aws", 380, _SERVICE),
    "aws-private": Variant("aws", 350, {**_SERVICE, "name": "secluded", "public": False}),
    "gcp": Variant("gcp", 160, _TOLD),
    "gcp-domain": Variant("gcp", 190, {**_DOMAIN, **_TOLD, "zone": "penguins", "budget": 100}),
    "gcp-private": Variant("gcp", 140, {**_TOLD, "name": "secluded", "public": False}),
    "azure": Variant("azure", 280, _TOLD),
    "azure-domain": Variant("azure", 290, {**_DOMAIN, **_TOLD, "zone": _ZONE, "budget": 100}),
    "azure-private": Variant("azure", 290, {**_TOLD, "name": "secluded", "public": False}),
}


@pytest.fixture(scope="module")
def programs() -> dict[str, Program]:
    jobs = []
    for each in VARIANTS.values():
        config = endpoint(each.cloud, **each.changes)
        jobs.append(
            Job(
                INFRA / each.cloud,
                config=program_config(config),
                cloud=each.cloud,
                region=config.region,
            )
        )
    return dict(zip(VARIANTS, record_all(jobs), strict=True))


@pytest.fixture(scope="module")
def mutated(programs: dict[str, Program]) -> dict[str, list[Mutation]]:
    return {variant: list(mutations(program)) for variant, program in programs.items()}


def found(program: Program, variant: str) -> set[tuple[str, str, str]]:
    demands = Demands(residency=("EU",), public=VARIANTS[variant].changes.get("public", True))
    findings = check(program, demands, today=dt.date(2026, 1, 1))
    return {(each.rule, each.urn, each.property) for each in findings if not each.suppressed}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_safe_default_is_guarded(
    programs: dict[str, Program], mutated: dict[str, list[Mutation]], variant: str
) -> None:
    cloud = VARIANTS[variant].cloud
    before = found(programs[variant], variant)
    assert before == set()
    survivors, guarded, met = [], 0, set[Exempt]()
    for mutation in mutated[variant]:
        if any(each.covers(mutation) for each in EXEMPT):
            continue
        known = [each for each in UNGUARDED if each.covers(mutation)]
        if found(mutation.program, variant):
            guarded += 1
        elif known:
            met |= set(known)
        else:
            survivors.append(str(mutation))
    assert not survivors, f"{len(survivors)} safe defaults that no policy guards"
    assert guarded >= VARIANTS[variant].least
    prefix = "azure-native" if cloud == "azure" else cloud
    ours = {each for each in UNGUARDED if each.type.startswith(f"{prefix}:")}
    assert ours == met, "guarded by now: take it from the list"


def test_no_exemption_is_idle(mutated: dict[str, list[Mutation]]) -> None:
    """Each lets something pass that no policy finds; else it could hide what is weakened later."""
    idle = set(EXEMPT)
    for variant, each_of in mutated.items():
        for mutation in each_of:
            covering = {each for each in idle if each.covers(mutation)}
            if covering and not found(mutation.program, variant):
                idle -= covering
    assert idle == set()
