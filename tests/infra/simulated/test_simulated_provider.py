import json
import threading
from pathlib import Path
from typing import Any

import pytest

from infra.simulated import faults, plugin_folder, plugins
from infra.simulated.cloud import Cloud
from infra.simulated.diff import Difference, compare
from infra.simulated.drift import NothingThereError, change, main
from infra.simulated.provider import CloudError, Provider, Request
from infra.simulated.wire import UNKNOWN, secret

BUCKET = Request("aws:s3/bucket:Bucket", "models", "urn:pulumi:a::b::aws:s3/bucket:Bucket::models")
ROLE = Request("aws:iam/role:Role", "server", "urn:pulumi:a::b::aws:iam/role:Role::server")


def request(type_: str, name: str = "it") -> Request:
    return Request(type_, name, f"urn:pulumi:a::b::{type_}::{name}")


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    return made(tmp_path)


def made(folder: Path, name: str = "aws") -> Provider:
    provider = Provider(name, folder / "cloud.json", folder / "faults.json")
    provider.configure({"region": "eu-central-1"})
    return provider


def broken(folder: Path, *listed: dict[str, Any]) -> None:
    (folder / "faults.json").write_text(json.dumps(listed))


def test_a_name_is_made_up_once_and_kept(provider: Provider) -> None:
    first, wrong = provider.check(ROLE, {}, {"assumeRolePolicy": "{}"}, b"seed")
    assert not wrong
    assert first["name"].startswith("server-")
    assert len(first["name"]) == len("server-") + 7
    again, _ = provider.check(ROLE, {}, {"assumeRolePolicy": "{}"}, b"seed")
    assert again == first
    later, _ = provider.check(ROLE, first, {"assumeRolePolicy": "{1}"}, b"other")
    assert later["name"] == first["name"]
    named, _ = provider.check(ROLE, first, {"name": "mine"}, b"seed")
    assert named == {"name": "mine"}


@pytest.mark.parametrize(
    ("provider_name", "type_", "property_", "bad", "good"),
    [
        ("aws", "aws:s3/bucket:Bucket", "bucket", "Upper_Case", "lower-case"),
        ("gcp", "gcp:serviceaccount/account:Account", "accountId", "x" * 31, "penguins"),
        ("azure-native", "azure-native:storage:StorageAccount", "accountName", "with-dash", "penguins"),
    ],
)  # fmt: skip
def test_a_name_the_cloud_would_refuse_is_refused(
    tmp_path: Path, provider_name: str, type_: str, property_: str, bad: str, good: str
) -> None:
    provider = made(tmp_path, provider_name)
    _, wrong = provider.check(request(type_), {}, {property_: bad}, b"")
    assert [each.property for each in wrong] == [property_]
    assert not provider.check(request(type_), {}, {property_: good}, b"")[1]
    assert not provider.check(request(type_), {}, {property_: UNKNOWN}, b"")[1]


def test_what_is_made_can_be_read_changed_and_deleted(provider: Provider) -> None:
    id_, properties = provider.create(
        BUCKET, {"bucket": "mine", "tags": {"owner": "a"}}, preview=False
    )
    assert id_ == "mine"
    assert properties["arn"] == "arn:aws:s3:::mine"
    assert properties["tagsAll"] == {"owner": "a"}
    found, inputs, whole = provider.read(BUCKET, id_, {}, {})
    assert (found, whole) == (id_, properties)
    assert inputs == {"bucket": "mine", "tags": {"owner": "a"}}
    changed = provider.update(BUCKET, id_, properties, {"bucket": "mine", "tags": {"owner": "b"}}, preview=False)  # fmt: skip
    assert changed["tagsAll"] == {"owner": "b"}
    provider.delete(BUCKET, id_)
    assert provider.read(BUCKET, id_, {}, {})[0] == ""
    provider.delete(BUCKET, id_)


def test_a_preview_makes_nothing(provider: Provider, tmp_path: Path) -> None:
    assert provider.create(BUCKET, {"bucket": "mine"}, preview=True) == ("", {"bucket": "mine"})
    assert not Cloud(tmp_path / "cloud.json").read().things


def test_a_function_that_changes_has_another_version_that_nobody_knows_before(
    provider: Provider,
) -> None:
    about = request("aws:lambda/function:Function")
    id_, properties = provider.create(about, {"name": "f", "memorySize": 1}, preview=False)
    assert properties["version"] == "1"
    seen = provider.update(about, id_, properties, {"name": "f", "memorySize": 2}, preview=True)
    assert seen["version"] == UNKNOWN
    assert seen["arn"] == properties["arn"]
    assert provider.update(about, id_, properties, {"name": "f"}, preview=False)["version"] == "2"


def test_what_must_be_there_first_is_asked_for(provider: Provider) -> None:
    policy = request("aws:s3/bucketPolicy:BucketPolicy")
    with pytest.raises(CloudError, match="NotFound"):
        provider.create(policy, {"bucket": "mine", "policy": "{}"}, preview=False)
    provider.create(BUCKET, {"bucket": "mine"}, preview=False)
    provider.create(policy, {"bucket": "mine", "policy": "{}"}, preview=False)


def test_a_second_one_of_the_same_name_is_refused(provider: Provider) -> None:
    provider.create(BUCKET, {"bucket": "mine"}, preview=False)
    with pytest.raises(CloudError, match="AlreadyExists"):
        provider.create(BUCKET, {"bucket": "mine"}, preview=False)


def test_two_resources_cannot_be_the_same_thing(provider: Provider) -> None:
    first, second = (request("aws:s3/bucketPolicy:BucketPolicy", name) for name in "ab")
    provider.create(BUCKET, {"bucket": "mine"}, preview=False)
    provider.create(first, {"bucket": "mine", "policy": "{}"}, preview=False)
    provider.create(first, {"bucket": "mine", "policy": "{}"}, preview=False)
    with pytest.raises(CloudError, match="AlreadyExists"):
        provider.create(second, {"bucket": "mine", "policy": "{}"}, preview=False)


