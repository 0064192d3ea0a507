"""DNS records: what each cloud takes, and who is asked in what order."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.router.dns import WORST_CASE, Provider, render_dns
from infra.router.errors import RouterError
from infra.router.model import Endpoint
from tests.infra.router_kit import ROUTERS, two

PROVIDERS: tuple[Provider, ...] = ("route53", "traffic-manager", "cloud-dns")
CLOUDS = ROUTERS["clouds"]
ADDRESSES = ROUTERS["addresses"]


def route53(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render_dns(ROUTERS[name], "route53"))
    return document


@pytest.mark.parametrize("name", ["clouds", "addresses"])
def test_route_53s_own_model_takes_it(name: str) -> None:
    session = pytest.importorskip("botocore.session")
    validate = pytest.importorskip("botocore.validate").ParamValidator().validate
    model = session.get_session().get_service_model("route53")
    document = route53(name)
    change = {"HostedZoneId": "Z", "ChangeBatch": document["ChangeBatch"]}
    shape = model.operation_model("ChangeResourceRecordSets").input_shape
    assert not validate(change, shape).has_errors()
    for each in document["HealthChecks"]:
        assert not validate(
            each, model.operation_model("CreateHealthCheck").input_shape
        ).has_errors()


def _resolve(records: list[dict[str, Any]], name: str, dead: set[str]) -> str:
    """Follow the records as Route 53 would, with these health checks failing."""
    found = [each for each in records if each["Name"] == f"{name}."]
    if not found:
        return name
    alive = [each for each in found if each.get("HealthCheckId") not in dead]
    first = next((each for each in alive if each.get("Failover") != "SECONDARY"), alive[0])
    value: str = first["ResourceRecords"][0]["Value"]
    return value if first["Type"] != "CNAME" else _resolve(records, value, dead)


@pytest.mark.parametrize(
    ("dead", "host"),
    [
        ([], "penguins.gcp.example.com"),
        (["gcp"], "penguins.azure.example.com"),
        (["gcp", "azure"], "penguins.aws.example.com"),
        (["gcp", "azure", "aws"], "2001:db8::5"),
        (["azure"], "penguins.gcp.example.com"),
    ],
)
def test_route_53_goes_down_the_routers_order(dead: list[str], host: str) -> None:
    document = route53("clouds")
    records = [each["ResourceRecordSet"] for each in document["ChangeBatch"]["Changes"]]
    failing = {f"penguins-{name}" for name in dead}
    assert _resolve(records, "penguins.example.com", failing) == host


def test_route_53_checks_every_endpoint_on_the_models_readiness() -> None:
    document = route53("clouds")
    assert {each["HealthCheckConfig"]["ResourcePath"] for each in document["HealthChecks"]} == {
        "/v2/models/penguins/ready"
    }
    named = {
        each["ResourceRecordSet"]["HealthCheckId"]
        for each in document["ChangeBatch"]["Changes"]
        if "HealthCheckId" in each["ResourceRecordSet"]
    }
    assert named < {each["CallerReference"] for each in document["HealthChecks"]}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_worst_case_is_what_the_settings_make_and_is_stated(provider: Provider) -> None:
    text = render_dns(ADDRESSES, provider)
    document = json.loads(text)
    if provider == "route53":
        check = document["HealthChecks"][0]["HealthCheckConfig"]
        seen = check["RequestInterval"] * check["FailureThreshold"] + 60
        live = document["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]["TTL"]
    elif provider == "traffic-manager":
        check = document["properties"]["monitorConfig"]
        seen = check["intervalInSeconds"] * (check["toleratedNumberOfFailures"] + 1)
        seen += check["timeoutInSeconds"]
        live = document["properties"]["dnsConfig"]["ttl"]
    else:
        check = document["healthCheck"]
        seen = check["checkIntervalSec"] * check["unhealthyThreshold"] + check["timeoutSec"]
        live = document["resourceRecordSet"]["ttl"]
    assert seen + live == WORST_CASE[provider]
    assert 90 <= WORST_CASE[provider] <= 180
    assert f"at most {WORST_CASE[provider]} s" in text
    assert "Never the only ring" in text


def test_the_other_clouds_order() -> None:
    profile = json.loads(render_dns(ADDRESSES, "traffic-manager"))["properties"]
    assert [
        (each["properties"]["target"], each["properties"]["priority"])
        for each in profile["endpoints"]
    ] == [("192.0.2.1", 1), ("192.0.2.2", 2)]
    record = json.loads(render_dns(ADDRESSES, "cloud-dns"))["resourceRecordSet"]
    policy = record["routingPolicy"]["primaryBackup"]
    assert policy["primaryTargets"] == {"externalEndpoints": ["192.0.2.1"]}
    (backup,) = policy["backupGeoTargets"]["items"]
    assert backup["healthCheckedTargets"] == {"externalEndpoints": ["192.0.2.2"]}


def test_traffic_manager_splits_by_weights() -> None:
    weighted = replace(ADDRESSES, mode="weighted")
    profile = json.loads(render_dns(weighted, "traffic-manager"))["properties"]
    assert profile["trafficRoutingMethod"] == "Weighted"
    assert [each["properties"]["weight"] for each in profile["endpoints"]] == [100, 100]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_dns_cannot_do_is_said(provider: Provider) -> None:
    with pytest.raises(RouterError, match="no DNS name"):
        render_dns(two(), provider)
    alone = replace(ADDRESSES, endpoints=ADDRESSES.endpoints[:1])
    with pytest.raises(RouterError, match="second endpoint"):
        render_dns(alone, provider)
    first, second = ADDRESSES.endpoints
    unproven = replace(ADDRESSES, endpoints=(first, replace(second, proven=False)))
    with pytest.raises(RouterError, match="second endpoint"):
        render_dns(unproven, provider)


def test_what_one_cloud_cannot_check_is_said() -> None:
    with pytest.raises(RouterError, match="one scheme and port"):
        render_dns(CLOUDS, "traffic-manager")
    with pytest.raises(RouterError, match="addresses alone, not of gcp"):
        render_dns(CLOUDS, "cloud-dns")
    mixed = (*ADDRESSES.endpoints, Endpoint("six", "https://[2001:db8::5]"))
    with pytest.raises(RouterError, match="kind of address"):
        render_dns(replace(ADDRESSES, endpoints=mixed), "cloud-dns")
