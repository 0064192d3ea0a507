"""The edges of the policies on AWS that look at several resources, or at what runs and what is seen."""

import json
from typing import Any

import pytest

from infra.policy.model import Demands
from infra.resources import COMPUTED
from tests.infra.policy.resources_kit import found, made_from, policy, resource

LATER = dict(COMPUTED)
BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
STAGE = "aws:apigatewayv2/stage:Stage"


TOLD = resource(FUNCTION, environment={"variables": {"DEPLOYER_CLOUDS_AWS_URL": "s3://models/a"}})
NULL: dict[str, Any] = {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}}
ROOTS = ("blobs", "diverged", "epochs", "manifests", "models")
EVERY = [f"arn:aws:s3:::models/a/{each}/*" for each in ROOTS]


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 0),
        ({"Resource": "arn:aws:s3:::models/*"}, 0),
        ({"Resource": "arn:aws:s3:::models/a/*"}, 0),
        ({"Resource": ["${aws:s3/bucket:Bucket::models.arn}", *EVERY]}, 0),
        ({"Resource": ["${aws:s3/bucket:Bucket::models.arn}"]}, 1),
        ({"Resource": [LATER]}, 0),
        ({"Resource": ["arn:aws:s3:::models/b/*", LATER]}, 0),
        ({"Resource": EVERY[:4]}, 1),
        ({"Resource": [each.replace("/a/", "/") for each in EVERY]}, 1),
        ({"Action": "s3:PutObjectTagging"}, 1),
        ({"Action": "s3:*"}, 0),
        ({"Action": ["s3:DeleteObject", "s3:PutObject"]}, 0),
        ({"Effect": "Allow"}, 1),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/a"}}, 1),
        ({"Principal": {"AWS": LATER}}, 0),
        ({"Condition": {}}, 1),
        ({"Condition": LATER}, 0),
        ({"Condition": {"Null": {"s3:if-match": "true"}}}, 1),
        ({"Condition": {"Null": {"s3:if-none-match": "true"}}}, 0),
        ({"Condition": {"Null": {"s3:if-none-match": "false"}}}, 1),
        ({"Condition": {**NULL, "Bool": {"s3:ObjectCreationOperation": "true"}}}, 0),
        ({"Condition": {**NULL, "Bool": {"s3:ObjectCreationOperation": "false"}}}, 1),
        ({"Condition": {**NULL, "StringEquals": {"aws:PrincipalAccount": "1"}}}, 1),
    ],
)
def test_blind_writes(fields: dict[str, Any], count: int) -> None:
    given = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": EVERY}
    text = policy(**{**given, "Condition": NULL, **fields})
    bucket = resource(BUCKET, "models", bucket="models", policy=text)
    assert len(found("DEP047", TOLD, bucket)) == count
    assert not found("DEP047", bucket)
    assert not found("DEP047", TOLD, resource(BUCKET, bucket=LATER))
    assert not found("DEP047", TOLD, resource(BUCKET, bucket="models", policy=LATER))


def test_topics_and_queues_refuse_plain_messages() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Resource": "*"}
    plain = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    good = policy(**deny, Action=["SNS:Publish", "sns:Subscribe"], **plain)
    topic = resource("aws:sns/topic:Topic", "topic")
    assert [each.resource for each in found("DEP044", topic)] == [topic]
    for inline in (good, LATER):
        assert not found("DEP044", resource("aws:sns/topic:Topic", policy=inline))
    type_ = "aws:sns/topicPolicy:TopicPolicy"
    assert not found("DEP044", topic, made_from(topic, type_, arn=LATER, policy=good))
    for bad in (
        policy(**deny, Action="sns:Subscribe", **plain),
        policy(**deny, Action="sns:Publish"),
        policy(**{**deny, "Principal": {"AWS": "1"}}, Action="sns:Publish", **plain),
    ):
        wrong = resource(type_, "policy", arn=LATER, policy=bad)
        assert [each.resource for each in found("DEP044", topic, wrong)] == [wrong]


def test_who_makes_a_log_group() -> None:
    function = resource(FUNCTION, "f", name="f")
    assert found("DEP049", function)
    assert found("DEP049", function, resource(GROUP, name="/aws/lambda/g"))
    assert not found("DEP049", function, resource(GROUP, name="/aws/lambda/f"))
    assert not found("DEP049", function, resource(GROUP, name=LATER))
    assert not found("DEP049", function, made_from(function, GROUP, name=LATER))
    assert found("DEP049", function, made_from(resource(FUNCTION, "g"), GROUP, name=LATER))
    assert not found(
        "DEP049", resource(FUNCTION, name=LATER), resource(GROUP, name="/aws/lambda/g")
    )
    for config in (LATER, {"logGroup": LATER}, {"logGroup": "mine"}):
        assert not found("DEP049", resource(FUNCTION, loggingConfig=config))


@pytest.mark.parametrize(
    ("inputs", "properties"),
    [
        ({}, ["alarmActions"]),
        ({"okActions": ["a"]}, ["alarmActions"]),
        ({"alarmActions": []}, ["alarmActions"]),
        ({"alarmActions": LATER}, []),
        ({"alarmActions": ["a"], "actionsEnabled": False}, ["actionsEnabled"]),
        ({"alarmActions": ["a"], "actionsEnabled": LATER}, []),
        ({"insufficientDataActions": ["a"]}, []),
    ],
)
def test_alarms(inputs: dict[str, Any], properties: list[str]) -> None:
    alarm = resource("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", **inputs)
    assert [each.property for each in found("DEP050", alarm)] == properties


