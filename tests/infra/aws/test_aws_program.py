"""What the program asks AWS for: safe, tagged, its own children, and as it was looked at."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.contract import OUTPUTS
from infra.policy.catalog import RULES
from infra.policy.check import check
from infra.policy.model import Demands
from infra.resources import Program, Resource
from infra.router.dns import render_dns
from infra.router.model import Endpoint, Router
from tests.infra.aws.aws_program_kit import (
    CONFIGS,
    GOLDEN,
    golden_text,
    programs,
    statements,
    taggable,
)

pytestmark = pytest.mark.parametrize("name", CONFIGS)

STATEFUL = {
    "aws:s3/bucket:Bucket",
    "aws:ecr/repository:Repository",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
}


@pytest.fixture
def program(name: str) -> Program:
    return programs()[name]


def _one(program: Program, type_: str, name: str = "") -> Resource:
    (found,) = [each for each in program.of_type(type_) if each.name.endswith(name)]
    return found


def _documents(program: Program) -> Iterator[tuple[Resource, dict[str, Any]]]:
    for each in program:
        for key in ("policy", "assumeRolePolicy"):
            if "Statement" in str(each.inputs.get(key)):
                yield from ((each, one) for one in statements(each, key))


def test_it_is_the_golden_one(name: str, program: Program) -> None:
    assert golden_text(program) == (GOLDEN / f"{name}.json").read_text("utf-8")
    assert {path.stem for path in GOLDEN.iterdir()} == set(CONFIGS)


def test_no_policy_finds_anything(program: Program) -> None:
    demands = Demands(residency=("EU",))
    assert len(RULES) >= 36
    assert check(program, demands, today=dt.date(2026, 1, 1)) == []


def test_it_tells_what_every_endpoint_tells(name: str, program: Program) -> None:
    assert set(program.outputs) == set(OUTPUTS)
    assert program.notes == ()
    assert program.outputs["health_path"] == "/v2/models/penguins/ready"
    assert program.outputs["bucket"] == CONFIGS[name].stores


def test_every_resource_is_the_components_child(program: Program) -> None:
    (component,) = [each for each in program if each.component]
    assert {each.parent for each in program if not each.component} == {component.urn}


def test_what_cannot_be_made_again_is_protected(program: Program) -> None:
    for each in program:
        # A bucket's guards go with it, or a refused destroy would leave it open.
        wanted = each.type in STATEFUL or each.type.startswith("aws:s3/")
        assert each.protect == wanted, each.urn


def test_everything_that_can_be_tagged_is(name: str, program: Program) -> None:
    for each in program:
        if not each.component and taggable(each.type):
            assert each.inputs["tags"] == CONFIGS[name].tags, each.urn


def test_no_secret_is_in_a_variable(program: Program) -> None:
    for each in program.of_type("aws:lambda/function:Function"):
        assert "DEPLOYER_SERVE_KEYS" not in each.inputs["environment"]["variables"]
    for each in program.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        (container,) = json.loads(each.inputs["containerDefinitions"])
        assert [one["name"] for one in container["secrets"]] == ["DEPLOYER_SERVE_KEYS"]
        assert not any("KEYS" in one["name"] for one in container["environment"])
    assert "0" * 64 not in str(program)


def test_what_the_server_may_do_names_one_bucket_and_one_key(program: Program) -> None:
    role = _one(program, "aws:iam/rolePolicy:RolePolicy", "-server")
    for statement in statements(role):
        assert statement["Resource"] != "*"
        assert "*" not in str(statement["Action"])
    actions = {each["Sid"]: each["Action"] for each in statements(role)}
    assert actions["ReadModels"] == "s3:GetObject"
    assert actions["Decrypt"] == "kms:Decrypt"
    assert not any("secretsmanager" in str(action) for action in actions.values())


def test_only_denials_and_the_networks_door_are_about_everybody(program: Program) -> None:
    for resource, statement in _documents(program):
        if statement.get("Principal") == "*":
            door = resource.type == "aws:ec2/vpcEndpoint:VpcEndpoint"
            assert statement["Effect"] == "Deny" or door, resource.urn


def test_nothing_that_is_live_expires(program: Program) -> None:
    rules = _one(
        program, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "models"
    )
    for rule in rules.inputs["rules"]:
        assert "expiration" not in rule
        assert "transitions" not in rule


def test_models_are_not_written_over_blindly(program: Program) -> None:
    policy = _one(program, "aws:s3/bucketPolicy:BucketPolicy", "models")
    (blind,) = [each for each in statements(policy) if each["Sid"] == "NoBlindOverwrite"]
    assert blind["Condition"]["Null"] == {"s3:if-none-match": "true", "s3:if-match": "true"}
    kept = {each.split(".arn}/")[1] for each in blind["Resource"]}
    # Publishing overwrites its own intents (txn/), and a probe its own object: not these.
    assert kept == {
        f"registry/{part}/*" for part in ("blobs", "manifests", "models", "epochs", "diverged")
    }


def test_the_record_is_what_the_routers_dns_says(name: str, program: Program) -> None:
    records = [
        each for each in program.of_type("aws:route53/record:Record") if "failover" in each.name
    ]
    if name in {"serverless", "service-private"}:
        assert records == []
        return
    config = CONFIGS[name]
    endpoints = (
        Endpoint("aws", "https://aws.example.com"),
        Endpoint("gcp", "https://gcp.example.com"),
    )
    router = Router(model=config.model, endpoints=endpoints, dns_name=config.domain)
    rendered = json.loads(render_dns(router, "route53"))
    wanted = rendered["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]
    (record,) = records
    assert record.inputs["name"] == wanted["Name"].rstrip(".")
    assert record.inputs["type"] == wanted["Type"]
    assert record.inputs["ttl"] == wanted["TTL"]
    assert record.inputs["setIdentifier"] == wanted["SetIdentifier"]
    assert record.inputs["failoverRoutingPolicies"] == [{"type": wanted["Failover"]}]
    check_ = _one(program, "aws:route53/healthCheck:HealthCheck").inputs
    config_ = rendered["HealthChecks"][0]["HealthCheckConfig"]
    assert check_["type"] == config_["Type"]
    assert check_["port"] == config_["Port"]
    assert check_["resourcePath"] == config_["ResourcePath"]
    assert check_["requestInterval"] == config_["RequestInterval"]
    assert check_["failureThreshold"] == config_["FailureThreshold"]
    assert check_["enableSni"] == config_["EnableSNI"]


def test_a_private_service_has_no_door_to_the_internet(name: str, program: Program) -> None:
    balancers = program.of_type("aws:lb/loadBalancer:LoadBalancer")
    gateways = program.of_type("aws:ec2/internetGateway:InternetGateway")
    opened = [
        each
        for each in program.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if each.inputs.get("cidrIpv4") == "0.0.0.0/0"
    ]
    public = name == "service"
    assert [each.inputs["internal"] for each in balancers] == [not public] * len(balancers)
    assert len(gateways) == len(opened) == int(public)


def test_tasks_reach_nothing_but_aws(program: Program) -> None:
    rules = program.of_type("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    for each in rules:
        assert "cidrIpv4" not in each.inputs
        assert each.inputs["fromPort"] == each.inputs["toPort"]
    for each in program.of_type("aws:ec2/securityGroup:SecurityGroup"):
        assert "egress" not in each.inputs
    assert not program.of_type("aws:ec2/natGateway:NatGateway")


def test_every_route_asks_the_authorizer(program: Program) -> None:
    for each in program.of_type("aws:apigatewayv2/route:Route"):
        assert each.inputs["authorizationType"] == "CUSTOM"
        assert ":Authorizer::" in each.inputs["authorizerId"]
    for each in program.of_type("aws:apigatewayv2/authorizer:Authorizer"):
        # Cached without a key's header, one client's yes would be everybody's.
        assert each.inputs["authorizerResultTtlInSeconds"] == 0


def test_alarms_reach_the_topic(name: str, program: Program) -> None:
    topic = _one(program, "aws:sns/topic:Topic")
    alarms = program.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {each.name.rpartition("-")[2] for each in alarms} >= {"errors", "latency", "throttles"}
    for each in alarms:
        assert topic.urn in each.references["alarmActions"]
    budgets = program.of_type("aws:budgets/budget:Budget")
    assert len(budgets) == bool(CONFIGS[name].budget)
