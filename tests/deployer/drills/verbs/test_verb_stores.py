"""Verbs that tamper with stores: what is there afterwards, and what the diary says of it."""

import json
from hashlib import sha256

import pytest

from deployer.drills.estate.audit import contents, versions_in
from deployer.drills.estate.scene import Scene
from deployer.drills.verbs.stores import Litter, Remember, Replay, Tamper, Wipe
from deployer.errors import UsageError
from tests.deployer.drills.verbs.verb_kit import noted, publish

OWN = b"1" * 9
OWN_KEY = f"blobs/sha256/{sha256(OWN).hexdigest()[:2]}/{sha256(OWN).hexdigest()}"


def held(scene: Scene, cloud: str) -> dict[str, bytes]:
    return contents(scene.clouds[cloud].store)


def changed(scene: Scene, before: dict[str, bytes]) -> dict[str, bytes | None]:
    """Return what is different on aws now; None for what is gone."""
    now = held(scene, "aws")
    assert now.keys() <= before.keys()
    return {key: now.get(key) for key, body in before.items() if now.get(key) != body}


def test_a_wiped_store_is_empty_and_the_other_is_not(scene: Scene) -> None:
    publish(scene, 1)
    before = held(scene, "aws")
    Wipe(cloud="aws").act(scene)
    assert held(scene, "aws") == {}
    assert len(held(scene, "gcp")) == len(before)
    [fault] = noted(scene, "fault")
    assert fault.name == f"{len(before)} objects on aws are deleted"
    assert fault.detail == {"target": "store:aws"}


def test_only_what_begins_so_is_wiped(scene: Scene) -> None:
    publish(scene, 1)
    before = held(scene, "aws")
    Wipe(cloud="aws", prefix="blobs/").act(scene)
    assert held(scene, "aws") == {k: v for k, v in before.items() if not k.startswith("blobs/")}
    assert noted(scene, "fault")[0].name == "2 objects on aws are deleted"


@pytest.mark.parametrize(
    ("how", "body", "said"),
    [
        ("flip", b"1111" + b"0" + b"1111", "has a bit flipped"),
        ("truncate", b"1111", "is cut in half"),
        ("delete", None, "is deleted"),
        ("replace", b"drill", "is replaced"),
    ],
)
def test_one_object_is_tampered_with(scene: Scene, how: str, body: bytes | None, said: str) -> None:
    publish(scene, 1)
    before = held(scene, "aws")
    Tamper(cloud="aws", what="file:own.bin", how=how, text="{model}").act(scene)  # type: ignore[arg-type]
    assert changed(scene, before) == {OWN_KEY: body}
    [fault] = noted(scene, "fault")
    assert fault.name == f"file:own.bin on aws {said}"
    assert fault.detail == {"target": "store:aws", "key": OWN_KEY}
    assert "drill:1" not in versions_in(held(scene, "aws"))
    assert "drill:1" in versions_in(held(scene, "gcp"))


def test_what_can_be_tampered_with_has_a_key(scene: Scene) -> None:
    publish(scene, 1)
    digest = publish(scene, 2)
    keys = {
        "manifest": f"manifests/sha256/{digest}.json",
        "version": "models/drill/versions/00000002.json",
        "alias:champion": "models/drill/aliases/champion.json",
        "key:deployer.json": "deployer.json",
    }
    for what, key in keys.items():
        Tamper(cloud="aws", what=what, how="replace", version=2, text="{}").act(scene)
        assert noted(scene, "fault")[-1].detail["key"] == key
        assert held(scene, "aws")[key] == b"{}"
        publish_again = held(scene, "gcp")[key]
        store = scene.clouds["aws"].store
        store.delete(key)
        store.put(key, publish_again, mode="overwrite")


@pytest.mark.parametrize(
    ("what", "version"),
    [("file:none.bin", 1), ("manifest", 3), ("alias:none", 1), ("key:none", 1), ("version", 3)],
)
def test_what_is_not_there_cannot_be_tampered_with(scene: Scene, what: str, version: int) -> None:
    publish(scene, 1)
    before = held(scene, "aws")
    with pytest.raises(UsageError, match=f"there is no '{what}' of version {version}"):
        Tamper(cloud="aws", what=what, how="delete", version=version).act(scene)
    assert changed(scene, before) == {}
    assert noted(scene, "fault") == []


def test_an_empty_object_cannot_be_flipped(scene: Scene) -> None:
    scene.clouds["aws"].store.put("empty", b"", mode="overwrite")
    with pytest.raises(UsageError, match="'key:empty' is empty"):
        Tamper(cloud="aws", what="key:empty", how="flip").act(scene)


def test_old_objects_come_back_and_newer_ones_go(scene: Scene) -> None:
    publish(scene, 1)
    prefix = "models/{model}/"
    Remember(cloud="aws", prefix=prefix, label="old").act(scene)
    before = {k: v for k, v in held(scene, "aws").items() if k.startswith("models/drill/")}
    publish(scene, 2)
    assert noted(scene, "fault") == []
    Replay(cloud="aws", prefix=prefix, label="old").act(scene)
    now = held(scene, "aws")
    assert {k: v for k, v in now.items() if k.startswith("models/drill/")} == before
    assert "drill:2" in versions_in(held(scene, "gcp"))
    assert sum(key.startswith("manifests/") for key in now) == 2, "what is elsewhere stays"
    [fault] = noted(scene, "fault")
    assert fault.name == f"{len(before)} old objects are put back on aws"
    assert fault.detail == {"target": "store:aws"}


def test_what_was_not_remembered_cannot_come_back(scene: Scene) -> None:
    with pytest.raises(UsageError, match="nothing is remembered as 'old'") as caught:
        Replay(cloud="aws", prefix="models/", label="old").act(scene)
    assert caught.value.hint == "remember it first"


def test_litter_is_content_that_no_version_refers_to(scene: Scene) -> None:
    publish(scene, 1)
    before = held(scene, "gcp")
    Litter(clouds=("gcp",), text="left over").act(scene)
    [key] = held(scene, "gcp").keys() - before.keys()
    assert held(scene, "gcp")[key] == b"left over"
    assert key.endswith(sha256(b"left over").hexdigest())
    assert key not in held(scene, "aws")
    Litter().act(scene)
    assert len(held(scene, "aws")) == len(before) + 1
    record = json.loads(held(scene, "aws")["models/drill/versions/00000001.json"])
    assert versions_in(held(scene, "aws")) == {"drill:1": record["manifest"]}


@pytest.mark.parametrize(
    "step",
    [
        Wipe(cloud="azure"), Tamper(cloud="azure", what="manifest", how="flip"),
        Remember(cloud="azure", prefix="", label="x"), Litter(clouds=("azure",)),
    ],
)  # fmt: skip
def test_a_cloud_that_the_estate_has_not(
    scene: Scene, step: Wipe | Tamper | Remember | Litter
) -> None:
    with pytest.raises(UsageError, match="'azure' is no cloud of the estate") as caught:
        step.act(scene)
    assert caught.value.hint == "there are: aws, gcp"
