"""What programs cost a month."""

import json
from pathlib import Path

import pytest

from infra.review.cost import Cost, cost
from infra.review.pricing import PriceError, Prices, prices
from infra.review.usage import Usage
from tests.infra.review.review_programs_kit import aws, azure, config, gcp, program, resource

LIST = prices()


def line(found: Cost, name: str, cloud: str = "aws") -> dict[str, float]:
    (one,) = [each for each in found.lines if each.name == name and each.cloud == cloud]
    return {item.what: item.amount for item in one.items}


def test_a_function_costs_requests_and_memory_times_time() -> None:
    found = cost([aws()], LIST, assume={"requests": 3_000_000, "seconds": 1})
    # The example of https://aws.amazon.com/lambda/pricing/, with 2 GiB and without the free tier.
    assert line(found, "server") == pytest.approx({"requests": 0.60, "duration": 6e6 * 1.66667e-5})
    assert line(found, "warm") == pytest.approx({"kept warm": 2 * 730 * 3600 * 4.1667e-6})
    assert line(found, "api") == pytest.approx({"requests": 3 * 1.2})


def test_an_instance_that_is_kept_warm_costs_less_while_idle() -> None:
    found = cost([gcp()], LIST, assume={"requests": 1_000_000, "seconds": 0.05})
    month = 730 * 3600
    assert line(found, "server", "gcp") == pytest.approx(
        {
            "requests": 0.4,
            "vCPU, busy": 50_000 * 3.36e-5,
            "memory, busy": 50_000 * 2 * 3.5e-6,
            "vCPU, kept warm": (month - 50_000) * 3.5e-6,
            "memory, kept warm": (month - 50_000) * 2 * 3.5e-6,
        }
    )
    always = [{"resources": {"limits": {"cpu": "1", "memory": "2Gi"}, "cpuIdle": False}}]
    found = cost([gcp(containers=always)], LIST)
    assert line(found, "server", "gcp") == pytest.approx(
        {"vCPU, always": month * 2.52e-5, "memory, always": month * 2 * 2.8e-6}
    )


def test_egress_and_replication_between_clouds() -> None:
    assumed = {"requests": 10_000_000, "response_kb": 3, "new_versions": 5, "model_gb": 2}
    found = cost([aws(), gcp(), azure()], LIST, assume=assumed)
    assert line(found, "egress to the internet", "gcp") == pytest.approx({"answers": 30 * 0.12})
    assert line(found, "egress to the internet", "azure") == pytest.approx({"answers": 30 * 0.087})
    # Two other clouds fetch five versions of 2 GB from the home.
    assert line(found, "replication to other clouds") == pytest.approx({"new versions": 20 * 0.09})
    alone = cost([aws()], LIST, assume=assumed)
    assert not [each for each in alone.lines if each.name == "replication to other clouds"]


def test_sums_are_sums() -> None:
    found = cost([aws(), gcp(), azure()], LIST)
    assert found.total == pytest.approx(sum(each.amount for each in found.lines))
    assert found.clouds["gcp"] == pytest.approx(
        sum(each.amount for each in found.lines if each.cloud == "gcp")
    )
    assert all(
        each.amount == pytest.approx(sum(item.amount for item in each.items))
        for each in found.lines
    )
    amounts = [each.amount for each in found.lines]
    assert amounts == sorted(amounts, reverse=True)


def test_unknown_types_are_named_and_not_priced() -> None:
    found = cost(
        [
            program(
                resource("aws:sagemaker/endpoint:Endpoint", "a"),
                resource("aws:sagemaker/endpoint:Endpoint", "b"),
                resource("aws:iam/role:Role", "r"),
                resource("own:index:Group", "g", component=True),
            )
        ],
        LIST,
    )
    assert found.not_estimated == {"aws:sagemaker/endpoint:Endpoint": 2}
    assert (found.total, found.free) == (0, 1)


