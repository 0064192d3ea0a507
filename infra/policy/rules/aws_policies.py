"""Policies that lie at a resource of AWS: DEP037, DEP038, DEP039 and DEP040."""

import re
from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._attached import OPEN_ELSEWHERE, attached
from infra.policy.rules._buckets import BUCKETS
from infra.policy.rules._statements import Statement, anyone, named, scoped, sourced, statements
from infra.policy.rules._values import holds, text
from infra.resources import Program, Resource

__all__ = ["RULES"]

_PERMISSION = "aws:lambda/permission:Permission"
_ROLE = "aws:iam/role:Role"
# Keys, secrets and repositories know no other resource than "*", or themselves, in their policies;
# S3 refuses "*", and the pages of SNS and SQS name the topic and the queue.
_NAMED = frozenset(
    {
        *BUCKETS,
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sqs/queue:Queue",
        "aws:sqs/queuePolicy:QueuePolicy",
    }
)

# Whom a role must be held to an account or a resource for, by the services' own pages:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html,
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html,
# https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
_HELD_ROLES = frozenset(
    {"ecs-tasks.amazonaws.com", "scheduler.amazonaws.com", "vpc-flow-logs.amazonaws.com"}
)
# The folder of one account, which is all that a load balancer's logs are held to:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
_OF_ACCOUNT = re.compile(r"/AWSLogs/(?:\d{12}|\$\{[^}]+\})/")


def _not_everything(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, each in attached(program):
        given = [
            name for kind, name in each.principals if kind not in {"AWS", "unknown"} or name == "*"
        ]
        if not given:
            continue
        who = "everybody" if anyone(each) else given[0]
        if each.other_actions or any(_every(action) for action in each.actions):
            yield Problem(resource, f"{who} may do everything with it", each.path)


def _every(action: str) -> bool:
    return action.rpartition(":")[2] == "*"


def _about(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, each in attached(program):
        if resource.type in _NAMED and any(one.strip("*") == "" for one in each.resources):
            yield Problem(resource, "the policy does not say what of it is meant", each.path)


def _closed(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, each in attached(program):
        if resource.type not in OPEN_ELSEWHERE and anyone(each) and not scoped(each):
            yield Problem(resource, "the policy allows something to everybody", each.path)
    for permission in program.of_type(_PERMISSION):
        inputs = permission.inputs
        if text(inputs.get("principal")) == "*" and not (
            inputs.get("principalOrgId") or inputs.get("functionUrlAuthType")
        ):
            yield Problem(permission, "everybody may call the function", "principal")


def _no_deputies(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, each in attached(program):
        yield from _judge(resource, each)
    for role in program.of_type(_ROLE):
        for each in statements(role.inputs.get("assumeRolePolicy"), at="assumeRolePolicy"):
            services = {name for kind, name in each.principals if kind == "Service"}
            if each.allow and (anyone(each) or services & _HELD_ROLES):
                yield from _judge(role, each)
    for permission in program.of_type(_PERMISSION):
        called_by = text(permission.inputs.get("principal"))
        if called_by.endswith((".amazonaws.com", ".amazonaws.com.cn")) and not any(
            holds(permission.inputs.get(each), bool)
            for each in ("sourceArn", "sourceAccount", "principalOrgId")
        ):
            yield Problem(permission, f"{called_by} may call it for anybody's account", "sourceArn")


def _judge(resource: Resource, statement: Statement) -> Iterator[Problem]:
    if anyone(statement):
        if scoped(statement) and not named(statement):
            yield Problem(
                resource,
                "held to where a request comes from, and any service may make it",
                statement.path,
            )
        return
    services = [name for kind, name in statement.principals if kind == "Service"]
    if services and not (sourced(statement) or _in_folder(statement)):
        yield Problem(resource, f"{services[0]} may act for anybody's account", statement.path)


def _in_folder(statement: Statement) -> bool:
    return bool(statement.resources) and all(map(_OF_ACCOUNT.search, statement.resources))


RULES = (
    Rule(
        "DEP037",
        "Policies of resources give no service everything",
        Severity.HIGH,
        "List the actions that the service or the stranger needs, and name the resource.",
        ("CKV_AWS_72",),
        _not_everything,
    ),
    Rule(
        "DEP038",
        "Topics, queues, secrets and functions are open to nobody unnamed",
        Severity.CRITICAL,
        "Name the principals, or hold the statement to an organisation, account or VPC endpoint.",
        ("CKV_AWS_168", "CKV_AWS_169", "CKV_AWS_301", "Lambda.1"),
        _closed,
    ),
    Rule(
        "DEP039",
        "Services act for this account alone",
        Severity.MEDIUM,
        "Name the service as principal, and hold it with aws:SourceArn or aws:SourceAccount "
        "(sourceArn of a function's permission).",
        ("CKV_AWS_364",),
        _no_deputies,
    ),
    Rule(
        "DEP040",
        "Policies of buckets, topics and queues name what they are about",
        Severity.LOW,
        "Name the ARN, for a service with the prefix that it needs, instead of *.",
        (),
        _about,
    ),
)
