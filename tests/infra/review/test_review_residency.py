"""Where everything would be."""

from infra.review.residency_findings import residency
from tests.infra.review.review_programs_kit import aws, program, resource


def test_resources_are_where_the_provider_is_unless_they_say_otherwise() -> None:
    one = program(
        resource("aws:s3/bucket:Bucket", "here"),
        resource("aws:s3/bucket:Bucket", "there", 9, region="us-east-1"),
        resource("aws:iam/role:Role", "role"),
        resource("own:index:Group", "g", component=True),
        cloud="aws",
        region="eu-central-1",
    )
    rows, findings = residency([one], {"aws": ("eu",)})
    assert [(each.region, each.resources, each.allowed) for each in rows] == [
        ("eu-central-1", 1, True),
        ("us-east-1", 1, False),
        ("global", 1, None),
    ]
    (finding,) = findings
    assert finding.message == "there would be in us-east-1 (us); the model is bound to eu"
    assert (finding.severity, finding.property, str(finding.place)) == (
        "high",
        "region",
        "main.py:9",
    )


def test_copies_are_told_too() -> None:
    one = program(
        resource("aws:secretsmanager/secret:Secret", "s", replicas=[{"region": "us-west-2"}]),
        resource("azure-native:storage:StorageAccount", "a", location="West Europe"),
        cloud="aws",
        region="eu-central-1",
    )
    rows, _ = residency([one], {})
    assert [(each.region, each.allowed) for each in rows] == [
        ("eu-central-1", None),
        ("us-west-2", None),
        ("westeurope", None),
    ]
    assert rows[2].countries == ("nl",)


def test_an_endpoint_within_its_binding_is_fine() -> None:
    rows, findings = residency([aws()], {"aws": ("EU",)})
    assert findings == ()
    assert [each.allowed for each in rows] == [True]
