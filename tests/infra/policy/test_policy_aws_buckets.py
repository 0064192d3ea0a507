"""The edges of the policies on buckets of S3: what is just good enough, and what just is not."""

from typing import Any

import pytest

from infra.policy.model import Demands
from infra.resources import COMPUTED, Resource
from tests.infra.policy.resources_kit import found, policy, resource

BUCKET = "aws:s3/bucket:Bucket"
MODELS = resource(BUCKET, "models", bucket="models")
MUCH = Demands(object_lock=True, replication=True)


def part(name: str, /, **inputs: Any) -> Resource:
    token = name[0].lower() + name[1:]
    return resource(f"aws:s3/{token}:{name}", **{"bucket": "models", **inputs})


def plain(**fields: Any) -> str:
    given = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return policy(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 0),
        ({"Action": "*"}, 0),
        ({"Principal": {"AWS": ["*"]}}, 0),
        ({"Condition": {"BoolIfExists": {"AWS:securetransport": False}}}, 0),
        ({"Condition": COMPUTED}, 0),
        ({"Effect": "Allow"}, 1),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, 1),
        ({"Action": "s3:GetObject"}, 1),
        ({"Resource": "arn:aws:s3:::models"}, 1),
        ({"Condition": {}}, 1),
        ({"Condition": {"Bool": {"aws:SecureTransport": ["false", "true"]}}}, 1),
        ({"Resource": "arn:aws:s3:::models/*"}, 1),
        ({"Resource": "arn:aws:s3:::models*"}, 0),
        ({"Resource": "*"}, 0),
        ({"Resource": [COMPUTED]}, 0),
        ({"Resource": "${aws:s3/bucket:Bucket::models.arn}"}, 1),
        ({"Resource": "${aws:s3/bucket:Bucket::models.id}"}, 0),
        ({"Condition": {"StringEquals": {"aws:SecureTransport": "false"}}}, 1),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:x": "1"}}}, 1),
    ],
)
def test_tls(fields: dict[str, Any], count: int) -> None:
    assert len(found("DEP002", MODELS, part("BucketPolicy", policy=plain(**fields)))) == count
    inline = resource(BUCKET, "models", bucket="models", policy=plain(**fields))
    assert len(found("DEP002", inline)) == count


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 1),
        ({"Principal": {"AWS": "*"}}, 1),
        ({"Principal": {"Service": "logging.s3.amazonaws.com"}}, 0),
        ({"Effect": "Deny"}, 0),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, 0),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "*"}}}, 1),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-1", "*"]}}}, 1),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, 1),
        ({"Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, 1),
        ({"Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}}, 0),
        ({"Condition": {"StringLike": {"aws:Referer": "https://example.com/*"}}}, 1),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:*"}}}, 1),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:*"}}}, 0),
    ],
)
def test_anyone(fields: dict[str, Any], count: int) -> None:
    given = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    text = policy(**{**given, **fields})
    assert len(found("DEP003", MODELS, part("BucketPolicy", policy=text))) == count
    assert len(found("DEP003", resource(BUCKET, policy=text))) == count


def test_not_principal_is_everybody_else() -> None:
    text = policy(Effect="Allow", NotPrincipal={"AWS": "1"}, Action="s3:*", Resource="*")
    assert found("DEP003", MODELS, part("BucketPolicy", policy=text))


@pytest.mark.parametrize(
    ("name", "inputs", "rule", "count"),
    [
        ("BucketAcl", {"acl": "private"}, "DEP003", 0),
        ("BucketAcl", {"acl": "authenticated-read"}, "DEP003", 1),
        ("BucketObjectLockConfiguration", {}, "DEP005", 0),
        ("BucketObjectLockConfiguration", {"objectLockEnabled": "Disabled"}, "DEP005", 1),
        ("BucketVersioningV2", {"versioningConfiguration": {"status": "Enabled"}}, "DEP004", 0),
        ("BucketVersioning", {"versioningConfiguration": {"status": 5}}, "DEP004", 1),
        ("BucketReplicationConfig", {"rules": []}, "DEP010", 1),
        ("BucketReplicationConfig", {"rules": [{"status": "Enabled"}]}, "DEP010", 0),
    ],
)
def test_parts(name: str, inputs: dict[str, Any], rule: str, count: int) -> None:
    assert len(found(rule, MODELS, part(name, **inputs), demands=MUCH)) == count


def test_a_part_of_another_bucket_does_not_count() -> None:
    other = part("BucketVersioning", versioningConfiguration={"status": "Enabled"}, bucket="other")
    assert found("DEP004", MODELS, other)


ABORT = {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ({"status": "Enabled", **ABORT}, 0),
        ({"status": "Enabled", "filter": {"prefix": ""}, **ABORT}, 0),
        ({"status": "Disabled", **ABORT}, 1),
        ({"status": "Enabled", "prefix": "a/", **ABORT}, 1),
        ({"status": "Enabled", "filter": {"and": {"prefix": "a/"}}, **ABORT}, 1),
        ({"status": "Enabled", "filter": {"tag": {"key": "a", "value": "b"}}, **ABORT}, 1),
        ({"status": "Enabled", "filter": {"objectSizeGreaterThan": 5}, **ABORT}, 1),
        ({"status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 0}}, 1),
    ],
)
def test_uploads(rule: dict[str, Any], count: int) -> None:
    assert len(found("DEP009", MODELS, part("BucketLifecycleConfiguration", rules=[rule]))) == count


def test_inline_lifecycle() -> None:
    rule = {"enabled": True, "abortIncompleteMultipartUploadDays": 7}
    assert not found("DEP009", resource(BUCKET, lifecycleRules=[rule]))
    assert found("DEP009", resource(BUCKET, lifecycleRules=[{**rule, "enabled": False}]))


@pytest.mark.parametrize(
    "user",
    [
        part("BucketLogging", bucket="other", targetBucket="models"),
        resource("aws:lb/loadBalancer:LoadBalancer", accessLogs={"bucket": "models"}),
        resource(BUCKET, "other", logging={"targetBucket": "models"}),
    ],
)
def test_a_bucket_of_logs_is_spared_what_it_cannot_do(user: Resource) -> None:
    rules = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    plain_key = part("BucketServerSideEncryptionConfiguration", rules=rules)
    for rule in ("DEP005", "DEP006", "DEP008", "DEP010"):
        about = {each.resource.name for each in found(rule, MODELS, plain_key, user, demands=MUCH)}
        assert about <= {"it", "other"} - ({"it"} if rule == "DEP006" else set()), rule
        if rule != "DEP008":
            assert found(rule, MODELS, plain_key, demands=MUCH)
