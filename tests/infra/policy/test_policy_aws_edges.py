"""The edges of the other policies on AWS: what is just good enough, and what just is not."""

import json
from typing import Any

import pytest

from infra.resources import COMPUTED, SECRET
from tests.infra.policy.resources_kit import found, policy, resource


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"Action": "*:*"}, "DEP011 DEP012 DEP013"),
        ({"Action": "s3:*"}, "DEP012 DEP013"),
        ({"Action": "s3:*", "Effect": "Deny"}, ""),
        ({"NotAction": "iam:*"}, "DEP012 DEP013"),
        ({"Action": "s3:GetBucketLocation"}, "DEP012"),
        ({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::*"}, "DEP012"),
        ({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::models/*"}, ""),
        ({"Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:*:*:*"}, "DEP012"),
        ({"Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:eu-central-1:1:*"}, ""),
        ({"Action": "s3:PutObject", "Resource": None, "NotResource": "arn:aws:s3:::a"}, "DEP012"),
        ({"Action": "iam:CreateAccessKey"}, "DEP012 DEP013"),
        ({"Action": "iam:PassRole"}, "DEP012 DEP013"),
        ({"Action": "ec2:DescribeInstances"}, ""),
        ({"Action": "elsewhere:PutThing"}, "DEP012"),
        ({"Action": "elsewhere:GetThing"}, "DEP012"),
        ({"Action": "s3:PutObject", "Condition": {"StringEquals": {"aws:x": "1"}}}, ""),
    ],
)
def test_rights(fields: dict[str, Any], rules: str) -> None:
    given = {"Effect": "Allow", "Resource": "*"}
    text = policy(**{key: each for key, each in {**given, **fields}.items() if each is not None})
    owners = (
        resource("aws:iam/rolePolicy:RolePolicy", policy=text),
        resource("aws:iam/role:Role", inlinePolicies=[{"name": "a", "policy": text}]),
    )
    for owner in owners:
        bad = [rule for rule in ("DEP011", "DEP012", "DEP013") if found(rule, owner)]
        assert " ".join(bad) == rules


def test_what_is_denied_is_not_allowed() -> None:
    both = {
        "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        ]
    }
    assert not found("DEP012", resource("aws:iam/policy:Policy", policy=both))


@pytest.mark.parametrize(
    ("principal", "condition", "count"),
    [
        ("*", {}, 1),
        ({"AWS": ["arn:aws:iam::123456789012:role/a", "*"]}, {}, 1),
        ({"AWS": "123456789012"}, {}, 1),
        ({"AWS": "arn:aws:iam::123456789012:role/a"}, {}, 0),
        ({"AWS": "*"}, {"StringEquals": {"sts:ExternalId": "a"}}, 1),
        ({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, 0),
        ({"Federated": "token.actions.githubusercontent.com"}, {}, 1),
        ({"Federated": "token.actions.githubusercontent.com"}, {"StringEquals": {"a": "b"}}, 0),
    ],
)
def test_assumed(principal: Any, condition: Any, count: int) -> None:
    text = policy(Effect="Allow", Principal=principal, Action="sts:AssumeRole", Condition=condition)
    assert len(found("DEP014", resource("aws:iam/role:Role", assumeRolePolicy=text))) == count


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ({"customerMasterKeySpec": "RSA_2048"}, 0),
        ({"customerMasterKeySpec": "SYMMETRIC_DEFAULT"}, 1),
        ({"keyUsage": "SIGN_VERIFY"}, 0),
        ({"keyUsage": "ENCRYPT_DECRYPT"}, 1),
        ({"enableKeyRotation": "true"}, 0),
        ({"enableKeyRotation": COMPUTED}, 0),
    ],
)
def test_rotation(inputs: dict[str, Any], count: int) -> None:
    assert len(found("DEP015", resource("aws:kms/key:Key", policy="{}", **inputs))) == count


@pytest.mark.parametrize(
    ("kind", "count"), [("application", 2), ("network", 1), ("gateway", 0), (None, 2)]
)
def test_balancers(kind: str | None, count: int) -> None:
    inputs = {} if kind is None else {"loadBalancerType": kind}
    assert len(found("DEP016", resource("aws:alb/loadBalancer:LoadBalancer", **inputs))) == count


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ({"protocol": "TCP"}, 0),
        ({"protocol": "TLS"}, 1),
        ({"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-FS-1-2-Res-2020-10"}, 0),
        ({"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-0-2021-06"}, 1),
        ({"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06"}, 0),
        ({"protocol": "HTTP", "defaultActions": [{"type": "fixed-response"}]}, 1),
        ({}, 1),
    ],
)
def test_listeners(inputs: dict[str, Any], count: int) -> None:
    assert len(found("DEP016", resource("aws:lb/listener:Listener", **inputs))) == count


WORLD = {"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}


@pytest.mark.parametrize(
    ("rule", "inward", "outward"),
    [
        ({"protocol": "tcp", "fromPort": 80, "toPort": 80, **WORLD}, 0, 0),
        ({"protocol": "tcp", "fromPort": 80, "toPort": 443, **WORLD}, 1, 0),
        ({"protocol": "tcp", "fromPort": 0, "toPort": 65535, **WORLD}, 1, 1),
        ({"protocol": "all", "fromPort": 1, "toPort": 1, **WORLD}, 1, 1),
        ({"protocol": "tcp", **WORLD}, 1, 1),
        ({"protocol": "icmp", "fromPort": -1, "toPort": -1, **WORLD}, 0, 0),
        ({"protocol": "-1", "ipv6CidrBlocks": ["0000:0000::/0"]}, 1, 1),
        ({"protocol": "-1", "cidrBlocks": ["10.0.0.0/8"]}, 0, 0),
        ({"protocol": "-1", "cidrBlocks": ["0.0.0.0/8"]}, 0, 0),
        ({"protocol": COMPUTED, **WORLD}, 0, 0),
    ],
)
def test_openings(rule: dict[str, Any], inward: int, outward: int) -> None:
    group = "aws:ec2/securityGroup:SecurityGroup"
    assert len(found("DEP017", resource(group, ingress=[rule]))) == inward
    assert len(found("DEP017", resource(group, egress=[rule]))) == outward
    single = "aws:ec2/securityGroupRule:SecurityGroupRule"
    assert len(found("DEP017", resource(single, type="ingress", **rule))) == inward
    assert len(found("DEP017", resource(single, type="egress", **rule))) == outward


def test_roles_of_a_task() -> None:
    task = "aws:ecs/taskDefinition:TaskDefinition"
    assert not found("DEP018", resource(task, executionRoleArn="a"))
    assert not found("DEP018", resource(task, executionRoleArn="a", taskRoleArn="b"))
    assert found("DEP018", resource(task, executionRoleArn="a", taskRoleArn="a"))


@pytest.mark.parametrize("address", [False, None, COMPUTED])
def test_a_service_without_an_address(address: Any) -> None:
    inputs = {"networkConfiguration": {"assignPublicIp": address}}
    assert not found("DEP018", resource("aws:ecs/service:Service", **inputs))


def test_secrets_in_environments() -> None:
    function = "aws:lambda/function:Function"
    for environment in (SECRET, {"variables": SECRET}, {"variables": {"A": SECRET}}):
        assert found("DEP019", resource(function, environment=environment))
    for environment in (COMPUTED, {"variables": {"A": COMPUTED}}, {"variables": {"A": "b"}}):
        assert not found("DEP019", resource(function, environment=environment))
    container = {"environment": [{"name": "DB_PASSWORD", "value": "hunter2-hunter2"}]}
    task = resource(
        "aws:ecs/taskDefinition:TaskDefinition", containerDefinitions=json.dumps([container])
    )
    assert found("DEP019", task)


def test_interfaces() -> None:
    method = "aws:apigateway/method:Method"
    assert not found("DEP020", resource(method, httpMethod="OPTIONS", authorization="NONE"))
    assert not found("DEP020", resource(method, authorization="NONE", apiKeyRequired=True))
    assert found("DEP020", resource(method))
    api = "aws:apigatewayv2/api:Api"
    assert found("DEP020", resource(api, target="arn:aws:lambda:x"))
    sockets = resource(api, "api", protocolType="WEBSOCKET")
    route = resource("aws:apigatewayv2/route:Route", routeKey="send", apiId=COMPUTED)
    opening = resource("aws:apigatewayv2/route:Route", routeKey="$connect", apiId=COMPUTED)
    assert not found("DEP020", sockets, route)
    assert found("DEP020", sockets, opening)
    assert found("DEP020", resource(api, "api", protocolType="HTTP"), route)


def test_images() -> None:
    images = resource("aws:ecr/repository:Repository", imageTagMutability="IMMUTABLE")
    scanning = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*"}]}
    assert found("DEP021", images)
    assert not found("DEP021", images, resource(scanning, rules=[rule]))
    assert found("DEP021", images, resource(scanning, rules=[{**rule, "scanFrequency": "MANUAL"}]))
    assert found(
        "DEP021",
        images,
        resource(scanning, rules=[{**rule, "repositoryFilters": [{"filter": "a"}]}]),
    )
    assert found("DEP021", resource("aws:ecrpublic/repository:Repository"))


@pytest.mark.parametrize(("days", "count"), [(0, 0), (365, 0), ("365", 0), (364, 1), (None, 1)])
def test_retention(days: Any, count: int) -> None:
    group = resource("aws:cloudwatch/logGroup:LogGroup", retentionInDays=days, kmsKeyId="k")
    assert len(found("DEP022", group)) == count
