"""The edges of the policies on AWS after the designed ones: what is just good enough, and what is not."""

from typing import Any

import pytest

from infra.policy.model import Demands
from infra.resources import COMPUTED, Resource
from tests.infra.policy.resources_kit import found, policy, resource

LATER = dict(COMPUTED)
TOPIC = "aws:sns/topicPolicy:TopicPolicy"
BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:kms/key:Key"
ROLE = "aws:iam/role:Role"
RIGHTS = "aws:iam/rolePolicy:RolePolicy"
PERMISSION = "aws:lambda/permission:Permission"
FUNCTION = "aws:lambda/function:Function"
MINE = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


def rules(*resources: Resource, demands: Demands | None = None) -> str:
    asked = demands or Demands()
    later = [f"DEP{number:03}" for number in range(37, 60)]
    return " ".join(each for each in later if found(each, *resources, demands=asked))


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, ""),
        ({"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {}}, ""),
        ({"Action": "sns:*"}, "DEP037"),
        ({"Action": None, "NotAction": "sns:Publish"}, "DEP037"),
        ({"Action": ["sns:Publish", "*"]}, "DEP037"),
        ({"Action": "sns:Pub*"}, ""),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sns:*"}, ""),
        ({"Principal": LATER, "Action": "*", "Condition": {}}, ""),
        ({"Principal": "*"}, "DEP039"),
        ({"Principal": "*", "Condition": {}}, "DEP038"),
        ({"Principal": {"AWS": ["arn:aws:iam::1:role/a", "*"]}, "Condition": {}}, "DEP038"),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:Referer": "a"}}}, "DEP038"),
        ({"Principal": "*", "Condition": LATER}, ""),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, ""),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceOwner": "1"}}}, "DEP039"),
        ({"Condition": {}}, "DEP039"),
        ({"Condition": LATER}, ""),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:1:alarm:*"}}}, ""),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "*"}}}, "DEP039"),
        ({"Condition": {"StringNotEquals": {"aws:SourceAccount": "1"}}}, "DEP039"),
        ({"Resource": "*"}, "DEP040"),
        ({"Resource": LATER}, ""),
    ],
)
def test_policies_of_topics(fields: dict[str, Any], wanted: str) -> None:
    given = {
        "Effect": "Allow",
        "Principal": CLOUDWATCH,
        "Action": "sns:Publish",
        "Resource": "arn:aws:sns:eu-central-1:123456789012:alarms",
        "Condition": MINE,
    }
    text = policy(**{key: each for key, each in {**given, **fields}.items() if each is not None})
    assert rules(resource(TOPIC, arn="a", policy=text)) == wanted
    assert rules(resource(TOPIC, arn="a", policy=LATER)) == ""


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ({"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:a:1:log-group:*"}}, 0),
        ({"StringEquals": {"kms:ViaService": "sns.eu-central-1.amazonaws.com"}}, 0),
        ({"Bool": {"kms:GrantIsForAWSResource": "true"}}, 1),
    ],
)
def test_what_holds_a_service_to_its_use_of_a_key(condition: Any, count: int) -> None:
    fields = {"Principal": CLOUDWATCH, "Action": "kms:Decrypt", "Resource": "*"}
    text = policy(Effect="Allow", Condition=condition, **fields)
    assert len(found("DEP039", resource(KEY, policy=text))) == count


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("arn:aws:s3:::logs/alb/AWSLogs/123456789012/*", 0),
        ("${aws:s3/bucket:Bucket::logs.arn}/AWSLogs/${aws:x:Y::me.accountId}/*", 0),
        ("arn:aws:s3:::logs/AWSLogs/*", 1),
        (["arn:aws:s3:::logs/AWSLogs/123456789012/*", "arn:aws:s3:::logs/*"], 1),
        ("arn:aws:s3:::logs/*", 1),
    ],
)
def test_a_folder_of_one_account_is_enough_for_a_service(where: Any, count: int) -> None:
    service = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    text = policy(Effect="Allow", Principal=service, Action="s3:PutObject", Resource=where)
    assert len(found("DEP039", resource(BUCKET, policy=text))) == count


@pytest.mark.parametrize(
    ("service", "condition", "count"),
    [
        ("lambda.amazonaws.com", {}, 0),
        ("ecs-tasks.amazonaws.com", {}, 1),
        ("ecs-tasks.amazonaws.com", MINE, 0),
        ("scheduler.amazonaws.com", {"StringEquals": {"sts:ExternalId": "a"}}, 1),
    ],
)
def test_which_roles_must_be_held(service: str, condition: Any, count: int) -> None:
    fields = {"Principal": {"Service": service}, "Action": "sts:AssumeRole", "Condition": condition}
    text = policy(Effect="Allow", **fields)
    assert len(found("DEP039", resource(ROLE, assumeRolePolicy=text))) == count


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({"principal": "events.amazonaws.com"}, "DEP039"),
        ({"principal": "events.amazonaws.com", "sourceAccount": "123456789012"}, ""),
        ({"principal": "events.amazonaws.com", "sourceArn": LATER}, ""),
        ({"principal": "123456789012"}, ""),
        ({"principal": LATER}, ""),
        ({"principal": "*"}, "DEP038"),
        ({"principal": "*", "functionUrlAuthType": "AWS_IAM"}, ""),
    ],
)
def test_who_may_call_a_function(inputs: dict[str, Any], wanted: str) -> None:
    assert rules(resource(PERMISSION, function="f", **inputs)) == wanted


