"""No format shows a secret, wherever in a program it stands."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.reviewing.document import review_document
from deployer.reviewing.markdown import review_markdown
from deployer.reviewing.picture import review_picture
from deployer.reviewing.plans import keep, last
from deployer.reviewing.review import Review, Subject
from deployer.reviewing.sarif import review_sarif
from deployer.reviewing.terminal import terminal_lines
from tests.deployer.reviewing.reviewing_kit import reviewed
from tests.infra.review.review_programs_kit import program, resource

# Spelled in parts, so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "QWERTYUIOPASDFGH"
KEY = "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQIBADANBgkqh\n-----END PRIVATE KEY-----"
WORD = "hunter2-correct-horse"

NAMES = ("password", "adminPassword", "dbPassword", "clientSecret", "apiKey", "secretString")


def every_format(review: Review) -> str:
    lines = terminal_lines(review, verbose=True)
    return "\n".join(
        [
            *("".join(span.text for span in line) for line in lines),
            review_markdown(review),
            json.dumps(review_document(review)),
            json.dumps(review_sarif(review)),
            review_picture(review),
        ]
    )


def placed(secret: str, name: str, shape: str) -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "flat": {name: secret},
        "nested": {"settings": {"inner": [{name: secret}]}},
        "variable": {"environment": {"variables": {"DB_PASSWORD": secret}}},
        "pair": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": secret}]}]},
        "text": {"definition": json.dumps([{"environment": {name: secret}}])},
    }
    return shapes[shape]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(NAMES),
    shape=st.sampled_from(["flat", "nested", "variable", "pair", "text"]),
    letters=st.text(
        "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789", min_size=12, max_size=24
    ),
    other=st.booleans(),
)
def test_a_secret_is_in_no_format(name: str, shape: str, letters: str, other: bool) -> None:
    secret = f"Zq7{letters}"
    token = "aws:ecs/taskDefinition:TaskDefinition"
    before = program(resource(token, "t", inputs=placed(f"old{secret}", name, shape)), cloud="aws")
    now = resource(token, "t", 4, inputs=placed(secret, name, shape))
    after = program(now, cloud="aws", **{name: secret})
    found = reviewed(Subject(after, before if other else None))
    assert secret not in every_format(found)


def test_what_is_a_secret_by_its_looks_is_in_no_format(tmp_path: Path) -> None:
    inputs = {"note": AWS_KEY, "body": KEY, "password": WORD, "n": {"deep": [{"x": AWS_KEY}]}}
    one = program(resource("aws:s3/bucketObject:BucketObject", "o", inputs=inputs), cloud="aws")
    found = reviewed(one)
    stored = keep(tmp_path, "plan.json", one).read_text()
    for text in (every_format(found), stored):
        for secret in (AWS_KEY, "MIIEvQIBADANBgkqh", WORD):
            assert secret not in text
    kept = last(tmp_path, "plan.json")
    assert kept is not None
    assert kept.program.resources[0].inputs["password"] == {"$secret": True}


def test_a_change_from_open_to_secret_shows_neither() -> None:
    from infra.resources import SECRET

    token = "aws:ssm/parameter:Parameter"
    before = program(resource(token, "p", value="plain-before"), cloud="aws")
    after = program(resource(token, "p", value=SECRET), cloud="aws")
    text = every_format(reviewed(Subject(after, before)))
    assert "plain-before" not in text
    assert "(not a secret) → (secret)" in text
