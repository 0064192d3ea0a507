"""Load balancers and security groups of AWS: DEP016 and DEP017."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._links import linked
from infra.policy.rules._values import (
    any_unknown,
    entries,
    holds,
    is_true,
    number,
    text,
    texts,
    unknown,
    unknown_in,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["BALANCERS", "RULES", "ingress", "world"]

_MODULES = ("lb", "alb", "applicationloadbalancing", "elasticloadbalancingv2")
BALANCERS = tuple(f"aws:{each}/loadBalancer:LoadBalancer" for each in _MODULES)
_LISTENERS = tuple(f"aws:{each}/listener:Listener" for each in _MODULES)

# The policies that speak nothing below TLS 1.2; a listener without one gets ELBSecurityPolicy-
# 2016-08, which speaks 1.0.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_TLS = tuple(
    f"ELBSecurityPolicy-{each}" for each in ("TLS13-1-2", "TLS13-1-3", "TLS-1-2", "FS-1-2")
)

_GROUPS = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
)
_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_PUBLIC_PORTS = frozenset({80.0, 443.0})
_ALL_PORTS = 65535


def _balanced(program: Program, demands: Demands) -> Iterator[Problem]:
    balancers = program.of_type(*BALANCERS)
    for each in balancers:
        kind = each.inputs.get("loadBalancerType", "application")
        if unknown(kind) or kind == "gateway":
            continue
        headers = each.inputs.get("dropInvalidHeaderFields")
        if kind == "application" and not is_true(headers):
            yield Problem(
                each,
                "header fields that are no valid ones reach the server",
                "dropInvalidHeaderFields",
            )
        if text(each.inputs.get("desyncMitigationMode")) == "monitor":
            # What it is by default, "defensive", is well:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
            yield Problem(
                each, "requests that may smuggle others in are let by", "desyncMitigationMode"
            )
        if not is_true(value_at(each.inputs, "accessLogs.enabled")):
            yield Problem(each, "access logs are off", "accessLogs.enabled")
    for listener in program.of_type(*_LISTENERS):
        if any(
            listener in linked(program, each, _LISTENERS, by="loadBalancerArn", names=())
            for each in balancers
            if each.inputs.get("loadBalancerType") == "gateway"
        ):
            continue
        yield from _listener(listener)


def _listener(listener: Resource) -> Iterator[Problem]:
    protocol = listener.inputs.get("protocol")
    if unknown(protocol) or protocol in ("TCP", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"):
        return
    if protocol in ("HTTPS", "TLS"):
        if not holds(listener.inputs.get("sslPolicy"), _modern):
            yield Problem(listener, "TLS older than 1.2 is accepted", "sslPolicy")
    elif not _redirects(listener):
        yield Problem(listener, "requests are taken without TLS", "protocol")


def _modern(policy: object) -> bool:
    return text(policy).startswith(_TLS)


def _redirects(listener: Resource) -> bool:
    if unknown_in(listener.inputs, "defaultActions"):
        return True
    found = [each for _, each in entries(listener.inputs, "defaultActions")]
    return bool(found) and all(
        holds(each.get("type"), "redirect".__eq__)
        and holds(value_at(each, "redirect.protocol"), "HTTPS".__eq__)
        for each in found
    )


def _closed(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, rule, path in ingress(program):
        yield from _judge(resource, rule, path=path, inward=True)
    for group in program.of_type(*_GROUPS):
        for path, rule in entries(group.inputs, "egress"):
            yield from _judge(group, rule, path=path, inward=False)
    for each in program.of_type(_RULE, _EGRESS):
        if each.type == _EGRESS or text(each.inputs.get("type")) == "egress":
            yield from _judge(each, each.inputs, path="", inward=False)


def ingress(program: Program) -> Iterator[tuple[Resource, Mapping[str, Any], str]]:
    """Yield each rule that lets something in: its resource, what it says, its path in there."""
    for group in program.of_type(*_GROUPS):
        for path, rule in entries(group.inputs, "ingress"):
            yield group, rule, path
    for each in program.of_type(_RULE, _INGRESS):
        if each.type == _INGRESS or text(each.inputs.get("type")) == "ingress":
            yield each, each.inputs, ""


def _judge(
    resource: Resource, rule: Mapping[str, Any], *, path: str, inward: bool
) -> Iterator[Problem]:
    wide = world(rule)
    if not wide or _ports_unknown(rule):
        return
    at = f"{path}.{wide}" if path else wide
    if _every_port(rule):
        way = "from" if inward else "to"
        yield Problem(resource, f"every port is open {way} the whole internet", at)
    elif inward and not _web(rule):
        ports = f"{rule.get('fromPort')} to {rule.get('toPort')}"
        yield Problem(resource, f"ports {ports} are open from the whole internet", at)


def world(rule: Mapping[str, Any]) -> str:
    """Return the property that names every address there is; "" if none does."""
    for name in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"):
        for each in texts(rule.get(name)):
            address, _, length = each.partition("/")
            if length == "0" and not address.strip("0.:"):
                return name
    return ""


def _ports_unknown(rule: Mapping[str, Any]) -> bool:
    return any(
        any_unknown(rule.get(each)) for each in ("protocol", "ipProtocol", "fromPort", "toPort")
    )


def _protocol(rule: Mapping[str, Any]) -> str:
    found = rule.get("protocol", rule.get("ipProtocol"))
    return str(found).lower() if found is not None else ""


def _every_port(rule: Mapping[str, Any]) -> bool:
    if _protocol(rule) in {"-1", "all"}:
        return True
    if _protocol(rule) in {"icmp", "icmpv6", "1", "58"}:
        return False
    low, high = number(rule.get("fromPort")), number(rule.get("toPort"))
    if low is None or high is None:
        return True
    return low <= 0 and (high in {0, -1} or high >= _ALL_PORTS)


def _web(rule: Mapping[str, Any]) -> bool:
    low, high = number(rule.get("fromPort")), number(rule.get("toPort"))
    if _protocol(rule) in {"icmp", "icmpv6", "1", "58"}:
        return True
    return low == high and low in _PUBLIC_PORTS


RULES = (
    Rule(
        "DEP016",
        "Load balancers take TLS 1.2 and later alone, drop odd headers and write logs",
        Severity.HIGH,
        "Listen on HTTPS with ELBSecurityPolicy-TLS13-1-2-2021-06 (HTTP may redirect to it); set "
        "dropInvalidHeaderFields and accessLogs.",
        (
            *("CKV_AWS_2", "CKV_AWS_103", "CKV_AWS_131", "CKV_AWS_91", "CKV_AWS_328"),
            *("ELB.1", "ELB.4", "ELB.5", "ELB.12"),
        ),
        _balanced,
    ),
    Rule(
        "DEP017",
        "Security groups are not open to the whole internet",
        Severity.HIGH,
        "Name the ports and the addresses, prefix lists or security groups that are needed.",
        ("CKV_AWS_277", "CKV_AWS_382", "CKV_AWS_24", "CKV_AWS_25"),
        _closed,
    ),
)
