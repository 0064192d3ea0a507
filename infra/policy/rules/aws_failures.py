"""What is to happen when something of AWS fails: DEP059."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._values import entries, holds, is_true, text, unknown_in, value_at
from infra.policy.rules.aws_compute import SERVICE
from infra.policy.rules.aws_network import BALANCERS
from infra.resources import Program, Resource

__all__ = ["RULES"]

_FUNCTION = "aws:lambda/function:Function"
_ALIAS = "aws:lambda/alias:Alias"
_RECORD = "aws:route53/record:Record"
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_API = "aws:apigatewayv2/api:Api"
_INTEGRATION = "aws:apigatewayv2/integration:Integration"
_MEASURES = {
    _API: ("AWS/ApiGateway", ("5xx",)),
    _FUNCTION: ("AWS/Lambda", ("Errors", "Throttles", "Duration")),
}
_OF_BALANCERS = (
    "AWS/ApplicationELB",
    (
        *("HTTPCode_Target_5XX_Count", "RejectedConnectionCount", "TargetResponseTime"),
        "UnHealthyHostCount",
    ),
)


def _taken_back(program: Program, demands: Demands) -> Iterator[Problem]:
    for service in program.of_type(SERVICE):
        by = value_at(service.inputs, "deploymentController.type")
        # The others have deployments of their own.
        if by is not None and by != "ECS":
            continue
        if not any(
            is_true(value_at(service.inputs, f"{each}.enable"))
            and is_true(value_at(service.inputs, f"{each}.rollback"))
            for each in ("deploymentCircuitBreaker", "alarms")
        ):
            yield Problem(
                service,
                "tasks that cannot start are started for ever, and the old ones do not come back",
                "deploymentCircuitBreaker",
            )
    for alias in program.of_type(_ALIAS):
        version = alias.inputs.get("functionVersion")
        unpublished = [
            each
            for each in program.of_type(_FUNCTION)
            if each.urn in alias.references.get("functionVersion", ())
            and not is_true(each.inputs.get("publish"))
        ]
        if text(version) == "$LATEST":
            yield Problem(alias, "it means what was uploaded last", "functionVersion")
        for function in unpublished:
            yield Problem(function, "there is no version that an alias could go back to", "publish")
    yield from _taken_over(program)
    yield from _seen(program)


def _taken_over(program: Program) -> Iterator[Problem]:
    """Yield records that are to give way to others, and have nothing that tells when.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html
    """
    for record in program.of_type(_RECORD):
        first = value_at(record.inputs, "failoverRoutingPolicies[0].type")
        seen = any(
            is_true(value_at(each, "evaluateTargetHealth"))
            for _, each in entries(record.inputs, "aliases")
        ) or unknown_in(record.inputs, "aliases")
        if first == "PRIMARY" and not seen and not record.inputs.get("healthCheckId"):
            yield Problem(record, "nothing tells when another is to take over", "healthCheckId")


def _seen(program: Program) -> Iterator[Problem]:
    """Yield what answers requests and has no alarm on how well.

    What to watch of them:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
    """
    alarms = program.of_type(_ALARM)
    asked = {
        urn
        for each in program.of_type(_INTEGRATION)
        for urn in each.references.get("integrationUri", ())
    }
    for alias in program.of_type(_ALIAS):
        if alias.urn in asked:
            asked.update(alias.references.get("functionName", ()))
    for each in program.of_type(_API, _FUNCTION, *BALANCERS):
        space, metrics = _MEASURES.get(each.type, _OF_BALANCERS)
        if (each.type == _FUNCTION and each.urn not in asked) or _other_kind(each):
            continue
        missing = [
            metric for metric in metrics if not any(_on(alarm, space, metric) for alarm in alarms)
        ]
        if missing:
            yield Problem(
                each, f"nobody is told how requests fare: no alarm on {', '.join(missing)}"
            )


def _other_kind(resource: Resource) -> bool:
    """Return whether it is, or may be, a balancer or an interface with other metrics."""
    kind = resource.inputs.get("loadBalancerType", "application")
    protocol = resource.inputs.get("protocolType")
    return kind != "application" or (resource.type == _API and text(protocol) != "HTTP")


def _on(alarm: Resource, space: str, metric: str) -> bool:
    """Return whether an alarm is on a metric; one that reckons with several may be on any."""
    inputs = alarm.inputs
    return "metricQueries" in inputs or (
        holds(inputs.get("namespace"), space.__eq__)
        and holds(inputs.get("metricName"), metric.__eq__)
    )


RULES = (
    Rule(
        "DEP059",
        "What fails is seen, and taken back or taken over",
        Severity.LOW,
        "Add a MetricAlarm for each metric; set deploymentCircuitBreaker with enable and rollback; "
        "publish the versions of a function; name the health check of a record that fails over.",
        (),
        _taken_back,
    ),
)
