"""What costs in AWS are held by: DEP051 and DEP052."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._buckets import buckets, log_targets, parts
from infra.policy.rules._links import linked
from infra.policy.rules._values import entries, holds, is_true, number, unknown_in, value_at
from infra.resources import Program, Resource

__all__ = ["RULES"]

_FUNCTION = "aws:lambda/function:Function"
_AUTHORIZERS = ("aws:apigatewayv2/authorizer:Authorizer", "aws:apigateway/authorizer:Authorizer")
_STAGE = "aws:apigatewayv2/stage:Stage"
_REPOSITORY = "aws:ecr/repository:Repository"
_REPOSITORY_ENDS = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_LIMITS = ("throttlingBurstLimit", "throttlingRateLimit")
_OLD = (
    "noncurrentVersionExpiration",
    "noncurrentVersionExpirations",
    "noncurrentVersionTransition",
    "noncurrentVersionTransitions",
)


def _bound(program: Program, demands: Demands) -> Iterator[Problem]:
    # An interface asks its authoriser before every request: with a limit of its own, whoever has no
    # key could keep out who has one. The interface's limits are the authoriser's, too.
    asked = {
        urn
        for each in program.of_type(*_AUTHORIZERS)
        for urn in each.references.get("authorizerUri", ())
    }
    for function in program.of_type(_FUNCTION):
        limit = function.inputs.get("reservedConcurrentExecutions")
        if function.urn not in asked and not holds(limit, lambda most: (number(most) or 0) >= 0):
            yield Problem(
                function,
                "nothing limits how much of it runs at once, and costs",
                "reservedConcurrentExecutions",
            )
    for stage in program.of_type(_STAGE):
        for name in _LIMITS:
            path = f"defaultRouteSettings.{name}"
            if not holds(value_at(stage.inputs, path), _some) and not _each_route(stage, name):
                yield Problem(stage, "nothing but the account limits how often it is called", path)


def _some(most: object) -> bool:
    return (number(most) or 0) > 0


def _each_route(stage: Resource, name: str) -> bool:
    """Return whether a stage limits route by route."""
    found = [each for _, each in entries(stage.inputs, "routeSettings")]
    return unknown_in(stage.inputs, "routeSettings") or (
        bool(found) and all(holds(each.get(name), _some) for each in found)
    )


def _ends(program: Program, demands: Demands) -> Iterator[Problem]:
    logs = log_targets(program)
    for bucket in buckets(program):
        rules = parts(program, bucket, "BucketLifecycleConfiguration")
        held = (*((each, "rules") for each in rules), (bucket, "lifecycleRules"))
        at = rules[0] if rules else bucket
        if _versioned(program, bucket) and not _says(held, *_OLD):
            yield Problem(at, "what was overwritten or deleted is kept, and paid for, for ever")
        if bucket.urn in logs and not _says(held, "expiration"):
            yield Problem(at, "access logs are kept, and paid for, for ever")
    for repository in program.of_type(_REPOSITORY):
        if not linked(program, repository, [_REPOSITORY_ENDS], by="repository"):
            yield Problem(repository, "images that nobody uses are kept, and paid for, for ever")


def _versioned(program: Program, bucket: Resource) -> bool:
    status = "versioningConfiguration.status"
    return is_true(value_at(bucket.inputs, "versioning.enabled")) or any(
        holds(value_at(each.inputs, status), "Enabled".__eq__)
        for each in parts(program, bucket, "BucketVersioning")
    )


def _says(held: tuple[tuple[Resource, str], ...], *names: str) -> bool:
    """Return whether an enabled rule has one of these."""
    return any(
        unknown_in(resource.inputs, path)
        or any(
            (holds(each.get("status"), "Enabled".__eq__) or is_true(each.get("enabled")))
            and any(each.get(name) for name in names)
            for _, each in entries(resource.inputs, path)
        )
        for resource, path in held
    )


RULES = (
    Rule(
        "DEP051",
        "Functions and interfaces have limits of their own",
        Severity.LOW,
        "Set reservedConcurrentExecutions of a function, and throttlingBurstLimit and "
        "throttlingRateLimit in a stage's defaultRouteSettings.",
        ("CKV_AWS_115",),
        _bound,
    ),
    Rule(
        "DEP052",
        "Old versions, old images and access logs come to an end",
        Severity.LOW,
        "Add noncurrentVersionExpiration (of logs: expiration) to an enabled lifecycle rule; of a "
        "repository, a LifecyclePolicy.",
        ("ECR.3", "S3.10"),
        _ends,
    ),
)