def test_requests_of_the_configuration_hold_unless_assumed_otherwise() -> None:
    configs = {"aws": config("aws", requests=7)}
    assert cost([aws()], LIST, configs).usage["aws"].requests == 7
    assert cost([aws()], LIST, configs, assume={"requests": "9"}).usage["aws"].requests == 9
    with pytest.raises(ValueError, match="rows"):
        cost([aws()], LIST, assume={"rows": 1})
    with pytest.raises(ValueError, match="from 0"):
        cost([aws()], LIST, assume={"requests": -1})


def test_a_price_of_a_region_that_is_not_listed_is_that_of_the_dearest_near_it() -> None:
    exact = LIST.find("aws.s3.storage", "eu-central-1")
    near = LIST.find("aws.s3.storage", "eu-north-1")
    assert exact is not None
    assert near is not None
    assert (exact.amount, exact.note) == (0.0245, "")
    assert (near.amount, near.note) == (0.0245, "price of eu-central-1")
    assert LIST.find("aws.quantum", "eu-central-1") is None


def test_every_price_has_a_unit_a_source_and_a_date() -> None:
    assert LIST.prices
    for key, price in LIST.prices.items():
        assert price.unit, key
        assert price.regions, key
        assert LIST.sources[price.source].url.startswith("https://"), key
        assert LIST.sources[price.source].seen, key


def test_every_price_that_an_estimate_asks_for_is_there() -> None:
    asked: set[str] = set()

    class Asked(Prices, frozen=True):
        def find(self, key: str, region: str):  # type: ignore[no-untyped-def]
            asked.add(key)
            return LIST.find(key, region)

    from infra.review.cost import _ESTIMATES

    everything = [resource(token, f"r{i}") for i, token in enumerate(_ESTIMATES)]
    endpoint = resource("aws:ec2/vpcEndpoint:VpcEndpoint", "e", vpcEndpointType="Interface")
    tiers = [
        resource("azure-native:containerregistry:Registry", tier, sku={"name": tier})
        for tier in ("Basic", "Standard", "Premium")
    ]
    kinds = [
        resource("azure-native:storage:StorageAccount", kind, sku={"name": kind})
        for kind in ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS")
    ]
    cost([program(*everything, endpoint, *tiers, *kinds)], Asked())
    assert {key for key in asked if key not in LIST.prices} == set()
    assert "azure.blobs.grs" in asked
    assert "azure.registry.premium" in asked


def test_a_list_of_the_users_own_is_laid_over(tmp_path: Path) -> None:
    own = tmp_path / "ours.json"
    document = {
        "as_of": "2026-10-01",
        "sources": {"us": {"page": "Our contract", "url": "https://x.example", "seen": "2026-10"}},
        "prices": {
            "aws.s3.storage": {"unit": "GB-month", "source": "us", "regions": {"eu-central-1": 9}}
        },
    }
    own.write_text(json.dumps(document))
    over = prices(own)
    found, other = (over.find("aws.s3.storage", r) for r in ("eu-central-1", "us-east-1"))
    assert found is not None
    assert other is not None
    assert (found.amount, over.sources[found.source].page) == (9, "Our contract")
    assert other.amount == 0.023
    assert "2026-10-01 of ours.json" in over.as_of


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "is no price list"),
        ('{"prices": {"a": {"unit": "x", "source": "gone", "regions": {"r": 1}}}}', "gone"),
        ('{"prices": {"a": {"unit": "x", "source": "s", "regions": {"r": -1}}}}', "from 0"),
        ('{"price": {}}', "price"),
    ],
)
def test_a_list_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "ours.json"
    own.write_text(text)
    with pytest.raises(PriceError, match=told) as raised:
        prices(own)
    assert "\n" not in str(raised.value)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match="No such file"):
        prices(tmp_path / "none.json")


def test_usage_follows_from_a_few_numbers() -> None:
    usage = Usage(requests=2_000_000, response_kb=5, versions=10, model_gb=0.5, log_kb=1)
    assert (usage.egress_gb, usage.store_gb, usage.log_gb) == (10, 5, 2)
