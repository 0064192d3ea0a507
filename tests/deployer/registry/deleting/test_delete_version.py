"""Taking a version back: on every cloud as one act, repeatable, and never under an alias."""

import json
from pathlib import Path

import pytest

from deployer.errors import MissingError, PolicyError, UsageError
from deployer.registry.aliasing.pointing import Order, remove
from deployer.registry.cloud import Cloud
from deployer.registry.deleting.delete import number_of
from deployer.registry.deleting.deletions import DeletedError
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.resolve import resolve
from tests.deployer.registry.deleting.delete_kit import MakeFolder, publish_three
from tests.deployer.registry.registry_kit import (
    BUCKET,
    NAMES,
    audit,
    contents,
    memory_clouds,
    push,
    strict_clouds,
)
from tests.deployer.upkeep.gc_kit import deleted, pointed
from tests.fakes import StrictCloud
from tests.fakes.faults import Fault, status


def test_it_is_gone_everywhere_and_everybody_is_told(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    publish_three(clouds, make_folder, state)
    done = deleted(clouds, 2, state=state)
    assert (done.created, done.clouds, done.behind) == (True, NAMES, {})
    for cloud in clouds:
        objects = contents(cloud)
        assert audit(objects) == {"penguins": [1, 3]}
        record = json.loads(objects[layout.deleted("penguins", 2)])
        assert "claim" not in record
        with pytest.raises(DeletedError, match=r"penguins:2 was deleted at .* by "):
            resolve(cloud, parse_reference("penguins:2"))
        assert resolve(cloud, parse_reference("penguins")).version == 3
        with pytest.raises(MissingError, match="has no penguins:7"):
            resolve(cloud, parse_reference("penguins:7"))


def test_a_repetition_says_what_was_done(three: list[Cloud], state: Path) -> None:
    first = deleted(three, 2, state=state)
    before = [contents(cloud) for cloud in three]
    second = deleted(three, 2, state=state)
    assert (second.created, second.record, second.clouds) == (False, first.record, NAMES)
    assert [contents(cloud) for cloud in three] == before


def test_the_newest_stays(three: list[Cloud], state: Path) -> None:
    before = [contents(cloud) for cloud in three]
    with pytest.raises(PolicyError, match="newest"):
        deleted(three, 3, state=state)
    assert [contents(cloud) for cloud in three] == before


def test_what_does_not_exist(three: list[Cloud], state: Path) -> None:
    with pytest.raises(MissingError):
        deleted(three, 9, state=state)


def test_a_version_under_an_alias_stays(three: list[Cloud], state: Path) -> None:
    before = [contents(cloud) for cloud in three]
    with pytest.raises(PolicyError, match="champion on aws points at penguins:1"):
        deleted(three, 1, state=state)
    assert [contents(cloud) for cloud in three] == before
    remove(Order(clouds=three, home=None, state=state), "penguins", "champion")
    assert deleted(three, 1, state=state).behind == {}
    for cloud in three:
        assert audit(contents(cloud)) == {"penguins": [2, 3]}


def test_a_version_under_a_stale_alias_of_another_cloud_stays(
    make_folder: MakeFolder, state: Path
) -> None:
    clouds = memory_clouds()
    for number in (1, 2, 3):
        push(clouds, make_folder({"a": b"%d" % number}), state=state, aliases=("champion",))
    pointed(clouds, "champion", 1, state=state)
    pointed(clouds[:2], "champion", 2, state=state)  # azure is down
    with pytest.raises(PolicyError, match="champion on azure points at penguins:1"):
        deleted(clouds, 1, state=state)
    assert deleted(clouds[:2], 1, state=state).clouds == NAMES[:2]
    # Once it is back, it follows first.
    assert deleted(clouds, 1, state=state).behind == {}
    assert audit(contents(clouds[2])) == {"penguins": [2, 3]}


def test_its_number_is_not_given_again(
    three: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    deleted(three, 2, state=state)
    assert push(three, make_folder({"a": b"2"}), state=state).version == 4


def test_a_reference_becomes_a_number(make_folder: MakeFolder, state: Path) -> None:
    clouds = memory_clouds("aws")
    digests = [
        push(clouds, make_folder({"a": body}), state=state).manifest for body in (b"1", b"2", b"3")
    ]
    home = clouds[0]
    assert number_of(home, parse_reference("penguins:7")) == 7
    assert number_of(home, parse_reference("penguins")) == 3
    assert number_of(home, parse_reference(f"penguins@sha256:{digests[1]}")) == 2
    with pytest.raises(MissingError):
        number_of(home, parse_reference(f"penguins@sha256:{'0' * 64}"))
    record = json.loads(contents(home)[layout.version("penguins", 1)])
    home.store.put(
        layout.version("penguins", 4),
        json.dumps({**record, "version": 4}, sort_keys=True, separators=(",", ":")).encode(),
        mode="create",
    )
    with pytest.raises(UsageError, match="versions 4, 1"):
        number_of(home, parse_reference(f"penguins@sha256:{digests[0]}"))


def test_a_cloud_that_is_down_is_finished_later(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    clouds = strict_clouds()
    for number in (1, 2):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    with strict.script(Fault(status(503), dialect="azure", count=None)) as script:
        done = deleted(clouds, 1, state=state)
        assert done.clouds == ("aws", "gcp")
        assert list(done.behind) == ["azure"]
        script.faults[0].count = script.faults[0].fired  # it is back
    assert audit(strict.objects("azure", BUCKET)) == {"penguins": [1, 2]}
    done = deleted(clouds, 1, state=state)
    assert (done.created, done.clouds) == (False, NAMES)
    assert audit(strict.objects("azure", BUCKET)) == {"penguins": [2]}


def test_another_version_of_that_number_stays(make_folder: MakeFolder, state: Path) -> None:
    clouds = memory_clouds()
    for number in (1, 2):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    key = layout.version("penguins", 1)
    other = json.loads(contents(clouds[1])[key])
    other["manifest"] = json.loads(contents(clouds[1])[layout.version("penguins", 2)])["manifest"]
    body = json.dumps(other, sort_keys=True, separators=(",", ":")).encode()
    clouds[1].store.put(key, body, mode="overwrite")
    done = deleted(clouds, 1, state=state)
    assert list(done.behind) == ["gcp"]
    assert contents(clouds[1])[key] == body
