"""What a bucket of S3 does with what it holds: DEP004, DEP005, DEP006, DEP008, DEP009, DEP010."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._buckets import both, buckets, judged, log_targets, parts
from infra.policy.rules._links import names_of
from infra.policy.rules._values import (
    any_unknown,
    entries,
    holds,
    is_true,
    mapping,
    number,
    text,
    unknown_in,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

_REPLICATION = both("BucketReplicationConfig")


def _versioned(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in buckets(program):
        yield from judged(
            bucket,
            parts(program, bucket, "BucketVersioning"),
            good=lambda each: holds(
                value_at(each.inputs, "versioningConfiguration.status"), "Enabled".__eq__
            ),
            inline=_on(bucket, "versioning.enabled", "versionings.enabled"),
            missing="objects that are overwritten or deleted are gone: versioning is off",
            wrong="versioning is not Enabled",
            at="versioningConfiguration.status",
        )


def _on(resource: Resource, *paths: str) -> bool:
    return any(is_true(value_at(resource.inputs, path)) for path in paths)


def _locked(program: Program, demands: Demands) -> Iterator[Problem]:
    if not demands.object_lock:
        return
    logs = log_targets(program)
    for bucket in buckets(program):
        if bucket.urn in logs:
            # A bucket with a default retention cannot take access logs:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
            continue
        lock = value_at(bucket.inputs, "objectLockConfiguration.objectLockEnabled")
        yield from judged(
            bucket,
            parts(program, bucket, "BucketObjectLockConfiguration"),
            good=lambda each: holds(
                each.inputs.get("objectLockEnabled", "Enabled"), "Enabled".__eq__
            ),
            inline=_on(bucket, "objectLockEnabled") or holds(lock, "Enabled".__eq__),
            missing="object lock is asked for and not on",
            wrong="object lock is asked for and not Enabled",
            at="objectLockEnabled",
        )


def _encrypted(program: Program, demands: Demands) -> Iterator[Problem]:
    logs = log_targets(program)
    for bucket in buckets(program):
        allowed = {"aws:kms", "aws:kms:dsse"}
        if bucket.urn in logs:
            # Access logs cannot be written to a bucket whose default is a key of KMS:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
            allowed.add("AES256")
        yield from judged(
            bucket,
            parts(program, bucket, "BucketServerSideEncryptionConfiguration"),
            good=lambda each, allowed=allowed: _keyed(each, "rules", allowed),  # type: ignore[misc] # mypy infers no lambda defaults
            inline=any(
                _keyed(bucket, f"{each}.rule", allowed) or _keyed(bucket, f"{each}.rules", allowed)
                for each in (
                    "serverSideEncryptionConfiguration",
                    "serverSideEncryptionConfigurations",
                )
            ),
            missing="objects are not encrypted with a key of KMS",
            wrong="objects are not encrypted with a key of KMS",
            at="rules",
        )


def _keyed(resource: Resource, path: str, allowed: set[str]) -> bool:
    if unknown_in(resource.inputs, path):
        return True
    return any(
        holds(
            value_at(each, "applyServerSideEncryptionByDefault.sseAlgorithm"),
            lambda name: isinstance(name, str) and name in allowed,
        )
        for _, each in entries(resource.inputs, path)
    )


def _logged(program: Program, demands: Demands) -> Iterator[Problem]:
    logs = log_targets(program)
    for bucket in buckets(program):
        owners = (bucket, *parts(program, bucket, "BucketLogging"))
        paths = ("targetBucket", "logging.targetBucket", "loggings.targetBucket")
        if bucket.urn in logs or any(
            holds(value_at(each.inputs, path), bool) for each in owners for path in paths
        ):
            continue
        yield Problem(bucket, "nobody can tell later who read or wrote: access logs are off")


def _uploads_end(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in buckets(program):
        yield from judged(
            bucket,
            parts(program, bucket, "BucketLifecycleConfiguration"),
            good=lambda each: _aborts(each, "rules"),
            inline=_aborts(bucket, "lifecycleRules"),
            missing="parts of uploads that were never completed are kept, and paid for, for ever",
            wrong="no enabled rule for all objects aborts uploads that were never completed",
            at="rules",
        )


def _aborts(resource: Resource, path: str) -> bool:
    if unknown_in(resource.inputs, path):
        return True
    return any(_abort_rule(each) for _, each in entries(resource.inputs, path))


def _abort_rule(rule: Mapping[str, Any]) -> bool:
    enabled = holds(rule.get("status"), "Enabled".__eq__) or (
        "status" not in rule and is_true(rule.get("enabled"))
    )
    if not enabled or _narrowed(rule):
        return False
    days = value_at(rule, "abortIncompleteMultipartUpload.daysAfterInitiation")
    if days is None:
        days = rule.get("abortIncompleteMultipartUploadDays")
    return holds(days, lambda each: (number(each) or 0) > 0)


def _narrowed(rule: Mapping[str, Any]) -> bool:
    """Return whether a rule is for some objects only."""
    filters = mapping(value_at(rule, "filter"))
    inner = mapping(value_at(filters, "and")) or filters
    return any(
        scope.get(key) not in {None, "", 0}
        for scope in (rule, inner)
        for key in ("prefix", "objectSizeGreaterThan", "objectSizeLessThan")
        if not any_unknown(scope.get(key)) and not isinstance(scope.get(key), list | Mapping)
    ) or any(bool(scope.get(key)) for scope in (rule, inner) for key in ("tag", "tags"))


def _replicated(program: Program, demands: Demands) -> Iterator[Problem]:
    if not demands.replication:
        return
    logs = log_targets(program)
    for bucket in buckets(program):
        if bucket.urn in logs or _replica(program, bucket):
            continue
        yield from judged(
            bucket,
            parts(program, bucket, "BucketReplicationConfig"),
            good=lambda each: _copies(each, "rules"),
            inline=_copies(bucket, "replicationConfiguration.rules"),
            missing="replication is asked for and not on",
            wrong="replication is asked for, and no rule is Enabled",
            at="rules",
        )


def _copies(resource: Resource, path: str) -> bool:
    if unknown_in(resource.inputs, path):
        return True
    return any(
        holds(each.get("status"), "Enabled".__eq__) for _, each in entries(resource.inputs, path)
    )


def _replica(program: Program, bucket: Resource) -> bool:
    arns = {f"arn:aws:s3:::{name}" for name in names_of(bucket, "bucket")}
    return any(
        bucket.urn in each.references.get("rules", ())
        or any(
            text(value_at(rule, "destination.bucket")) in arns
            for _, rule in entries(each.inputs, "rules")
        )
        for each in program.of_type(*_REPLICATION)
    )


RULES = (
    Rule(
        "DEP004",
        "Buckets keep versions",
        Severity.HIGH,
        "Add a BucketVersioning with status Enabled.",
        ("CKV_AWS_21", "S3.14"),
        _versioned,
    ),
    Rule(
        "DEP005",
        "Buckets have object lock where it is asked for",
        Severity.HIGH,
        "Set objectLockEnabled when the bucket is made and add a BucketObjectLockConfiguration.",
        ("CKV_AWS_143", "S3.15"),
        _locked,
    ),
    Rule(
        "DEP006",
        "Buckets encrypt with a key of KMS",
        Severity.HIGH,
        "Add a BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms and your key.",
        ("CKV_AWS_19", "CKV_AWS_145", "S3.17"),
        _encrypted,
    ),
    Rule(
        "DEP008",
        "Buckets write access logs",
        Severity.MEDIUM,
        "Add a BucketLogging that writes to another bucket.",
        ("CKV_AWS_18", "S3.9"),
        _logged,
    ),
    Rule(
        "DEP009",
        "Buckets abort uploads that were never completed",
        Severity.LOW,
        "Add an enabled lifecycle rule with abortIncompleteMultipartUpload for all objects.",
        ("CKV_AWS_300",),
        _uploads_end,
    ),
    Rule(
        "DEP010",
        "Buckets are replicated where it is asked for",
        Severity.HIGH,
        "Add a BucketReplicationConfig with an enabled rule.",
        ("CKV_AWS_144", "S3.7"),
        _replicated,
    ),
)
