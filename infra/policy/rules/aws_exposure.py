"""What of AWS is within reach of the internet: DEP055, DEP057 and DEP058."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._links import linked
from infra.policy.rules._values import holds, is_true, listed, text, texts, unknown, value_at
from infra.policy.rules.aws_network import BALANCERS, ingress, world
from infra.resources import Program

__all__ = ["RULES"]

_SUBNETS = ("aws:ec2/subnet:Subnet", "aws:ec2/defaultSubnet:DefaultSubnet")
_VPC = "aws:ec2/vpc:Vpc"
_DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
_DOMAINS = {
    "aws:apigateway/domainName:DomainName": "securityPolicy",
    "aws:apigatewayv2/domainName:DomainName": "domainNameConfiguration.securityPolicy",
}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
_TLS = ("TLS_1_2", "SecurityPolicy_TLS12", "SecurityPolicy_TLS13")
_API = "aws:apigatewayv2/api:Api"
_URL = "aws:lambda/functionUrl:FunctionUrl"


def _inside(program: Program, demands: Demands) -> Iterator[Problem]:
    for subnet in program.of_type(*_SUBNETS):
        mapped = subnet.inputs.get("mapPublicIpOnLaunch")
        if mapped is not None and not unknown(mapped) and is_true(mapped):
            yield Problem(
                subnet, "what starts here gets an address of the internet", "mapPublicIpOnLaunch"
            )
    for vpc in program.of_type(_VPC):
        groups = linked(program, vpc, [_DEFAULT_GROUP], by="vpcId", names=())
        if not groups:
            yield Problem(
                vpc, "what is in no group can talk to everything: the default one is open"
            )
        for group in groups:
            for way in ("ingress", "egress"):
                if listed(group.inputs.get(way)) and not unknown(group.inputs[way]):
                    yield Problem(group, "what is in no group can talk to something", way)


def _modern(program: Program, demands: Demands) -> Iterator[Problem]:
    for type_, path in _DOMAINS.items():
        for domain in program.of_type(type_):
            policy = value_at(domain.inputs, path)
            if not holds(policy, lambda each: text(each).startswith(_TLS)):
                yield Problem(domain, "TLS older than 1.2 is accepted, or may be", path)


def _as_asked(program: Program, demands: Demands) -> Iterator[Problem]:
    if demands.public:
        return
    for balancer in program.of_type(*BALANCERS):
        if not is_true(balancer.inputs.get("internal")):
            yield Problem(balancer, "the internet reaches it, and must not", "internal")
    for resource, rule, path in ingress(program):
        if world(rule):
            at = f"{path}.{world(rule)}" if path else world(rule)
            yield Problem(resource, "the whole internet is let in, and must not be", at)
    for each in program.of_type(_API, _URL):
        yield Problem(each, "the internet reaches it, and must not")
    for each in program.of_type("aws:apigateway/restApi:RestApi"):
        types = value_at(each.inputs, "endpointConfiguration.types")
        if not unknown(types) and "PRIVATE" not in texts(types):
            at = "endpointConfiguration.types"
            yield Problem(each, "the internet reaches it, and must not", at)


RULES = (
    Rule(
        "DEP055",
        "Networks give out no public addresses, and their default group lets nothing through",
        Severity.MEDIUM,
        "Leave out mapPublicIpOnLaunch, and add a DefaultSecurityGroup without rules to the Vpc.",
        ("CKV_AWS_130", "CKV2_AWS_12", "EC2.2", "EC2.15"),
        _inside,
    ),
    Rule(
        "DEP057",
        "Names of interfaces take TLS 1.2 and later alone",
        Severity.HIGH,
        "Set securityPolicy TLS_1_2.",
        ("CKV_AWS_206",),
        _modern,
    ),
    Rule(
        "DEP058",
        "The internet reaches nothing where it is asked to stay out",
        Severity.HIGH,
        "Make load balancers internal and let only your own networks in; an HTTP API cannot be "
        "made private, a load balancer can.",
        (),
        _as_asked,
    ),
)
