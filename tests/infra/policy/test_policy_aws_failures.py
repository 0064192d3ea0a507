"""The edges of what must be seen, taken back or taken over when something on AWS fails."""

from typing import Any

import pytest

from infra.resources import COMPUTED
from tests.infra.policy.resources_kit import found, made_from, resource

LATER = dict(COMPUTED)
FUNCTION = "aws:lambda/function:Function"
SERVICE = "aws:ecs/service:Service"


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ({}, 1),
        ({"deploymentCircuitBreaker": {"enable": True, "rollback": True}}, 0),
        ({"deploymentCircuitBreaker": {"enable": True}}, 1),
        ({"deploymentCircuitBreaker": {"enable": "false", "rollback": True}}, 1),
        ({"deploymentCircuitBreaker": {"enable": True, "rollback": "false"}}, 1),
        ({"deploymentCircuitBreaker": LATER}, 0),
        ({"alarms": {"enable": True, "rollback": True, "alarmNames": ["a"]}}, 0),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, 0),
        ({"deploymentController": {"type": "ECS"}}, 1),
        ({"deploymentController": LATER}, 0),
    ],
)
def test_deployments(inputs: dict[str, Any], count: int) -> None:
    assert len(found("DEP059", resource(SERVICE, **inputs))) == count


@pytest.mark.parametrize(("publish", "count"), [(True, 0), (LATER, 0), ("false", 1), (None, 1)])
def test_an_alias_of_a_function_without_versions(publish: Any, count: int) -> None:
    function = resource(FUNCTION, "f", publish=publish)
    alias = made_from(function, "aws:lambda/alias:Alias", functionVersion=LATER)
    assert len(found("DEP059", function, alias)) == count
    assert not found("DEP059", function)


ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ({"namespace": "AWS/ApiGateway", "metricName": "5xx"}, 0),
        ({"namespace": "AWS/ApiGateway", "metricName": "4xx"}, 1),
        ({"namespace": "AWS/Lambda", "metricName": "5xx"}, 1),
        ({"metricName": "5xx"}, 1),
        ({"namespace": LATER, "metricName": LATER}, 0),
        ({"metricQueries": [{"id": "a"}]}, 0),
    ],
)
def test_what_is_watched(inputs: dict[str, Any], count: int) -> None:
    api = resource("aws:apigatewayv2/api:Api", "api", protocolType="HTTP")
    assert len(found("DEP059", api, resource(ALARM, **inputs))) == count
    sockets = resource("aws:apigatewayv2/api:Api", protocolType="WEBSOCKET")
    assert not found("DEP059", sockets)


def test_functions_and_balancers_are_watched_where_they_answer() -> None:
    function = resource(FUNCTION, "f")
    integration = "aws:apigatewayv2/integration:Integration"
    assert not found("DEP059", function)
    (problem,) = found("DEP059", function, made_from(function, integration, integrationUri=LATER))
    assert problem.message.endswith("no alarm on Errors, Throttles, Duration")
    errors = resource(ALARM, namespace="AWS/Lambda", metricName="Errors")
    alias = made_from(function, "aws:lambda/alias:Alias", functionName=LATER)
    assert not found("DEP059", function, alias)
    through = made_from(alias, integration, integrationUri=LATER)
    (problem,) = found("DEP059", function, alias, through, errors)
    assert problem.message.endswith("no alarm on Throttles, Duration")
    balancer = "aws:lb/loadBalancer:LoadBalancer"
    assert len(found("DEP059", resource(balancer))) == 1
    assert not found("DEP059", resource(balancer, loadBalancerType="network"))
    assert not found("DEP059", resource(balancer, loadBalancerType=LATER))


def test_records_that_fail_over() -> None:
    record = "aws:route53/record:Record"
    first: dict[str, Any] = {"failoverRoutingPolicies": [{"type": "PRIMARY"}]}
    no = {"evaluateTargetHealth": "false"}
    assert found("DEP059", resource(record, **first))
    assert not found("DEP059", resource(record, **first, healthCheckId=LATER))
    assert not found("DEP059", resource(record, failoverRoutingPolicies=[{"type": "SECONDARY"}]))
    for aliases, count in (
        ([{"evaluateTargetHealth": True}], 0),
        ([{"name": "a"}], 1),
        (LATER, 0),
        ([no], 1),
    ):
        assert len(found("DEP059", resource(record, **first, aliases=aliases))) == count
