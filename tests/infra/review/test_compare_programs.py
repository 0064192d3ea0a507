"""Created, changed, replaced, deleted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.resources import COMPUTED, SECRET, Program
from infra.review.compare import Change, compare, counts
from infra.review.differing import HIDDEN, PropertyChange, differences
from infra.review.replacing import REPLACING, forces_replacement
from tests.infra.review.review_programs_kit import program, resource

BUCKET = "aws:s3/bucket:Bucket"


def only(before: Program, after: Program) -> Change:
    (change,) = compare(before, after)
    return change


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    return [(each.path, each.kind, each.old, each.new) for each in differences(old, new)]


def test_without_a_plan_before_everything_is_created() -> None:
    found = compare(None, program(resource(BUCKET, "a", 3), resource(BUCKET, "b")))
    assert [each.kind for each in found] == ["create", "create"]
    assert str(found[0].place) == "main.py:3"
    assert found[0].properties == ()


def test_the_same_program_changes_nothing() -> None:
    one = program(resource(BUCKET, "a", tags={"owner": "me"}, values=[1, {"x": None}]))
    assert [each.kind for each in compare(one, one)] == ["same"]


def test_an_update_names_the_property_and_both_values() -> None:
    found = only(
        program(resource(BUCKET, "a", tags={"owner": "me"})),
        program(resource(BUCKET, "a", tags={"owner": "you"})),
    )
    assert found.kind == "update"
    assert found.properties == (PropertyChange("tags.owner", "change", "me", "you"),)


def test_a_property_that_cannot_change_in_place_replaces() -> None:
    found = only(
        program(resource(BUCKET, "a", bucket="one", protect=True)),
        program(resource(BUCKET, "a", bucket="two", protect=True)),
    )
    assert found.kind == "replace"
    assert found.properties[0].replaces
    assert "protected" in found.note


@pytest.mark.parametrize(
    ("token", "path", "forces"),
    [
        ("aws:lambda/function:Function", "memorySize", False),
        ("aws:lambda/function:Function", "region", True),
        ("aws:iam/role:Role", "name", True),
        ("gcp:storage/bucket:Bucket", "location", True),
        ("azure-native:storage:StorageAccount", "location", True),
        ("azure-native:storage/v20240101:BlobContainer", "containerName", True),
        ("azure-native:storage:StorageAccount", "kind", True),
        ("azure-native:storage:StorageAccount", "tags.location", False),
        ("aws:ecr/repository:Repository", "encryptionConfigurations[0].kmsKey", True),
        ("other:index:Thing", "region", False),
    ],
)
def test_what_forces_replacement(token: str, path: str, forces: bool) -> None:
    assert forces_replacement(token, path) is forces


def test_every_type_of_the_table_is_a_type_token() -> None:
    assert all(token.count(":") == 2 for token in REPLACING)


def test_deleted_resources_come_last_and_tell_what_protects_them() -> None:
    before = program(
        resource(BUCKET, "kept", protect=True), resource(BUCKET, "left", retain=True, x=1)
    )
    found = compare(before, program(resource("aws:sns/topic:Topic", "new")))
    assert [each.kind for each in found] == ["create", "delete", "delete"]
    assert found[1].protected
    assert "refuses" in found[1].note
    assert "nobody manages it" in found[2].note
    assert counts(found) == {"delete": 2, "replace": 0, "update": 0, "create": 1, "same": 0}


def test_a_rename_is_suspected() -> None:
    inputs = {"bucket": "models", "tags": {"a": "b"}, "forceDestroy": False}
    found = compare(
        program(resource(BUCKET, "old", inputs=inputs)),
        program(resource(BUCKET, "new", inputs=inputs)),
    )
    assert [each.kind for each in found] == ["create", "delete"]
    assert found[1].note == "new looks the same: renamed? then give it an alias of old"


def test_the_name_of_the_stack_does_not_count() -> None:
    before = resource(BUCKET, "a", urn=f"urn:pulumi:prod::shop::{BUCKET}::a")
    after = resource(BUCKET, "a", urn=f"urn:pulumi:review::shop::{BUCKET}::a")
    assert only(program(before), program(after)).kind == "same"


def test_components_and_providers_are_left_out() -> None:
    found = compare(
        None,
        program(
            resource("deployer:aws:Endpoint", "e", component=True),
            resource("pulumi:providers:aws", "default"),
            resource("pulumi:pulumi:Stack", "s"),
        ),
    )
    assert found == []


def test_another_region_of_the_provider_replaces_what_has_none_of_its_own() -> None:
    before = program(resource(BUCKET, "a"), cloud="aws", region="eu-central-1")
    after = program(resource(BUCKET, "a"), cloud="aws", region="us-east-1")
    found = only(before, after)
    assert found.kind == "replace"
    assert (found.properties[0].old, found.properties[0].new) == ("eu-central-1", "us-east-1")


def test_what_only_the_cloud_knows_is_no_change_and_is_named() -> None:
    found = only(
        program(resource(BUCKET, "a", arn="arn:aws:…", x=1)),
        program(resource(BUCKET, "a", arn=COMPUTED, x=1)),
    )
    assert found.kind == "same"
    assert found.unknown == ("arn",)


def test_an_output_within_a_text_may_be_what_the_state_knows() -> None:
    text = "${aws:s3/bucket:Bucket::models.arn}/blobs/*"
    assert changed({"a": "arn:aws:s3:::x/blobs/*"}, {"a": text}) == []
    assert changed({"a": "arn:aws:s3:::x/pre/*"}, {"a": text}) != []
    assert changed({"p": '{"R": ["arn:x/blobs/*"]}'}, {"p": json.dumps({"R": [text]})}) == []
    assert changed({"a": "alice"}, {"a": "${aws:username}"}) != []
    # Two programs both hold outputs: they are what they say.
    assert changed({"a": text}, {"a": text.replace("models", "others")}) != []
    found = only(program(resource(BUCKET, "a", b="x")), program(resource(BUCKET, "a", b=text[:-8])))
    assert (found.kind, found.unknown) == ("same", ("b",))


def test_a_property_that_is_made_from_another_resource_is_a_change() -> None:
    def acl(bucket: str, value: object) -> Program:
        urns = (f"urn:pulumi:s::p::{BUCKET}::{bucket}",)
        return program(resource("aws:s3/bucketAcl:BucketAcl", "a", b=value, references={"b": urns}))

    assert only(acl("one", "one-1f"), acl("one", COMPUTED)).kind == "same"
    found = only(acl("one", "one-1f"), acl("two", COMPUTED))
    assert found.kind == "update"
    assert found.properties[0].new == f"{BUCKET}::two"


def test_defaults_that_a_provider_filled_in_are_no_change() -> None:
    before = resource(
        BUCKET, "a", __defaults=["bucket"], bucket="a-1f2e", x={"__defaults": [], "y": 1}
    )
    assert only(program(before), program(resource(BUCKET, "a", x={"y": 1}))).kind == "same"


def test_protection_that_is_taken_away_is_a_change() -> None:
    found = only(
        program(resource(BUCKET, "a", protect=True)), program(resource(BUCKET, "a", protect=False))
    )
    assert found.kind == "update"
    assert found.properties == (PropertyChange("(option) protect", "change", True, False),)


def test_secrets_are_compared_as_such() -> None:
    assert changed({"p": SECRET}, {"p": SECRET}) == []
    assert changed({"p": SECRET}, {"p": "open"}) == [("p", "change", SECRET, HIDDEN)]
    assert changed({"p": "open"}, {"p": SECRET}) == [("p", "change", HIDDEN, SECRET)]
    assert changed({}, {"p": SECRET}) == [("p", "add", None, SECRET)]


def test_what_looks_like_a_secret_is_none_of_the_values() -> None:
    found = only(
        program(resource(BUCKET, "a", adminPassword="hunter2-correct-horse", note="x")),
        program(resource(BUCKET, "a")),
    )
    assert found.properties == (
        PropertyChange("adminPassword", "remove", SECRET),
        PropertyChange("note", "remove", "x"),
    )


def test_policies_are_compared_within_their_text() -> None:
    old = '{"Statement": [{"Sid": "Read", "Action": "s3:Get*"}, {"Sid": "List", "Action": "s3:List*"}]}'
    new = '{"Statement": [{"Sid": "List", "Action": "s3:*"}, {"Sid": "Read", "Action": "s3:Get*"}]}'
    assert changed({"policy": old}, {"policy": new}) == [
        ('policy{}.Statement[Sid="List"].Action', "change", "s3:List*", "s3:*")
    ]
    assert changed({"policy": '{"a": 1}'}, {"policy": '{ "a": 1 }'}) == []
    assert changed({"policy": "{broken"}, {"policy": "{other"}) == [
        ("policy", "change", "{broken", "{other")
    ]


def test_lists_are_compared_element_by_element() -> None:
    assert changed({"v": ["a", "b", "c"]}, {"v": ["a", "c"]}) == [("v[1]", "remove", "b", None)]
    assert changed({"v": ["a"]}, {"v": ["z", "a"]}) == [("v[0]", "add", None, "z")]
    assert changed({"v": [{"port": 80}]}, {"v": [{"port": 443}]}) == [
        ("v[0].port", "change", 80, 443)
    ]
    old, new = [{"name": "A", "value": 1}], [{"name": "B", "value": 2}, {"name": "A", "value": 1}]
    assert changed({"env": old}, {"env": new}) == [
        ('env[name="B"]', "add", None, {"name": "B", "value": 2})
    ]


def test_numbers_and_truths_are_not_mixed_up() -> None:
    assert changed({"n": 30}, {"n": 30.0}) == []
    assert changed({"n": 1}, {"n": True}) == [("n", "change", 1, True)]
    assert changed({"n": None}, {}) == []
    assert changed({"a b.c": 1}, {"a b.c": 2}) == [('["a b.c"]', "change", 1, 2)]


def test_very_deep_and_very_long_inputs_end() -> None:
    deep_old: Any = "x"
    deep_new: Any = "y"
    for _ in range(200):
        deep_old, deep_new = {"k": [deep_old]}, {"k": [deep_new]}
    assert len(differences({"d": deep_old}, {"d": deep_new})) == 1
    assert len(differences({"v": list(range(5000))}, {"v": list(range(1, 5001))})) == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text('ab{["', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
inputs = st.dictionaries(st.text("abc", min_size=1, max_size=2), values, max_size=3)


@given(old=inputs, new=inputs)
def test_nothing_differs_from_itself_and_both_ways_agree(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert differences(old, old) == []
    assert bool(differences(old, new)) == bool(differences(new, old))
