"""Ways out of a network of AWS to its stores: DEP056."""

import re
from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._statements import Statement, anyone, held, statements
from infra.policy.rules._values import text, unknown
from infra.resources import Program

__all__ = ["RULES"]

_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_STORES = (".s3", ".dynamodb", ".s3express")
_EVERYTHING = frozenset({"*", "s3:*", "dynamodb:*", "s3express:*"})
# Buckets of AWS's own, read with links that it signed, so by no identity of an account's:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
_OF_AWS = re.compile(r"arn:aws[\w-]*:s3:::(?:prod-[\w-]+-starport-layer-bucket|aws-[\w-]+)/.*")
_WHO = ("aws:principal", "aws:userid")
_WHOSE = ("aws:resourceaccount", "aws:resourceorg")


def _narrow(program: Program, demands: Demands) -> Iterator[Problem]:
    for endpoint in program.of_type(_ENDPOINT):
        kind = endpoint.inputs.get("vpcEndpointType", "Gateway")
        service = text(endpoint.inputs.get("serviceName"))
        if kind != "Gateway" or not service.endswith(_STORES):
            continue
        policy = endpoint.inputs.get("policy")
        if policy is None:
            yield Problem(endpoint, "it leads to everybody's data, for everybody", "policy")
        if unknown(policy):
            continue
        for each in statements(policy):
            message = _fault(each) if each.allow else ""
            if message:
                yield Problem(endpoint, message, each.path)


def _fault(statement: Statement) -> str:
    if statement.other_actions or any(each in _EVERYTHING for each in statement.actions):
        return "every action may pass"
    everywhere = statement.other_resources or any(
        not each.rpartition(":")[2].strip("*/") for each in statement.resources
    )
    if everywhere and not held(statement, lambda key: key.startswith(_WHOSE)):
        return "it leads to everybody's data"
    theirs = statement.unseen or all(map(_OF_AWS.fullmatch, statement.resources))
    if anyone(statement) and not theirs and not held(statement, lambda key: key.startswith(_WHO)):
        return "identities of any account may use it"
    return ""


RULES = (
    Rule(
        "DEP056",
        "Gateways to stores let known identities reach named data",
        Severity.LOW,
        "Give the VpcEndpoint a policy that names actions and resources, and holds callers with "
        "aws:PrincipalAccount or aws:PrincipalOrgID.",
        (),
        _narrow,
    ),
)
