"""What tells later, or at once, what happened in AWS: DEP048, DEP049 and DEP050."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._values import (
    any_unknown,
    entries,
    holds,
    is_false,
    listed,
    text,
    unknown,
    unknown_in,
    value_at,
)
from infra.policy.rules.aws_compute import SERVICE, TASK, containers
from infra.resources import Program, Resource

__all__ = ["RULES"]

_STAGES = ("aws:apigatewayv2/stage:Stage", "aws:apigateway/stage:Stage")
_CLUSTER = "aws:ecs/cluster:Cluster"
_FUNCTION = "aws:lambda/function:Function"
_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_BUDGET = "aws:budgets/budget:Budget"
# Lambda writes there unless it is told otherwise:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
_DEFAULT = "/aws/lambda/"
_ACTIONS = ("alarmActions", "insufficientDataActions")
_TELLS = ("subscriberSnsTopicArns", "subscriberEmailAddresses")


def _logged(program: Program, demands: Demands) -> Iterator[Problem]:
    for stage in program.of_type(*_STAGES):
        for name in ("destinationArn", "format"):
            path = f"accessLogSettings.{name}"
            if not holds(value_at(stage.inputs, path), bool):
                yield Problem(stage, "nobody can tell later who called: access logs are off", path)
    for task in program.of_type(TASK):
        for path, container in containers(task):
            if not container.get("logConfiguration"):
                at = f"{path}.logConfiguration"
                yield Problem(task, "what a container says is kept nowhere", at)
    for cluster in program.of_type(_CLUSTER):
        if not unknown_in(cluster.inputs, "settings") and not any(
            holds(each.get("name"), "containerInsights".__eq__)
            and holds(each.get("value"), lambda how: how in ("enabled", "enhanced"))
            for _, each in entries(cluster.inputs, "settings")
        ):
            yield Problem(cluster, "what its tasks take is not measured", "settings")
    for service in program.of_type(SERVICE):
        handed = holds(service.inputs.get("propagateTags"), lambda of: of != "NONE")
        if demands.tags and not handed:
            yield Problem(
                service, "nobody can tell whose its tasks' costs are: no tags", "propagateTags"
            )


def _own_group(program: Program, demands: Demands) -> Iterator[Problem]:
    groups = program.of_type(_GROUP)
    for function in program.of_type(_FUNCTION):
        path = "loggingConfig.logGroup"
        if not holds(value_at(function.inputs, path), bool) and not any(
            _of(function, each) for each in groups
        ):
            yield Problem(
                function,
                "Lambda makes its log group: kept for ever, encrypted with a key of AWS's own",
                path,
            )


def _of(function: Resource, group: Resource) -> bool:
    """Return whether a log group is the one that Lambda would make for a function."""
    name, mine = group.inputs.get("name"), function.inputs.get("name")
    made_from = group.references.get("name", ())
    if made_from or unknown(name):
        return function.urn in made_from or not made_from
    if unknown(mine):
        return text(name).startswith(_DEFAULT)
    return text(mine) != "" and text(name) == _DEFAULT + text(mine)


def _told(program: Program, demands: Demands) -> Iterator[Problem]:
    # An alarm that is only a part of another one is told by that.
    parts = {
        urn
        for each in program.of_type(_COMPOSITE)
        for urns in each.references.values()
        for urn in urns
    }
    for alarm in program.of_type(_ALARM, _COMPOSITE):
        if is_false(alarm.inputs.get("actionsEnabled")):
            yield Problem(alarm, "the alarm is told to nobody", "actionsEnabled")
        elif alarm.urn not in parts and not any(alarm.inputs.get(each) for each in _ACTIONS):
            yield Problem(alarm, "the alarm is told to nobody", "alarmActions")
    for budget in program.of_type(_BUDGET):
        found = listed(budget.inputs.get("notifications"))
        if not found:
            yield Problem(budget, "nobody is told when the budget is spent", "notifications")
        for path, each in entries(budget.inputs, "notifications"):
            if not any_unknown(each) and not any(each.get(name) for name in _TELLS):
                yield Problem(budget, "nobody is told when the budget is spent", path)


RULES = (
    Rule(
        "DEP048",
        "Interfaces, tasks and clusters leave evidence",
        Severity.MEDIUM,
        "Set accessLogSettings of a stage, logConfiguration of a container, propagateTags of a "
        "service and the setting containerInsights of a cluster.",
        ("CKV_AWS_65", "CKV_AWS_76", "CKV_AWS_95", "APIGateway.9", "ECS.9", "ECS.12"),
        _logged,
    ),
    Rule(
        "DEP049",
        "Functions write to log groups of the program's own",
        Severity.LOW,
        "Make the log group, with retentionInDays and kmsKeyId, and name it in loggingConfig.",
        (),
        _own_group,
    ),
    Rule(
        "DEP050",
        "Alarms and budgets tell somebody",
        Severity.MEDIUM,
        "Set alarmActions, or the subscribers of a budget's notifications, to a topic or address.",
        ("CKV_AWS_319", "CloudWatch.15", "CloudWatch.17"),
        _told,
    ),
)
