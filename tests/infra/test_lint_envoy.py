"""Each safe setting of what is rendered, taken away, makes exactly one rule fire."""

import copy
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from infra.router import lint_envoy as module
from infra.router.envoy import render_envoy, render_envoy_files
from infra.router.lint import lint_envoy
from tests.infra.router_kit import DIGESTS, ROUTERS, two

Json = dict[str, Any]
OURS: Json = json.loads(render_envoy(two(digests=DIGESTS)))
CLOUDS: Json = json.loads(render_envoy(ROUTERS["clouds"]))


def cluster(document: Json) -> Json:
    found: Json = document["static_resources"]["clusters"][0]
    return found


def check(document: Json) -> Json:
    found: Json = cluster(document)["health_checks"][0]
    return found


def http(document: Json) -> Json:
    chain = document["static_resources"]["listeners"][0]["filter_chains"][0]
    found: Json = chain["filters"][0]["typed_config"]
    return found


def actions(document: Json) -> list[Json]:
    return [each["route"] for each in http(document)["route_config"]["virtual_hosts"][0]["routes"]]


def each_action(change: Callable[[Json], object]) -> Callable[[Json], None]:
    def apply(document: Json) -> None:
        for action in actions(document):
            change(action)

    return apply


def each_policy(change: Callable[[Json], object]) -> Callable[[Json], None]:
    return each_action(lambda action: change(action["retry_policy"]))


