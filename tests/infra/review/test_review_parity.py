"""How clouds differ, and what of it nobody meant."""

import pytest

from infra.resources import Resource
from infra.review.facts import FACTS, mebibytes, seconds
from infra.review.parity import PARITY_RULES, facts_of, jurisdiction, parity
from tests.infra.review.review_programs_kit import aws, azure, config, gcp, program, resource

FACTS_BY_RULE = {kind.rule: name for name, kind in FACTS.items() if kind.rule}


def test_the_same_endpoint_on_three_clouds_does_not_differ() -> None:
    found = parity([aws(), gcp(), azure()])
    rows = {row.name: row for row in found.rows}
    assert {name for name, row in rows.items() if row.differs} == {
        "region",
        "compute",
        "concurrency",  # a function answers one request at a time
        "cpu",  # follows from its memory
    }
    assert found.findings == ()
    assert rows["encryption"].values == dict.fromkeys(("aws", "gcp", "azure"), "customer key")
    assert rows["jurisdiction"].values == dict.fromkeys(("aws", "gcp", "azure"), "EU (DE)")
    assert rows["memory"].values == dict.fromkeys(("aws", "gcp", "azure"), 2048)
    assert rows["timeout"].values == {"aws": 30, "gcp": 30}


def test_another_timeout_is_found_with_the_line_that_sets_it() -> None:
    found = parity([aws(timeout=60), gcp()])
    (finding,) = [each for each in found.findings if each.rule == FACTS["timeout"].rule]
    assert finding.message == "timeout, s: aws 60, gcp 30"
    assert str(finding.place) == "main.py:2"  # of two, the later
    assert finding.severity == "medium"
    assert "[infra]" in finding.mend


def test_the_cloud_that_stands_alone_is_pointed_at() -> None:
    found = parity([aws(), gcp(), azure(allowInsecure=True)])
    (finding,) = [each for each in found.findings if each.rule == FACTS["tls"].rule]
    assert (finding.name, finding.severity) == ("server", "high")
    assert str(finding.place) == "main.py:3"


def test_what_the_configuration_asks_for_is_meant() -> None:
    programs = [aws(timeout=60), gcp()]
    configs = {"aws": config("aws", timeout=60), "gcp": config("gcp", timeout=30)}
    rows = {row.name: row for row in parity(programs, configs).rows}
    assert rows["timeout"].intended
    assert not [e for e in parity(programs, configs).findings if e.rule == FACTS["timeout"].rule]
    # The same difference of the programs, but not of the configuration.
    same = {"aws": config("aws"), "gcp": config("gcp")}
    assert [e for e in parity(programs, same).findings if e.rule == FACTS["timeout"].rule]


def test_a_bucket_of_access_logs_is_not_the_store() -> None:
    rules = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    logs = resource("aws:s3/bucket:Bucket", "logs")
    models = resource("aws:s3/bucket:Bucket", "models")

    def encrypted(bucket: Resource, algorithm: str) -> Resource:
        return resource(
            rules,
            bucket.name,
            rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}],
            references={"bucket": (bucket.urn,)},
        )

    logging = resource(
        "aws:s3/bucketLogging:BucketLogging",
        "l",
        references={"bucket": (models.urn,), "targetBucket": (logs.urn,)},
    )
    one = program(
        logs, models, encrypted(logs, "AES256"), encrypted(models, "aws:kms"), logging, cloud="aws"
    )
    assert facts_of(one)["encryption"].value == "customer key"
    other = program(
        resource("gcp:storage/bucket:Bucket", "logs"),
        resource(
            "gcp:storage/bucket:Bucket",
            "models",
            references={
                "encryption": ("urn:key",),
                "logging": ("urn:pulumi:review::deployer::gcp:storage/bucket:Bucket::logs",),
            },
        ),
        cloud="gcp",
    )
    assert facts_of(other)["encryption"].value == "customer key"


def test_another_model_is_severe() -> None:
    other = program(cloud="gcp", region="europe-west3", digest="cd" * 32)
    found = parity([program(cloud="aws", region="eu-central-1", digest="ab" * 32), other])
    assert [each.severity for each in found.findings] == ["high"]


def test_one_cloud_has_nothing_to_be_compared_with() -> None:
    assert parity([aws()]).rows == ()


def test_fargate_has_the_same_facts() -> None:
    image = f"r.example/x@sha256:{'ef' * 32}"
    facts = facts_of(
        program(
            resource(
                "aws:ecs/taskDefinition:TaskDefinition",
                "task",
                cpu="1024",
                memory="2048",
                containerDefinitions=f'[{{"image": "{image}"}}]',
            ),
            resource("aws:ecs/service:Service", "service", desiredCount=2),
            resource("aws:appautoscaling/target:Target", "scale", minCapacity=1, maxCapacity=7),
            resource("aws:lb/loadBalancer:LoadBalancer", "lb", internal=False, idleTimeout=30),
            resource(
                "aws:lb/listener:Listener", "https", sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06"
            ),
            resource("aws:lb/targetGroup:TargetGroup", "t", healthCheck={"path": "/ready"}),
            cloud="aws",
        )
    )
    assert {name: fact.value for name, fact in facts.items()} == {
        "compute": "Fargate",
        "cpu": 1.0,
        "memory": 2048.0,
        "image": f"sha256:{'ef' * 32}",
        "min_instances": 1.0,
        "max_instances": 7.0,
        "timeout": 30.0,
        "health_path": "/ready",
        "exposure": "internet",
        "tls": "1.2",
    }


@pytest.mark.parametrize(
    ("region", "told"),
    [
        ("eu-central-1", "EU (DE)"),
        ("europe-west3", "EU (DE)"),
        ("eu", "EU"),
        ("us-east-1", "US"),
        ("eu-west-2", "GB"),
        ("nowhere-1", ""),
    ],
)
def test_where_a_region_is(region: str, told: str) -> None:
    assert jurisdiction(region) == told


def test_units_are_read_as_clouds_write_them() -> None:
    assert (seconds("30s"), seconds("1.5s"), seconds(30), seconds("soon")) == (30, 1.5, 30, None)
    assert (mebibytes("2Gi"), mebibytes("512Mi"), mebibytes(True)) == (2048, 512, None)


def test_ids_of_rules_are_each_of_one_fact() -> None:
    assert len(PARITY_RULES) == len(FACTS_BY_RULE)
    # They stand in people's settings: a new fact gets a new one, and none is given again.
    assert FACTS["digest"].rule == "PAR001"
    assert FACTS["log_days"].rule == "PAR013"
