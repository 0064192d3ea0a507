"""The facts of an endpoint on AWS."""

import json
from typing import Any

from infra.resources import Program
from infra.review.facts import Fact, Facts, about, image_digest, outputs, put, stores
from infra.review.tokens import dig, number, of

__all__ = ["aws_facts"]

# "At 1,769 MB, a function has the equivalent of one vCPU"
# (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
_MB_OF_A_VCPU = 1769
_FUNCTION = "aws:lambda/function:Function"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"


def aws_facts(program: Program) -> Facts:
    """Return what can be told of an endpoint on AWS."""
    facts = outputs(program)
    _store(facts, program)
    if any(of(program, _FUNCTION)):
        _function(facts, program)
    elif any(of(program, _TASK)):
        _task(facts, program)
    put(
        facts,
        "log_days",
        of(program, "aws:cloudwatch/logGroup:LogGroup"),
        "retentionInDays",
        number,
    )
    checks = of(program, "aws:route53/healthCheck:HealthCheck")
    put(facts, "health_path", checks, "resourcePath")
    return facts


def _store(facts: Facts, program: Program) -> None:
    buckets = stores(program, "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
    rules = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    for each in about(program, buckets, rules, f"{rules}V2"):
        algorithm = dig(each.inputs, "rules.applyServerSideEncryptionByDefault.sseAlgorithm")
        if isinstance(algorithm, str):
            key = "customer key" if algorithm.startswith("aws:kms") else "provider key"
            facts.setdefault("encryption", Fact(key, each.urn, each.place))
    for each in buckets:
        # S3 encrypts every object, since January 2023 whether it is asked to or not.
        facts.setdefault("encryption", Fact("provider key", each.urn, each.place))
    for each in about(program, buckets, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
        names = (
            "blockPublicAcls",
            "blockPublicPolicy",
            "ignorePublicAcls",
            "restrictPublicBuckets",
        )
        shut = all(each.inputs.get(name) is True for name in names)
        facts.setdefault("access", Fact("blocked" if shut else "possible", each.urn, each.place))
    for each in about(program, buckets, "aws:s3/bucketVersioning:BucketVersioning"):
        status = dig(each.inputs, "versioningConfiguration.status")
        facts.setdefault("versioning", Fact(status == "Enabled", each.urn, each.place))


def _function(facts: Facts, program: Program) -> None:
    functions = list(of(program, _FUNCTION))
    first = functions[0]
    facts["compute"] = Fact("Lambda", first.urn, first.place)
    # A function answers one request at a time; more of them are more instances.
    facts["concurrency"] = Fact(1, first.urn, first.place)
    put(facts, "timeout", functions, "timeout", number)
    put(facts, "memory", functions, "memorySize", number)
    put(facts, "cpu", functions, "memorySize", _vcpu)
    put(facts, "image", functions, "imageUri", image_digest)
    put(facts, "max_instances", functions, "reservedConcurrentExecutions", number)
    warm = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
    put(facts, "min_instances", of(program, warm), "provisionedConcurrentExecutions", number)
    facts.setdefault("min_instances", Fact(0, first.urn, first.place))
    for each in of(program, "aws:apigatewayv2/api:Api"):
        facts.setdefault("exposure", Fact("internet", each.urn, each.place))
        # HTTP APIs take TLS 1.2 and later only
        # (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-custom-domain-names.html).
        facts.setdefault("tls", Fact("1.2", each.urn, each.place))
    for each in of(program, "aws:lambda/functionUrl:FunctionUrl"):
        facts.setdefault("exposure", Fact("internet", each.urn, each.place))
        facts.setdefault("tls", Fact("1.2", each.urn, each.place))
    facts.setdefault("exposure", Fact("inside", first.urn, first.place))


def _vcpu(memory: Any) -> float | None:
    size = number(memory)
    return None if size is None else round(size / _MB_OF_A_VCPU, 2)


def _task(facts: Facts, program: Program) -> None:
    tasks = list(of(program, _TASK))
    facts["compute"] = Fact("Fargate", tasks[0].urn, tasks[0].place)
    put(facts, "cpu", tasks, "cpu", _units)
    put(facts, "memory", tasks, "memory", number)
    put(facts, "image", tasks, "containerDefinitions", _image)
    scaling = list(of(program, "aws:appautoscaling/target:Target"))
    put(facts, "min_instances", scaling, "minCapacity", number)
    put(facts, "max_instances", scaling, "maxCapacity", number)
    services = list(of(program, "aws:ecs/service:Service"))
    for name in ("min_instances", "max_instances"):
        put(facts, name, services, "desiredCount", number)
    put(facts, "health_path", of(program, "aws:lb/targetGroup:TargetGroup"), "healthCheck.path")
    balancers = list(of(program, "aws:lb/loadBalancer:LoadBalancer"))
    put(facts, "timeout", balancers, "idleTimeout", number)
    for each in balancers:
        inside = each.inputs.get("internal") is True
        facts.setdefault("exposure", Fact("inside" if inside else "internet", each.urn, each.place))
    put(facts, "tls", of(program, "aws:lb/listener:Listener"), "sslPolicy", _policy)


def _units(value: Any) -> float | None:
    """Return vCPU from ECS's units, of which one vCPU has 1,024."""
    units = number(value)
    return None if units is None else units / 1024


def _image(value: Any) -> str | None:
    try:
        return image_digest(dig(json.loads(value), "image"))
    except (TypeError, ValueError, RecursionError):
        return None


def _policy(value: Any) -> str | None:
    """Return the least TLS of a load balancer's policy, which its name tells.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
    """
    if not isinstance(value, str):
        return None
    for mark, version in (("TLS13-1-3", "1.3"), ("1-2", "1.2"), ("1-1", "1.1")):
        if mark in value:
            return version
    return "1.0"