def first_endpoint(document: Json) -> Json:
    groups = cluster(document)["load_assignment"]["endpoints"]
    found: Json = groups[0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    return found


def budget(document: Json) -> Json:
    found: Json = cluster(document)["circuit_breakers"]["thresholds"][0]
    return found


def tls(document: Json) -> Json:
    found: Json = cluster(document)["transport_socket_matches"][0]["transport_socket"]
    config: Json = found["typed_config"]["common_tls_context"]["validation_context"]
    return config


MUTATIONS: list[tuple[str, Callable[[Json], object]]] = [
    ("health-check-missing", lambda d: cluster(d).pop("health_checks")),
    ("health-check-missing", lambda d: cluster(d).update(health_checks=[])),
    ("health-check-shallow", lambda d: check(d)["http_health_check"].update(path="/healthz")),
    (
        "health-check-shallow",
        lambda d: check(d)["http_health_check"].update(path="/v2/health/ready"),
    ),
    (
        "health-check-shallow",
        lambda d: (check(d).pop("http_health_check"), check(d).update(tcp_health_check={})),
    ),
    ("no-traffic-interval", lambda d: check(d).update(no_traffic_interval="60s")),
    ("no-traffic-interval", lambda d: check(d).pop("no_traffic_interval")),
    ("no-traffic-interval", lambda d: check(d).update(no_traffic_healthy_interval="30s")),
    ("slow-detection", lambda d: check(d).update(interval="10s")),
    ("slow-detection", lambda d: check(d).update(unhealthy_threshold=9)),
    ("failback-hysteresis", lambda d: check(d).update(healthy_threshold=1)),
    ("failback-hysteresis", lambda d: check(d).pop("healthy_threshold")),
    ("panic-threshold", lambda d: cluster(d)["common_lb_config"].pop("healthy_panic_threshold")),
    (
        "panic-threshold",
        lambda d: cluster(d)["common_lb_config"].update(healthy_panic_threshold={"value": 50}),
    ),
    ("slow-ejection", lambda d: cluster(d)["common_lb_config"].pop("update_merge_window")),
    ("outlier-missing", lambda d: cluster(d).pop("outlier_detection")),
    ("outlier-missing", lambda d: cluster(d)["outlier_detection"].update(consecutive_5xx=1000)),
    (
        "outlier-missing",
        lambda d: cluster(d)["outlier_detection"].update(enforcing_consecutive_5xx=0),
    ),
    ("ejection-capped", lambda d: cluster(d)["outlier_detection"].pop("max_ejection_percent")),
    ("ejection-capped", lambda d: cluster(d)["outlier_detection"].update(max_ejection_percent=50)),
    ("retry-budget", lambda d: cluster(d).pop("circuit_breakers")),
    ("retry-budget", lambda d: (budget(d).pop("retry_budget"), budget(d).update(max_retries=3))),
    ("retry-budget", lambda d: budget(d).update(priority="HIGH")),
    ("retry-budget", lambda d: budget(d)["retry_budget"]["budget_percent"].update(value=100)),
    ("timeouts-missing", lambda d: cluster(d).pop("connect_timeout")),
    ("timeouts-missing", lambda d: cluster(d).update(connect_timeout="30s")),
    ("timeouts-missing", each_action(lambda a: a.update(timeout="0s"))),
    ("timeouts-missing", each_policy(lambda p: p.pop("per_try_timeout"))),
    ("retry-missing", each_action(lambda a: a.pop("retry_policy"))),
    ("retry-missing", each_policy(lambda p: p.update(num_retries=0))),
    ("retry-missing", each_policy(lambda p: p.update(retry_on="connect-failure"))),
    ("retry-missing", each_policy(lambda p: p.update(retry_on="retriable-status-codes"))),
    ("retry-missing", each_policy(lambda p: p.pop("retriable_status_codes"))),
    ("retry-same-host", each_policy(lambda p: p.pop("retry_host_predicate"))),
    ("retry-same-host", each_policy(lambda p: p.pop("retry_priority"))),
    ("retries-layered", each_action(lambda a: a.update(hedge_policy={"initial_requests": 2}))),
    (
        "retries-layered",
        each_action(lambda a: a.update(hedge_policy={"hedge_on_per_try_timeout": True})),
    ),
    ("retries-layered", lambda d: first_endpoint(d).update(port_value=8000)),
    (
        "admin-exposed",
        lambda d: d["admin"]["address"]["socket_address"].update(address="0.0.0.0"),
    ),
    ("control-plane", lambda d: d.update(dynamic_resources={"ads_config": {"api_type": "GRPC"}})),
    (
        "control-plane",
        lambda d: cluster(d).update(
            type="EDS", eds_cluster_config={"eds_config": {"api_config_source": {}}}
        ),
    ),
]


def rules(document: Json) -> set[str]:
    return {each.rule for each in lint_envoy(json.dumps(document))}


def test_ours_is_clean() -> None:
    assert rules(OURS) == set()
    assert rules(CLOUDS) == set()


@pytest.mark.parametrize(("rule", "change"), MUTATIONS)
def test_exactly_the_rule_for_it_fires(rule: str, change: Callable[[Json], object]) -> None:
    document = copy.deepcopy(OURS)
    change(document)
    found = lint_envoy(json.dumps(document))
    assert {each.rule for each in found} == {rule}
    assert all(each.message and each.hint for each in found)


@pytest.mark.parametrize("key", ["trusted_ca", "match_typed_subject_alt_names"])
def test_certificates_must_be_checked(key: str) -> None:
    document = copy.deepcopy(CLOUDS)
    del tls(document)[key]
    assert rules(document) == {"tls-unverified"}


def test_every_rule_of_the_table_was_seen() -> None:
    table = (module.__doc__ or "").splitlines()
    listed = {line.split()[0] for line in table if "  error  " in line or "  warning  " in line}
    assert listed == {rule for rule, _ in MUTATIONS} | {"tls-unverified", "unreadable"}


def test_the_files_that_it_follows_are_linted_one_by_one() -> None:
    files = render_envoy_files(two(), "/etc/router")
    clusters = json.loads(files["cds.json"])
    del clusters["resources"][0]["health_checks"]
    assert rules(clusters) == {"health-check-missing"}
    routes = json.loads(files["rds.json"])
    del routes["resources"][0]["virtual_hosts"][0]["routes"][0]["route"]["retry_policy"]
    assert rules(routes) == {"retry-missing"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "{",
        "a: [b",
        '{"static_resources": {"clusters": [1]}}',
        '{"static_resources": {"clusters": [{"connect_timeout": "soon"}]}}',
        '{"static_resources": []}',
        '{"static_resources": {"listeners": [{"filter_chains": [{"filters": [3]}]}]}}',
        '{"resources": 7}',
        "[" * 2_000,
    ],
)
def test_what_is_no_configuration_is_said_to_be_none(text: str) -> None:
    assert [each.rule for each in lint_envoy(text)] == ["unreadable"]


def test_yaml_is_read_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = pytest.importorskip("yaml")
    document = copy.deepcopy(OURS)
    cluster(document).pop("health_checks")
    text = yaml.safe_dump(document)
    assert [each.rule for each in lint_envoy(text)] == ["health-check-missing"]
    monkeypatch.setitem(sys.modules, "yaml", None)
    (found,) = lint_envoy(text)
    assert "PyYAML" in found.message


def test_somebody_elses_usual_configuration() -> None:
    text = """{"static_resources": {
      "listeners": [{"filter_chains": [{"filters": [{"typed_config": {"route_config": {
        "virtual_hosts": [{"routes": [{"match": {"prefix": "/"},
          "route": {"cluster": "c", "timeout": "0s", "retry_policy": {"retry_on": "5xx"}}}]}]}}}]}]}],
      "clusters": [{"name": "c", "type": "STRICT_DNS", "health_checks": [{"interval": "5s",
        "timeout": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1,
        "tcp_health_check": {}}]}]}}"""
    assert {each.rule for each in lint_envoy(text)} == {
        "health-check-shallow",
        "no-traffic-interval",
        "failback-hysteresis",
        "panic-threshold",
        "slow-ejection",
        "outlier-missing",
        "retry-budget",
        "timeouts-missing",
        "retry-same-host",
    }