VIA = {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}
ONE = "arn:aws:kms:eu-central-1:123456789012:key/1"


@pytest.mark.parametrize(
    ("actions", "where", "condition", "wanted"),
    [
        ("kms:Decrypt", "*", {}, "DEP041"),
        ("kms:Decrypt", "*", VIA, "DEP041"),
        ("kms:Decrypt", "*", {"StringEquals": {"aws:ResourceTag/model": "penguins"}}, ""),
        ("kms:Decrypt", ONE, {}, ""),
        ("kms:Decrypt", [ONE, "*"], {}, "DEP041"),
        ("kms:Encrypt", "*", {}, ""),
        (["kms:Decrypt", "s3:GetObject"], ONE, {}, "DEP042"),
        (["kms:Decrypt", "s3:Get*"], ONE, {}, "DEP042"),
        (["kms:Decrypt", "s3:GetObject"], ONE, VIA, ""),
        (["kms:Decrypt", "s3:GetObject"], ONE, LATER, ""),
        (["kms:Decrypt", "s3:PutObject"], ONE, {}, ""),
        ("kms:ReEncrypt*", "arn:aws:kms:*:123456789012:*", {}, "DEP041"),
        ("kms:Decrypt*", "*", {}, "DEP041"),
        ("KMS:De*", "*", {}, "DEP041"),
        ("kms:D?crypt", "*", {}, "DEP041"),
        ("kms:[d]ecrypt", "*", {}, ""),
        ("kms:Des*", "*", {}, ""),
        (["kms:*", "s3:GetObject"], ONE, {}, "DEP042"),
    ],
)
def test_rights_to_decrypt(actions: Any, where: Any, condition: Any, wanted: str) -> None:
    text = policy(Effect="Allow", Action=actions, Resource=where, Condition=condition)
    assert rules(resource(RIGHTS, policy=text)) == wanted


OURS: dict[str, Any] = {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:a:1:key/1"}
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


@pytest.mark.parametrize(
    ("type_", "inputs", "path"),
    [
        ("aws:ecr/repository:Repository", {}, "encryptionConfigurations"),
        ("aws:ecr/repository:Repository", {"encryptionConfigurations": [OURS]}, ""),
        ("aws:ecr/repository:Repository", {"encryptionConfigurations": LATER}, ""),
        (
            "aws:ecr/repository:Repository",
            {"encryptionConfigurations": [OURS | {"encryptionType": "AES256"}]},
            "encryptionConfigurations[0].encryptionType",
        ),
        (
            "aws:ecr/repository:Repository",
            {"encryptionConfigurations": [{"encryptionType": "KMS_DSSE"}]},
            "encryptionConfigurations[0].kmsKey",
        ),
        ("aws:sns/topic:Topic", {"kmsMasterKeyId": LATER}, ""),
        ("aws:sns/topic:Topic", {"kmsMasterKeyId": "alias/aws/sns"}, "kmsMasterKeyId"),
        ("aws:sns/topic:Topic", {"kmsMasterKeyId": "alias/mine"}, ""),
        ("aws:secretsmanager/secret:Secret", {"kmsKeyId": ""}, "kmsKeyId"),
        (FUNCTION, {}, ""),
        (FUNCTION, {"environment": {"variables": {}}}, ""),
        (FUNCTION, {"environment": {"variables": {"A": "b"}}}, "kmsKeyArn"),
        (FUNCTION, {"environment": {"variables": LATER}}, ""),
        (FUNCTION, {"environment": {"variables": {"A": "b"}}, "kmsKeyArn": LATER}, ""),
        (
            ENCRYPTION,
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
            "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
        ),
        # Not with a key of KMS at all: that is for DEP006 to say.
        (
            ENCRYPTION,
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
            "",
        ),
    ],
)
def test_whose_key(type_: str, inputs: dict[str, Any], path: str) -> None:
    assert [each.property for each in found("DEP043", resource(type_, **inputs))] == [path][
        : bool(path)
    ]


@pytest.mark.parametrize(
    ("type_", "inputs", "count"),
    [
        (BUCKET, {"forceDestroy": "true"}, 1),
        (BUCKET, {"forceDestroy": LATER}, 0),
        (BUCKET, {"forceDestroy": "false"}, 0),
        (BUCKET, {"forceDestroy": False}, 0),
        ("aws:backup/vault:Vault", {"forceDestroy": True}, 1),
        ("aws:secretsmanager/secret:Secret", {"recoveryWindowInDays": "0"}, 1),
        ("aws:secretsmanager/secret:Secret", {"recoveryWindowInDays": LATER}, 0),
    ],
)
def test_what_is_deleted_with_what_it_holds(type_: str, inputs: dict[str, Any], count: int) -> None:
    assert len(found("DEP045", resource(type_, **inputs))) == count


def test_guards_are_kept_as_the_bucket_is() -> None:
    part = "aws:s3/bucketVersioning:BucketVersioning"
    for kept in ({"protect": True}, {"retain": True}):
        bucket = Resource(urn="b", type=BUCKET, name="b", inputs={"bucket": "b"}, **kept)  # type: ignore[arg-type] # of both fields
        loose = Resource(urn="v", type=part, name="v", inputs={"bucket": "b"})
        tight = Resource(urn="v", type=part, name="v", inputs={"bucket": "b"}, retain=True)
        assert [each.resource for each in found("DEP046", bucket, loose)] == [loose]
        assert not found("DEP046", bucket, tight)
    assert not found("DEP046", resource(BUCKET, bucket="b"), loose)
