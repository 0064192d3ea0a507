"""What keeps data in AWS from being lost with the stack: DEP045 and DEP046."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._buckets import BUCKETS, buckets, parts
from infra.policy.rules._values import is_true, number, unknown
from infra.resources import Program, Resource

__all__ = ["RULES"]

_FORCED = {
    **dict.fromkeys(BUCKETS, "forceDestroy"),
    "aws:backup/vault:Vault": "forceDestroy",
    "aws:ecr/repository:Repository": "forceDelete",
    "aws:s3/directoryBucket:DirectoryBucket": "forceDestroy",
}
_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type token
_GUARDS = (
    "BucketLifecycleConfiguration",
    "BucketLogging",
    "BucketObjectLockConfiguration",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration",
    "BucketVersioning",
)


def _not_forced(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource in program:
        path = _FORCED.get(resource.type, "")
        forced = resource.inputs.get(path) if path else None
        if forced is not None and not unknown(forced) and is_true(forced):
            yield Problem(resource, "it is deleted with everything in it", path)
        if resource.type == _SECRET and number(resource.inputs.get("recoveryWindowInDays")) == 0:
            yield Problem(
                resource, "a secret that is deleted cannot be brought back", "recoveryWindowInDays"
            )


def _guarded(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in buckets(program):
        if not _kept(bucket):
            continue
        for name in _GUARDS:
            for each in parts(program, bucket, name):
                if not _kept(each):
                    yield Problem(
                        each,
                        "a destroy leaves the bucket, which is protected, and takes this from it",
                        "protect",
                    )


def _kept(resource: Resource) -> bool:
    return resource.protect or resource.retain


RULES = (
    Rule(
        "DEP045",
        "Nothing is deleted with what it holds",
        Severity.MEDIUM,
        "Leave out forceDestroy and forceDelete; let a secret be brought back for 7 days or more.",
        (),
        _not_forced,
    ),
    Rule(
        "DEP046",
        "What guards a protected bucket is protected with it",
        Severity.LOW,
        "Give its policy, its encryption and the like the same options: protect=True, or "
        "retain_on_delete=True.",
        (),
        _guarded,
    ),
)