def test_a_bucket_that_holds_something_is_not_deleted(provider: Provider, tmp_path: Path) -> None:
    provider.create(BUCKET, {"bucket": "mine"}, preview=False)
    change(tmp_path / "cloud.json", type=BUCKET.type, objects=3)
    with pytest.raises(CloudError, match="BucketNotEmpty"):
        provider.delete(BUCKET, "mine")
    provider.update(BUCKET, "mine", {}, {"bucket": "mine", "forceDestroy": True}, preview=False)
    provider.delete(BUCKET, "mine")


def test_no_secret_is_in_the_cloud_s_file_and_reading_gives_it_back(
    provider: Provider, tmp_path: Path
) -> None:
    about = request("aws:secretsmanager/secret:Secret")
    inputs = {"name": "s", "tags": {"deep": [secret("hunter2")]}, "description": secret("hunter3")}
    id_, properties = provider.create(about, inputs, preview=False)
    assert properties["description"] == secret("hunter3")
    text = (tmp_path / "cloud.json").read_text()
    assert "hunter" not in text
    _, told, whole = provider.read(about, id_, inputs, properties)
    assert told == inputs
    assert whole == properties
    _, told, _ = provider.read(about, id_, {**inputs, "description": secret("other")}, properties)
    assert told["description"] not in (secret("hunter3"), secret("other"))


@pytest.mark.parametrize("name", ["aws", "gcp", "azure-native"])
@pytest.mark.parametrize(
    ("error", "said"), [("quota", "(?i)quota"), ("503", "503"), ("credentials", "(?i)expire")]
)
def test_faults_strike_as_often_as_they_are_told(
    tmp_path: Path, name: str, error: str, said: str
) -> None:
    provider = made(tmp_path, name)
    about = request(f"{name}:x/y:Y", "one")
    broken(tmp_path, {"op": "create", "error": error, "name": "o*", "times": 2, "skip": 1})
    provider.create(about, {}, preview=False)
    for _ in range(2):
        with pytest.raises(CloudError, match=said):
            provider.create(about, {}, preview=False)
    provider.create(request(about.type, "two"), {}, preview=False)
    provider.create(about, {}, preview=False)


def test_a_lost_answer_is_lost_after_the_thing_was_made(provider: Provider, tmp_path: Path) -> None:
    broken(tmp_path, {"op": "create", "error": "503", "after": True})
    with pytest.raises(CloudError, match="connection"):
        provider.create(BUCKET, {"bucket": "mine"}, preview=False)
    assert provider.read(BUCKET, "mine", {}, {})[0] == "mine"


def test_faults_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    broken(tmp_path, {"op": "create", "error": "plague"})
    with pytest.raises(ValueError, match="plague"):
        faults.read(tmp_path / "faults.json")


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    providers = [made(tmp_path) for _ in range(4)]
    threads = [
        threading.Thread(
            target=lambda p=p, n=n: [
                p.create(request(ROLE.type, f"r{n}-{i}"), {"name": f"r{n}-{i}"}, preview=False)
                for i in range(20)
            ]
        )
        for n, p in enumerate(providers)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    state = Cloud(tmp_path / "cloud.json").read()
    assert len(state.things) == state.calls["create"] == 80


def test_drift_is_read_back(provider: Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    state = tmp_path / "cloud.json"
    provider.create(BUCKET, {"bucket": "mine", "tags": {"owner": "a"}}, preview=False)
    assert main([str(state), "--type", "aws:s3/*", "--set", "tags.owner=b", "--set", "region=xx", "--set", "forceDestroy=true"]) == 0  # fmt: skip
    assert capsys.readouterr().out == "1 changed\n"
    _, inputs, properties = provider.read(BUCKET, "mine", {}, {})
    assert inputs["tags"] == {"owner": "b"}
    assert properties["region"] == "xx"
    assert properties["forceDestroy"] is True
    assert main([str(state), "--type", "aws:s3/*", "--delete"]) == 0
    assert provider.read(BUCKET, "mine", {}, {})[0] == ""
    assert main([str(state), "--type", "aws:s3/*"]) == 1
    with pytest.raises(NothingThereError):
        change(state, type="*", name="nobody")


def test_differences_are_told_property_by_property() -> None:
    old = {"a": 1.0, "b": {"c": [1.0, 2.0], "d.e": "x"}, "gone": True, "__defaults": ["a"]}
    new = {"a": 1.0, "b": {"c": [1.0, 3.0, 4.0], "d.e": "y"}, "came": UNKNOWN}
    assert compare(old, new) == [
        Difference("b.c[1]", "update"),
        Difference("b.c[2]", "add"),
        Difference('b["d.e"]', "update"),
        Difference("came", "add"),
        Difference("gone", "delete"),
    ]


def test_a_secret_is_compared_but_never_looked_into() -> None:
    assert compare({"a": secret({"b": 1.0})}, {"a": secret({"b": 1.0})}) == []
    assert compare({"a": {"b": 1.0}}, {"a": secret({"b": 1.0})}) == []
    assert compare({"a": secret({"b": 1.0})}, {"a": secret({"b": 2.0})}) == [
        Difference("a", "update")
    ]
    assert compare({"a": "x"}, {"a": UNKNOWN}) == [Difference("a", "update")]


def test_every_plugin_can_be_run() -> None:
    for name, folder in plugins().items():
        script = folder / f"pulumi-resource-{name}"
        assert script.stat().st_mode & 0o111, script
    with pytest.raises(ValueError, match="not simulated"):
        plugin_folder("oci")
