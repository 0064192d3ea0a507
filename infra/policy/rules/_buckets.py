"""What the rules about S3 buckets have in common: which resources make up one bucket.

The provider split a bucket into many resources (https://www.pulumi.com/registry/packages/aws/ s3);
older programs and states hold the same in the bucket itself, so rules look in both places.
"""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from infra.policy.model import Problem
from infra.policy.rules._links import linked, names_of
from infra.policy.rules._statements import Statement
from infra.policy.rules._values import text, unknown, value_at
from infra.resources import Program, Resource

__all__ = ["BUCKETS", "LOGGING", "both", "buckets", "judged", "log_targets", "parts", "within"]

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")


def both(name: str) -> tuple[str, str]:
    """Return the token of a part of a bucket, and that of its second version."""
    token = name[0].lower() + name[1:]
    return f"aws:s3/{token}:{name}", f"aws:s3/{token}V2:{name}V2"


_OUTPUT = re.compile(r"\$\{[^}]*\}")
_ARN = re.compile(r"\$\{aws:s3/bucket(?:V2)?:Bucket(?:V2)?::[^}]*\.arn\}")
LOGGING = both("BucketLogging")
_BALANCERS = tuple(
    f"aws:{module}/loadBalancer:LoadBalancer"
    for module in ("lb", "alb", "applicationloadbalancing", "elasticloadbalancingv2")
)


def buckets(program: Program) -> Iterator[Resource]:
    """Yield the buckets of a program."""
    yield from program.of_type(*BUCKETS)


def parts(program: Program, bucket: Resource, name: str) -> list[Resource]:
    """Return the resources of one kind, such as ``BucketVersioning``, that belong to a bucket."""
    return linked(program, bucket, both(name), by="bucket", names=("bucket",))


def judged(
    bucket: Resource,
    found: list[Resource],
    *,
    good: Callable[[Resource], bool],
    inline: bool,
    missing: str,
    wrong: str,
    at: str,
) -> Iterator[Problem]:
    """Yield a problem unless the bucket itself or one of its parts says what it should.

    Args:
        bucket: which.
        found: the parts in question.
        good: whether a part says it.
        inline: whether the bucket says it.
        missing: message if there is no such part; found at the bucket.
        wrong: message if there is one, but it says something else; found at the part.
        at: the part's property at fault.

    """
    if inline or any(good(each) for each in found):
        return
    if found:
        yield Problem(found[0], wrong, at)
    else:
        yield Problem(bucket, missing)


def within(statement: Statement, key: str) -> bool:
    """Return whether a statement is about an object, or may be as far as that is known.

    Args:
        statement: of a bucket's policy.
        key: of the object, with a slash before it; "" for the bucket itself.

    """
    return statement.unseen or any(
        pattern is None or fnmatchcase(key, pattern) for pattern in map(_keys, statement.resources)
    )


def _keys(resource: str) -> str | None:
    """Return the pattern of keys in an ARN, or in a text made from one; None if it is unknown."""
    if unknown(resource) and not _ARN.fullmatch(resource):
        return None
    # Everything up to the end of the name, which may itself be an output.
    name, slash, keys = _OUTPUT.sub("", resource).rpartition(":::")[2].partition("/")
    found = slash + keys if slash else "*" if name.endswith("*") else ""
    return found.replace("[", "[[]")


def log_targets(program: Program) -> frozenset[str]:
    """Return the URNs of the buckets that buckets or load balancers write their access logs to."""
    urns: set[str] = set()
    names: set[str] = set()
    for types, top, path in (
        (LOGGING, "targetBucket", "targetBucket"),
        (_BALANCERS, "accessLogs", "accessLogs.bucket"),
        (BUCKETS, "logging", "logging.targetBucket"),
        (BUCKETS, "loggings", "loggings.targetBucket"),
    ):
        for each in program.of_type(*types):
            urns.update(each.references.get(top, ()))
            names.add(text(value_at(each.inputs, path)))
    return frozenset(
        each.urn
        for each in buckets(program)
        if each.urn in urns or names_of(each, "bucket") & names
    )
