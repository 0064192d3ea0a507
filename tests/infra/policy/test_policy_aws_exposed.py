"""The edges of the policies on what of AWS can be reached, and what reaches out of it."""

from typing import Any

import pytest

from infra.policy.model import Demands
from infra.resources import COMPUTED
from tests.infra.policy.resources_kit import found, made_from, policy, resource

LATER = dict(COMPUTED)
OPEN = Demands()
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
THROUGH: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::models/*",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
}


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 0),
        ({"Action": "s3:*"}, 1),
        ({"Action": ["s3:GetObject", "*"]}, 1),
        ({"Resource": ["arn:aws:s3:::models/*", "*"]}, 1),
        (
            {
                "Resource": [
                    "arn:aws:s3:::prod-a-starport-layer-bucket/*",
                    "arn:aws:s3:::models/*",
                ],
                "Condition": {},
            },
            1,
        ),
        ({"Resource": "arn:aws:s3:::*"}, 1),
        ({"Resource": "arn:aws:s3:::*/*"}, 1),
        ({"Condition": {}}, 1),
        ({"Condition": LATER}, 0),
        ({"Condition": {}, "Resource": [LATER]}, 0),
        ({"Condition": {}, "Resource": ["${aws:s3/bucket:Bucket::models.arn}"]}, 1),
        ({"Condition": {}, "Principal": {"AWS": "arn:aws:iam::1:role/a"}}, 0),
        ({"Condition": {}, "Resource": "arn:aws:s3:::prod-a-starport-layer-bucket/*"}, 0),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, 0),
    ],
)
def test_gateways(fields: dict[str, Any], count: int) -> None:
    text = policy(**{**THROUGH, **fields})
    store = {"serviceName": "com.amazonaws.eu-central-1.s3"}
    assert len(found("DEP056", resource(ENDPOINT, policy=text, **store))) == count
    for other in (
        {**store, "vpcEndpointType": "Interface"},
        {**store, "vpcEndpointType": LATER},
        {"serviceName": "com.amazonaws.eu-central-1.logs"},
        {"serviceName": LATER},
    ):
        assert not found("DEP056", resource(ENDPOINT, **other))
    assert not found("DEP056", resource(ENDPOINT, policy=LATER, **store))


def test_networks() -> None:
    vpc = resource("aws:ec2/vpc:Vpc", "vpc")
    type_ = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    assert found("DEP055", vpc)
    assert found("DEP055", vpc, resource(type_))
    assert not found("DEP055", vpc, made_from(vpc, type_, vpcId=LATER))
    assert not found("DEP055", vpc, resource(type_, vpcId=LATER, ingress=LATER, egress=[]))
    assert found("DEP055", vpc, resource(type_, vpcId=LATER, egress=[{"protocol": "-1"}]))
    for given in (False, "false", LATER, None):
        assert not found("DEP055", resource("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=given))


@pytest.mark.parametrize(
    ("policy_", "count"),
    [
        ("TLS_1_2", 0),
        ("TLS_1_0", 1),
        ("SecurityPolicy_TLS13_1_3_2025_09", 0),
        (LATER, 0),
        (None, 1),
    ],
)
def test_names_of_interfaces(policy_: Any, count: int) -> None:
    rest = resource("aws:apigateway/domainName:DomainName", securityPolicy=policy_)
    http = resource(
        "aws:apigatewayv2/domainName:DomainName",
        domainNameConfiguration={"securityPolicy": policy_},
    )
    assert len(found("DEP057", rest)) == len(found("DEP057", http)) == count


def test_what_the_internet_must_not_reach() -> None:
    balancer = "aws:lb/loadBalancer:LoadBalancer"
    group = resource(
        "aws:ec2/securityGroup:SecurityGroup",
        ingress=[{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}],
    )
    rest = "aws:apigateway/restApi:RestApi"
    private = {"endpointConfiguration": {"types": "PRIVATE"}}
    said = resource(balancer, internal="false")
    bad = (resource(balancer), said, group, resource("aws:apigatewayv2/api:Api"), resource(rest))
    for each in bad:
        assert found("DEP058", each)
        assert not found("DEP058", each, demands=OPEN)
    good = (
        resource(balancer, internal=LATER),
        resource(rest, **private),
        resource(rest, endpointConfiguration=LATER),
    )
    for each in good:
        assert not found("DEP058", each)
