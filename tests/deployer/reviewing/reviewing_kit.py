"""Reviews of programs made by hand."""

from datetime import date
from typing import Any

from deployer.reviewing.review import Review, Subject, review
from infra.policy.model import Demands
from infra.resources import Program
from infra.review.pricing import prices
from tests.infra.review.review_programs_kit import aws, azure, config, gcp, program, resource

TODAY = date(2026, 11, 23)


def reviewed(*subjects: Subject | Program, **options: Any) -> Review:
    """Review programs, on a day that does not change."""
    whole = [
        each if isinstance(each, Subject) else Subject(each, folder=each.cloud) for each in subjects
    ]
    return review(whole, prices=prices(), today=options.pop("today", TODAY), **options)


def open_bucket(line: int = 12, **fields: Any) -> Program:
    """A program with findings of several severities."""
    return program(
        resource("aws:s3/bucket:Bucket", "open", line, **fields),
        resource("aws:iam/role:Role", "role", line + 5),
        cloud="aws",
        region="eu-central-1",
    )


def three_clouds(**options: Any) -> Review:
    """A review of an endpoint on three clouds, that differ in their timeouts."""
    subjects = [
        Subject(
            each,
            folder=f"infra/{each.cloud}",
            config=config(each.cloud),
            demands=Demands(residency=("EU",)),
        )
        for each in (aws(timeout=60), gcp(), azure())
    ]
    return reviewed(*subjects, **options)


def changing() -> Review:
    """A review with every kind of change."""
    token = "aws:s3/bucket:Bucket"
    before = program(
        resource(token, "gone", protect=True),
        resource(token, "moved", bucket="one"),
        resource(token, "tagged", tags={"owner": "me"}),
        resource(token, "same"),
        cloud="aws",
        region="eu-central-1",
    )
    after = program(
        resource(token, "moved", 3, bucket="two"),
        resource(token, "tagged", 4, tags={"owner": "you"}),
        resource(token, "same", 5),
        resource(token, "new", 6),
        cloud="aws",
        region="eu-central-1",
    )
    return reviewed(Subject(after, before, against="the plan of yesterday", folder="infra/aws"))
