"""Buckets of Google Cloud Storage: DEP023 and DEP024."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import EVERYBODY, grants
from infra.policy.rules._links import linked, names_of
from infra.policy.rules._values import (
    any_unknown,
    holds,
    is_true,
    number,
    text,
    texts,
    unknown,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES"]

_BUCKET = "gcp:storage/bucket:Bucket"
_LOGGER = "cloud-storage-analytics@google.com"
_LISTS = ("gcp:storage/bucketACL:BucketACL", "gcp:storage/objectACL:ObjectACL",
          "gcp:storage/defaultObjectACL:DefaultObjectACL")  # fmt: skip
_ENTRIES = ("gcp:storage/bucketAccessControl:BucketAccessControl",
            "gcp:storage/objectAccessControl:ObjectAccessControl",
            "gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl")  # fmt: skip


def _closed(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in program.of_type(_BUCKET):
        if not is_true(bucket.inputs.get("uniformBucketLevelAccess")):
            yield Problem(
                bucket,
                "objects can have ACLs of their own: access is not uniform",
                "uniformBucketLevelAccess",
            )
        if not holds(bucket.inputs.get("publicAccessPrevention"), "enforced".__eq__):
            yield Problem(
                bucket, "nothing keeps this bucket from being made public", "publicAccessPrevention"
            )
    for each in program:
        if each.type.startswith("gcp:storage/"):
            yield from _opened(each)


def _opened(resource: Resource) -> Iterator[Problem]:
    for grant in grants(resource):
        for member in EVERYBODY.intersection(grant.members):
            role = grant.role or "a role"
            yield Problem(resource, f"{role} is granted to {member}", grant.path)
    if resource.type in _ENTRIES and text(resource.inputs.get("entity")) in EVERYBODY:
        yield Problem(resource, f"access is granted to {resource.inputs['entity']}", "entity")
    if resource.type in _LISTS:
        for path in ("roleEntities", "roleEntity"):
            entities = {each.partition(":")[2] for each in texts(resource.inputs.get(path))}
            for entity in sorted(EVERYBODY & entities):
                yield Problem(resource, f"access is granted to {entity}", path)
        if text(resource.inputs.get("predefinedAcl")).startswith(("public", "authenticated")):
            acl = resource.inputs["predefinedAcl"]
            yield Problem(resource, f"the ACL is {acl}", "predefinedAcl")


def _kept(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in program.of_type(_BUCKET):
        inputs = bucket.inputs
        # A retention policy keeps objects from being overwritten at all.
        if not is_true(value_at(inputs, "versioning.enabled")) and not inputs.get(
            "retentionPolicy"
        ):
            yield Problem(
                bucket, "an object that is overwritten or deleted is gone", "versioning.enabled"
            )
        # 7 days without a word: https://cloud.google.com/storage/docs/soft-delete
        path = "softDeletePolicy.retentionDurationSeconds"
        if number(value_at(inputs, path)) == 0:
            yield Problem(bucket, "a version that is deleted is gone at once", path)
        target = value_at(inputs, "logging.logBucket")
        if not (unknown(target) or text(target)) and not _takes_logs(program, bucket):
            yield Problem(bucket, "nobody can tell who read from this bucket", "logging.logBucket")
    yield from _unwritten(program)


def _unwritten(program: Program) -> Iterator[Problem]:
    """Yield buckets whose access logs get nowhere, as Google may not write them.

    https://cloud.google.com/storage/docs/access-logs#delivery
    """
    for bucket in program.of_type(_BUCKET):
        for target in program.of_type(_BUCKET):
            if target.urn in bucket.references.get("logging", ()) and not _may_write(
                program, target
            ):
                message = f"its access logs are lost: {_LOGGER} may not write to {target.name}"
                yield Problem(bucket, message, "logging.logBucket")


def _may_write(program: Program, target: Resource) -> bool:
    for each in program:
        if not each.type.startswith("gcp:storage/bucket") or each.type == _BUCKET:
            continue
        if target.urn not in each.references.get("bucket", (target.urn,)):
            continue
        if _LOGGER in str(each.inputs) or any(
            any_unknown(each.inputs.get(path)) for path in ("member", "members", "policyData")
        ):
            return True
    return False


def _takes_logs(program: Program, bucket: Resource) -> bool:
    """Return whether other buckets write their logs to this one, which then needs no own."""
    called = names_of(bucket, "name")
    return any(
        bucket.urn in each.references.get("logging", ())
        or text(value_at(each.inputs, "logging.logBucket")) in called
        for each in program.of_type(_BUCKET)
        if each.urn != bucket.urn
    ) or bool(_sinks(program, bucket))


def _sinks(program: Program, bucket: Resource) -> list[Resource]:
    types = ("gcp:logging/projectSink:ProjectSink",)
    found = linked(program, bucket, types, by="destination")
    return [each for each in found if bucket.urn in each.references.get("destination", ())]


RULES = (
    Rule(
        "DEP023",
        "Google Cloud buckets are closed to the public",
        Severity.HIGH,
        "Set uniformBucketLevelAccess, publicAccessPrevention to enforced, and name every member.",
        ("CKV_GCP_28", "CKV_GCP_114", "CKV_GCP_29"),
        _closed,
    ),
    Rule(
        "DEP024",
        "Google Cloud buckets keep versions and access logs",
        Severity.MEDIUM,
        "Set versioning.enabled, and logging.logBucket to a bucket that Google may write logs to.",
        ("CKV_GCP_78", "CKV_GCP_62"),
        _kept,
    ),
)
