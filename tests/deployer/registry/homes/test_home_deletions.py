"""Versions that are deleted, or about to be, when another store becomes the home or comes back."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deployer.registry.cloud import Cloud
from deployer.registry.deleting.delete import delete
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.resolve import resolve
from tests.deployer.registry.home_kit import bring_back, joined, make_home, shared
from tests.deployer.registry.registry_kit import contents, memory_clouds, push, sha256

MakeFolder = Callable[[Mapping[str, bytes]], Path]
KEY = "models/penguins/deleted/00000002.json"


@pytest.fixture
def three(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """Three clouds with three versions, each of which was the champion once."""
    clouds = memory_clouds()
    for body in (b"1", b"2", b"3"):
        push(clouds, make_folder({"a": body}), state=state, aliases=("champion",))
    return clouds


def numbers(cloud: Cloud) -> list[int]:
    keys = [key for key in contents(cloud) if "/versions/" in key]
    return sorted(int(key[-13:-5]) for key in keys)


def announce(cloud: Cloud, *, final: bool) -> bytes:
    """Write a deletion of version 2 there alone, as a deleter leaves it who dies."""
    record = json.loads(contents(cloud)["models/penguins/versions/00000002.json"])
    fields = {
        name: record[name] for name in ("format", "model", "version", "manifest", "txn", "by")
    }
    fields |= {"at": record["created"]} | ({} if final else {"claim": True})
    body = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    cloud.store.put(KEY, body, mode="create")
    if final:
        cloud.store.delete("models/penguins/versions/00000002.json")
    return body


def the_same(clouds: list[Cloud]) -> bool:
    views = [shared(contents(cloud)) for cloud in clouds]
    return all(view == views[0] for view in views)


def test_a_deletion_that_only_the_home_has_is_carried(three: list[Cloud], state: Path) -> None:
    announce(three[0], final=True)
    assert make_home(three, "gcp", state).carried == 1
    assert [numbers(cloud) for cloud in three] == [[1, 3], [1, 3], [1, 2, 3]]
    delete(joined(three, state), "penguins", 2)
    assert numbers(three[2]) == [1, 3]


def test_an_announcement_is_not(three: list[Cloud], state: Path) -> None:
    claim = announce(three[0], final=False)
    make_home(three, "gcp", state)
    assert [numbers(cloud) for cloud in three] == [[1, 2, 3]] * 3
    assert KEY not in contents(three[1])
    bring_back(three, "aws", state)
    assert claim in contents(three[0]).values()
    assert KEY not in contents(three[0])
    assert the_same(three)
    delete(joined(three, state), "penguins", 2)
    assert numbers(three[2]) == [1, 3]
    assert the_same(three)


def test_a_deletion_that_the_new_home_has_made_is_taken_over(
    three: list[Cloud], state: Path
) -> None:
    make_home(three[1:], "gcp", state)
    delete(joined(three[1:], state), "penguins", 2)
    done = bring_back(three, "aws", state)
    assert done.divergent == {}
    assert the_same(three)
    assert numbers(three[0]) == [1, 3]


@pytest.mark.parametrize("final", [False, True], ids=["announced", "done"])
def test_one_at_the_old_home_alone_is_kept_and_not_done_again(
    three: list[Cloud], state: Path, final: bool
) -> None:
    make_home(three[1:], "gcp", state)
    announce(three[1], final=False)  # and the new home is at it just now
    body = announce(three[0], final=final)
    done = bring_back(three, "aws", state)
    assert [place.kind for place in done.divergent] == (["deletion"] if final else [])
    assert body in contents(three[0]).values()
    assert KEY not in contents(three[0])
    assert numbers(three[0]) == [1, 2, 3]


def test_an_alias_never_leads_to_what_was_deleted(three: list[Cloud], state: Path) -> None:
    """A mover has written its entry, met the deletion, and died before it was taken back."""
    aws = three[0]
    entries = "models/penguins/aliases/champion.log/"
    held = contents(aws)
    last = held[f"{entries}00000003.json"]
    moved = json.loads(last) | {
        "seq": 4,
        "version": 2,
        "txn": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
    }
    record = json.loads(held["models/penguins/versions/00000002.json"])
    moved |= {"manifest": record["manifest"], "prev": sha256(last)}
    entry = json.dumps(moved, sort_keys=True, separators=(",", ":")).encode()
    announce(aws, final=True)
    aws.store.put(f"{entries}00000004.json", entry, mode="create")
    make_home(three, "gcp", state)
    assert f"{entries}00000004.json" in contents(three[1])
    assert resolve(three[1], parse_reference("penguins@champion")).version == 3
    assert numbers(three[1]) == [1, 3]
