"""Who reaches a bucket of S3, and how: DEP001, DEP002, DEP003 and DEP007."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._buckets import buckets, judged, parts, within
from infra.policy.rules._statements import Statement, anyone, scoped, statements, without_tls
from infra.policy.rules._values import (
    holds,
    is_true,
    listed,
    mapping,
    text,
    unknown,
    value_at,
)
from infra.resources import Program, Resource

__all__ = ["RULES", "policies"]

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
_PUBLIC_GROUPS = ("/global/AllUsers", "/global/AuthenticatedUsers")


def _blocked(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in buckets(program):
        blocks = parts(program, bucket, "BucketPublicAccessBlock")
        if not blocks:
            yield Problem(bucket, "nothing keeps public access from this bucket")
        for block in blocks:
            for name in _BLOCKS:
                if not is_true(block.inputs.get(name)):
                    yield Problem(
                        block, f"{name} is not on, so the bucket may be made public", name
                    )


def policies(program: Program, bucket: Resource) -> list[tuple[Resource, object]]:
    """Return the policies of a bucket, each with the resource that holds it."""
    found = [(each, each.inputs.get("policy")) for each in parts(program, bucket, "BucketPolicy")]
    if "policy" in bucket.inputs:
        found.append((bucket, bucket.inputs["policy"]))
    return found


def _tls_only(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in buckets(program):
        found = policies(program, bucket)
        if any(
            unknown(policy) or any(_refuses_plain(each) for each in statements(policy))
            for _, policy in found
        ):
            continue
        if found:
            yield Problem(found[0][0], "the policy does not refuse requests without TLS", "policy")
        else:
            yield Problem(bucket, "no policy refuses requests without TLS")


def _refuses_plain(statement: Statement) -> bool:
    if statement.allow or not (anyone(statement) or ("unknown", "") in statement.principals):
        return False
    everything = any(each.lower() in {"*", "s3:*"} for each in statement.actions)
    both = within(statement, "") and within(statement, "/a")
    return everything and both and without_tls(statement)


def _no_anyone(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in buckets(program):
        for owner in (bucket, *parts(program, bucket, "BucketAcl")):
            yield from _public_acl(owner)
    for policy in program.of_type("aws:s3/bucketPolicy:BucketPolicy"):
        yield from _open_policy(policy)
    for bucket in buckets(program):
        yield from _open_policy(bucket)


def _open_policy(resource: Resource) -> Iterator[Problem]:
    for each in statements(resource.inputs.get("policy")):
        if each.allow and anyone(each) and not scoped(each):
            yield Problem(resource, "the policy allows something to everybody", each.path)


def _public_acl(resource: Resource) -> Iterator[Problem]:
    if text(resource.inputs.get("acl")) in _PUBLIC_ACLS:
        yield Problem(resource, f"the ACL is {resource.inputs['acl']}", "acl")
    for path in ("accessControlPolicy.grants", "grants"):
        for grant in listed(value_at(resource.inputs, path)):
            uri = text(value_at(grant, "grantee.uri")) or text(mapping(grant).get("uri"))
            if uri.endswith(_PUBLIC_GROUPS):
                yield Problem(resource, "the ACL grants something to everybody", path)


def _no_acls(program: Program, demands: Demands) -> Iterator[Problem]:
    for bucket in buckets(program):
        yield from judged(
            bucket,
            parts(program, bucket, "BucketOwnershipControls"),
            good=lambda each: holds(
                value_at(each.inputs, "rule.objectOwnership"), "BucketOwnerEnforced".__eq__
            ),
            inline=False,
            missing="nothing says that ACLs are off",
            wrong="ACLs are not off: objects can belong to, and be opened by, other accounts",
            at="rule.objectOwnership",
        )


RULES = (
    Rule(
        "DEP001",
        "Buckets block public access",
        Severity.HIGH,
        "Add a BucketPublicAccessBlock with all four settings on.",
        ("CKV2_AWS_6", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "S3.1"),
        _blocked,
    ),
    Rule(
        "DEP002",
        "Buckets refuse requests without TLS",
        Severity.HIGH,
        "Deny s3:* to everybody on the bucket and its objects where aws:SecureTransport is false.",
        ("CKV_AWS_379", "S3.5"),
        _tls_only,
    ),
    Rule(
        "DEP003",
        "Buckets are open to nobody unnamed",
        Severity.CRITICAL,
        "Name the principals, or hold the statement to an organisation, account or VPC endpoint.",
        ("CKV_AWS_70", "CKV_AWS_20", "CKV_AWS_57"),
        _no_anyone,
    ),
    Rule(
        "DEP007",
        "Buckets have ACLs switched off",
        Severity.MEDIUM,
        "Add BucketOwnershipControls with objectOwnership BucketOwnerEnforced.",
        ("CKV2_AWS_65",),
        _no_acls,
    ),
)
