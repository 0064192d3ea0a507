"""What `[infra]` can ask for beside the usual: made, seen to be so, and deleted by the real engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deployer.stacks import acts
from infra.configuration import Cloud
from infra.contract import OUTPUTS
from infra.simulated.cloud import Cloud as Simulated
from infra.simulated.cloud import Thing
from tests.infra.engine.life_kit import Life, life, needed, unprotected

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Life]:
    needed("pulumi")
    with life(tmp_path) as made:
        yield made


class Variant(NamedTuple):
    """A way to have an endpoint.

    Attributes:
        cloud: where.
        asked: fields of its configuration.
        made: types that it brings.
        without: types that it does not have.
        theirs: type and name of what somebody else made, and it needs.

    """

    cloud: Cloud
    asked: dict[str, Any]
    made: tuple[str, ...]
    without: tuple[str, ...] = ()
    theirs: tuple[str, str] = ("", "")


NAMED = {"domain": "models.example.com", "alarm": "ml@example.com", "budget": 300}
GROUP = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/dns"
VARIANTS = {
    "aws-service-named": Variant(
        "aws",
        {**NAMED, "zone": "Z0123456789ABCDEFGHIJ", "compute": "service"},
        (
            "aws:ecs/service:Service",
            "aws:lb/loadBalancer:LoadBalancer",
            "aws:budgets/budget:Budget",
        ),
        ("aws:lambda/function:Function",),
    ),
    "aws-service-private": Variant(
        "aws",
        {**NAMED, "zone": "Z0123456789ABCDEFGHIJ", "compute": "service", "public": False},
        ("aws:ecs/service:Service",),
    ),
    "gcp-named": Variant(
        "gcp",
        {**NAMED, "zone": "projects/p/managedZones/example"},
        ("gcp:dns/recordSet:RecordSet",),
    ),
    "gcp-private": Variant("gcp", {"public": False}, ("gcp:cloudrunv2/service:Service",)),
    "azure-named": Variant(
        "azure",
        {**NAMED, "zone": f"{GROUP}/providers/Microsoft.Network/dnszones/example.com"},
        ("azure-native:consumption:Budget", "azure-native:trafficmanager:Profile"),
        theirs=("azure-native:resources:ResourceGroup", "dns"),
    ),
    "azure-private": Variant("azure", {"public": False}, ("azure-native:app:ContainerApp",)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_lives(there: Life, name: str) -> None:
    variant = VARIANTS[name]
    target = there.target(variant.cloud, **variant.asked)
    type_, theirs = variant.theirs
    with Simulated(there.state).change() as state:
        if type_:
            state.put(Thing(type_, theirs, theirs, "", "", {}, {}))
    made = acts.up(there.engine, target)
    types = {step.type for step in made.steps}
    assert types >= set(variant.made)
    assert not types & set(variant.without)
    assert set(made.outputs) == set(OUTPUTS)
    same = acts.preview(there.engine, target)
    assert same.steps == ()
    acts.down(there.engine, target, unprotect=unprotected(there, target))
    assert [each.name for each in there.cloud().things.values()] == [theirs] * bool(type_)