def test_a_part_of_another_alarm_is_told_by_that() -> None:
    alarm = resource("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm")
    type_ = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
    whole = made_from(alarm, type_, alarmRule=LATER, alarmActions=["a"])
    assert found("DEP050", alarm)
    assert not found("DEP050", alarm, whole)


def test_limits() -> None:
    function = resource(FUNCTION, "f")
    authorizer = "aws:apigatewayv2/authorizer:Authorizer"
    assert found("DEP051", function)
    assert not found("DEP051", function, made_from(function, authorizer, authorizerUri=LATER))
    for limit, count in ((0, 0), (10, 0), ("10", 0), (LATER, 0), (-1, 1), ("x", 0)):
        got = found("DEP051", resource(FUNCTION, reservedConcurrentExecutions=limit))
        assert len(got) == count, limit
    assert not found("DEP051", resource(STAGE, defaultRouteSettings=LATER))
    each_route = {"throttlingBurstLimit": 1, "throttlingRateLimit": 0.5}
    for routes, count in (([each_route], 0), (LATER, 0), ([each_route, {}], 2), ([], 2)):
        assert len(found("DEP051", resource(STAGE, routeSettings=routes))) == count
    both = {"throttlingBurstLimit": 0, "throttlingRateLimit": 5}
    paths = [each.property for each in found("DEP051", resource(STAGE, defaultRouteSettings=both))]
    assert paths == ["defaultRouteSettings.throttlingBurstLimit"]


@pytest.mark.parametrize("url", ["s3://[", "gs://models", "models", ""])
def test_what_is_no_registry_of_s3(url: str) -> None:
    told = resource(FUNCTION, environment={"variables": {"DEPLOYER_CLOUDS_AWS_URL": url}})
    assert not found("DEP047", told, resource(BUCKET, bucket="models"))


def test_what_ends() -> None:
    life = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    bucket = resource(BUCKET, "b", bucket="b", versioning={"enabled": True})
    old = {"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 90}}
    assert found("DEP052", bucket)
    assert not found("DEP052", resource(BUCKET, bucket="b"))
    inlined = {"noncurrentVersionExpiration": {"days": 90}}
    for enabled, count in ((True, 0), ("true", 0), ("false", 1)):
        inline = [{**inlined, "enabled": enabled}]
        versioned = resource(BUCKET, versioning={"enabled": True}, lifecycleRules=inline)
        assert len(found("DEP052", versioned)) == count
    for rule, count in ((old, 0), ({**old, "status": "Disabled"}, 1), ({"status": "Enabled"}, 1)):
        assert len(found("DEP052", bucket, resource(life, bucket="b", rules=[rule]))) == count
    for rules in (LATER, [LATER]):
        assert not found("DEP052", bucket, resource(life, bucket="b", rules=rules))
    logging = resource("aws:s3/bucketLogging:BucketLogging", bucket="c", targetBucket="b")
    ends = resource(life, "l", bucket="b", rules=[old | {"expiration": {"days": 365}}])
    assert not found("DEP052", bucket, logging, ends)
    assert len(found("DEP052", bucket, logging, resource(life, bucket="b", rules=[old]))) == 1


@pytest.mark.parametrize(
    ("user", "count"),
    [("0", 1), ("root", 1), ("0:1000", 1), ("00", 1), ("", 1), ("1000", 0), ("app", 0), (LATER, 0)],
)
def test_who_a_container_runs_as(user: Any, count: int) -> None:
    text = json.dumps([{"name": "a", "user": user}])
    problems = found("DEP053", resource(TASK, containerDefinitions=text))
    assert [each.property for each in problems] == ["containerDefinitions[0].user"] * count
    assert all("runs as root" in each.message for each in problems)
    system = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    windows = resource(TASK, containerDefinitions=text, runtimePlatform=system)
    assert not found("DEP053", windows)


def test_what_is_unknown_of_a_task_is_granted() -> None:
    for text in (LATER, "{", json.dumps([LATER])):
        for rule in ("DEP048", "DEP053", "DEP054"):
            assert not found(rule, resource(TASK, containerDefinitions=text))
    some = json.dumps([{"linuxParameters": {"capabilities": {"drop": ["NET_RAW"]}}}])
    assert found("DEP054", resource(TASK, containerDefinitions=some))
    for shell in (LATER, "false", False):
        assert not found("DEP053", resource(SERVICE, enableExecuteCommand=shell))


def test_evidence_of_stages_and_clusters() -> None:
    cluster = "aws:ecs/cluster:Cluster"
    assert not found("DEP048", resource(STAGE, accessLogSettings=LATER))
    assert len(found("DEP048", resource(STAGE, accessLogSettings={"format": "a"}))) == 1
    for settings, count in (
        (LATER, 0),
        ([LATER], 0),
        ([{"name": "containerInsights", "value": LATER}], 0),
        ([{"name": "other", "value": "enabled"}], 1),
        ([], 1),
    ):
        assert len(found("DEP048", resource(cluster, settings=settings))) == count
    assert found("DEP048", resource(SERVICE, propagateTags="NONE"))
    assert not found("DEP048", resource(SERVICE), demands=Demands(tags=()))
