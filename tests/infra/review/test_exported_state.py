"""A stack's exported state is read as the program that would ask for it, without its secrets."""

import json
from typing import Any

import pytest

from infra.resources import SECRET, Place
from infra.review.errors import ReviewError
from infra.review.state import from_state
from tests.infra.review.recorder_kit import one

SIGNATURE = "4dabf18193072939515e22adb298388d"
HIDDEN = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "c2VjcmV0"}
URN = "urn:pulumi:dev::shop::"
PROVIDER = f"{URN}pulumi:providers:aws::default_7_0_0"


def entry(type_: str, name: str, **options: Any) -> dict[str, Any]:
    return {"urn": f"{URN}{type_}::{name}", "custom": True, "type": type_, **options}


ENTRIES = [
    entry(
        "pulumi:pulumi:Stack",
        "shop-dev",
        custom=False,
        outputs={"url": "https://a.example", "password": HIDDEN},
    ),
    entry("pulumi:providers:aws", "default_7_0_0", inputs={"region": "eu-west-1"}),
    entry(
        "aws:s3/bucket:Bucket",
        "logs",
        id="logs-1234",
        parent=f"{URN}pulumi:pulumi:Stack::shop-dev",
        provider=f"{PROVIDER}::6b1c",
        protect=True,
        retainOnDelete=True,
        inputs={
            "__defaults": ["bucket", "forceDestroy"],
            "bucket": "logs-1234",
            "forceDestroy": False,
            "tags": {"__defaults": [], "a": "b"},
            "tagsAll": {"a": "b", "owner": "x"},
        },
        outputs={"arn": "arn:aws:s3:::logs-1234"},
        sourcePosition="project:///infra/storage.py#12",
    ),
    entry(
        "aws:s3/bucketObject:BucketObject",
        "page",
        parent=f"{URN}aws:s3/bucket:Bucket::logs",
        provider=f"{URN}pulumi:providers:aws::other::77",
        dependencies=[f"{URN}aws:s3/bucket:Bucket::logs"],
        propertyDependencies={"bucket": [f"{URN}aws:s3/bucket:Bucket::logs"], "source": []},
        inputs={
            "bucket": "logs-1234",
            "source": {
                SIGNATURE: "c44067f5952c0a294b673a41bacd8c17",
                "hash": "ab",
                "path": "index.html",
            },
            "metadata": {"token": HIDDEN, "pair": [HIDDEN, "x"]},
            "content": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
            "etag": {"dbPassword": "correct horse"},
        },
    ),
    entry("aws:s3/bucket:Bucket", "old", delete=True, inputs={}),
    entry("aws:ec2/vpc:Vpc", "read", external=True, inputs={}),
]


def export(*, checkpoint: bool, entries: list[dict[str, Any]] = ENTRIES) -> bytes:
    inner = {"manifest": {"version": "v3.259.0"}, "resources": entries}
    if checkpoint:
        latest = {"stack": "organization/shop/dev", "latest": inner}
        return json.dumps({"version": 3, "checkpoint": latest}).encode()
    return json.dumps({"version": 3, "deployment": inner}).encode()


@pytest.mark.parametrize("checkpoint", [False, True])
def test_an_export_and_a_checkpoint_give_the_same_program(checkpoint: bool) -> None:
    program = from_state(export(checkpoint=checkpoint))
    assert (program.project, program.stack, program.region) == ("shop", "dev", "eu-west-1")
    assert [each.name for each in program] == ["logs", "page"]
    bucket = one(program, "aws:s3/bucket:Bucket")
    assert bucket.inputs == {"tags": {"a": "b"}}  # what the program wrote, no more
    assert (bucket.protect, bucket.retain, bucket.parent) == (True, True, "")
    assert bucket.provider == ""
    assert bucket.place == Place("infra/storage.py", 12)
    page = one(program, "aws:s3/bucketObject:BucketObject")
    assert page.parent == bucket.urn
    assert page.provider == f"{URN}pulumi:providers:aws::other"
    assert page.references == {"bucket": (bucket.urn,)}
    assert page.inputs["source"] == {"$asset": {"path": "index.html"}}
    assert page.inputs["content"] == {"$computed": True}
    assert program.notes == (
        "aws:s3/bucket:Bucket 'old' waits to be deleted",
        "aws:ec2/vpc:Vpc 'read' is read, not made",
    )


def test_secrets_of_a_state_are_hidden() -> None:
    program = from_state(export(checkpoint=False))
    page = one(program, "aws:s3/bucketObject:BucketObject")
    assert page.inputs["metadata"] == {"token": SECRET, "pair": [SECRET, "x"]}
    assert page.inputs["etag"] == {"dbPassword": SECRET}  # nobody said so, but it looks like one
    assert program.outputs == {"url": "https://a.example", "password": SECRET}
    told = repr(program)
    assert "c2VjcmV0" not in told
    assert "correct horse" not in told


def test_plain_text_of_a_decrypted_export_is_hidden() -> None:
    plain = {SIGNATURE: HIDDEN[SIGNATURE], "plaintext": '"correct horse"'}
    state = export(checkpoint=False, entries=[entry("a:b:C", "x", inputs={"v": plain})])
    program = from_state(state)
    assert program.resources[0].inputs == {"v": SECRET}


def test_an_empty_stack_is_an_empty_program() -> None:
    for text in (b'{"version":3,"deployment":{}}', b'{"version":3,"deployment":null}'):
        assert from_state(text).resources == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"resources: []", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "neither"),
        (b'{"version":99,"deployment":{"resources":[]}}', "version 99"),
        (b'{"version":3,"deployment":{"resources":[{"type":"a:b:C"}]}}', "without a URN"),
        (b'{"version":3,"deployment":{"resources":[7]}}', "without a URN"),
        (b'{"version":3,"deployment":{"resources":7}}', "resources"),
        (b'{"version":3,"checkpoint":{"latest":7}}', "resources"),
    ],
)
def test_what_is_no_state_is_refused_in_one_line(text: bytes, message: str) -> None:
    with pytest.raises(ReviewError, match=message) as caught:
        from_state(text)
    assert "\n" not in str(caught.value)
