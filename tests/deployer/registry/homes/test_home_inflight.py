"""A publisher that is held at any of its writes while another store becomes the home."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import DamagedError, DeployerError, FailedError, UsageError
from deployer.registry.aliasing.aliases import Move, move
from deployer.registry.format.names import parse_reference
from deployer.registry.homes.home import Registry, still_home
from deployer.registry.reading.resolve import read_version, resolve
from tests.deployer.registry.home_kit import (
    bring_back,
    everything,
    joined,
    make_home,
    objects,
    shared,
)
from tests.deployer.registry.registry_kit import NAMES, alias_log, audit, push, strict_clouds
from tests.fakes import StrictCloud
from tests.fakes.cloud import Gate

MakeFolder = Callable[[Mapping[str, bytes]], Path]

VERSION = "models/penguins/versions/00000002.json"
ENTRY = "models/penguins/aliases/latest.log/00000002.json"
ALIAS = "models/penguins/aliases/latest.json"
HELD = [("PutObject", "blobs/*"), *(("PutObject", key) for key in (VERSION, ENTRY, ALIAS))]


@pytest.fixture
def founded(strict: StrictCloud, make_folder: MakeFolder, state: Path) -> StrictCloud:
    push(strict_clouds(), make_folder({"a": b"1"}), state=state)
    return strict


@contextmanager
def held(founded: StrictCloud, gate: Gate, act: Callable[[], Any]) -> Iterator[Any]:
    """Run `act` until it is held at `gate`; the body happens meanwhile. Yields its future."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(act)
        gate.wait(30)
        try:
            yield future
        finally:
            gate.release()


def gate_at(strict: StrictCloud, operation: str, key: str, *, after: bool) -> Gate:
    pause = strict.pause_after_commit if after else strict.pause_before_commit
    return pause("s3", operation, key)


def settle(founded: StrictCloud, state: Path, *names: str) -> None:
    """Bring the old home back and check that these clouds hold the same."""
    bring_back(strict_clouds(), "aws", state)
    views = [shared(objects(founded, name)) for name in names or NAMES]
    assert all(view == views[0] for view in views)


def times_published(founded: StrictCloud, digest: str) -> int:
    gcp = strict_clouds("gcp")[0]
    numbers = audit(objects(founded, "gcp"))["penguins"]
    return [read_version(gcp, "penguins", n).manifest for n in numbers].count(digest)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("operation", "key"), HELD, ids=["blob", "version", "entry", "alias"])
@pytest.mark.parametrize("reached", ["fenced", "out-of-reach"])
def test_a_publisher_is_told_and_repeats_it(
    founded: StrictCloud,
    make_folder: MakeFolder,
    state: Path,
    operation: str,
    key: str,
    after: bool,
    reached: str,
) -> None:
    """Also when the promotion does not reach the old home, and the publisher does."""
    root = make_folder({"a": b"2"})
    promoter = strict_clouds() if reached == "fenced" else strict_clouds("gcp", "azure")
    gate = gate_at(founded, operation, key, after=after)
    with held(founded, gate, lambda: push(strict_clouds(), root, state=state)) as future:
        assert make_home(promoter, "gcp", state / "promoter").epoch == 2
    with pytest.raises(FailedError, match="the home changed while this was under way") as told:
        future.result()
    assert "again" in told.value.hint
    published = push(strict_clouds(), root, state=state, require=2)
    assert (published.home, published.version) == ("gcp", 2)
    assert times_published(founded, published.manifest) == 1
    settle(founded, state)
    assert times_published(founded, published.manifest) == 1
    assert resolve(strict_clouds("aws")[0], parse_reference("penguins")).version == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_another_publish_has_taken_its_number(
    founded: StrictCloud, make_folder: MakeFolder, state: Path, after: bool
) -> None:
    root, other = make_folder({"a": b"held"}), make_folder({"a": b"quick"})
    gate = gate_at(founded, "PutObject", VERSION, after=after)
    with held(founded, gate, lambda: push(strict_clouds(), root, state=state)) as future:
        make_home(strict_clouds("gcp", "azure"), "gcp", state / "promoter")
        quick = push(strict_clouds("gcp", "azure"), other, state=state / "other")
        assert quick.version == 2
    with pytest.raises(FailedError, match="the home changed"):
        future.result()
    again = push(strict_clouds(), root, state=state, require=2)
    assert again.version == 3
    settle(founded, state)
    assert audit(objects(founded, "aws")) == {"penguins": [1, 2, 3]}
    assert times_published(founded, again.manifest) == times_published(founded, quick.manifest) == 1


def test_a_store_with_a_version_that_the_home_does_not_know_is_not_made_the_home(
    founded: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    gate = gate_at(founded, "PutObject", VERSION, after=False)
    root = make_folder({"a": b"2"})
    with held(founded, gate, lambda: push(strict_clouds(), root, state=state)) as future:
        make_home(strict_clouds(), "gcp", state)
    assert future.exception() is not None
    before = everything(founded)
    with pytest.raises(DamagedError, match="penguins:2") as told:
        make_home(strict_clouds(), "aws", state)
    assert "reconcile" in told.value.hint
    assert everything(founded) == before
    settle(founded, state)
    make_home(strict_clouds(), "aws", state)
    assert audit(objects(founded, "aws")) == {"penguins": [1, 2]}


def test_what_was_acknowledged_before_is_at_the_new_home(
    founded: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    """The promotion is held at its fence while somebody publishes at the old home alone."""
    gate = founded.pause_before_commit("s3", "PutObject", "deployer.json")
    with held(founded, gate, lambda: make_home(strict_clouds(), "gcp", state / "p")) as future:
        published = push(strict_clouds("aws"), make_folder({"a": b"2"}), state=state)
        assert published.version == 2
    assert future.result().carried == 2
    found = resolve(strict_clouds("gcp")[0], parse_reference("penguins"))
    assert (found.version, found.digest) == (2, published.manifest)
    assert shared(objects(founded, "gcp")) == shared(objects(founded, "aws"))


@pytest.mark.parametrize("key", [ENTRY, ALIAS], ids=["entry", "alias"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_move_is_told(
    founded: StrictCloud, make_folder: MakeFolder, state: Path, key: str, after: bool
) -> None:
    registry: Registry = joined(strict_clouds(), state)
    manifest = read_version(registry.home, "penguins", 1).manifest
    wanted = Move("penguins", "latest", 1, manifest, registry.epoch, str(uuid.uuid4()))

    def act() -> None:
        move(registry.home, wanted)
        still_home(registry)

    with held(founded, gate_at(founded, "PutObject", key, after=after), act) as future:
        make_home(strict_clouds(), "gcp", state)
    with pytest.raises(FailedError, match="the home changed"):
        future.result()
    behind = push(strict_clouds(), make_folder({"a": b"2"}), state=state, require=2).behind
    alone = key == ENTRY and not after  # else the promotion has seen and kept it
    assert list(behind) == (["aws"] if alone else [])
    if alone:
        assert "deployer home reconcile aws" in behind["aws"].hint
    settle(founded, state)
    assert len(alias_log(objects(founded, "aws"), "penguins", "latest")) == (2 if alone else 3)


def test_nobody_publishes_between_fence_and_activation(
    founded: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    gate = founded.pause_before_commit("gcs", "objects.insert", "deployer.json")
    with held(founded, gate, lambda: make_home(strict_clouds(), "gcp", state)) as future:
        before = everything(founded)
        for names in ((), ("gcp", "azure")):
            with pytest.raises(FailedError, match="about to become the home of epoch 2") as told:
                push(strict_clouds(*names), make_folder({"a": b"2"}), state=state, require=1)
            assert "deployer home promote gcp" in told.value.hint
        with pytest.raises(UsageError, match="the home of this registry is not among"):
            push(strict_clouds("gcp"), make_folder({"a": b"2"}), state=state, require=1)
        assert everything(founded) == before
    assert future.result().epoch == 2
    published = push(strict_clouds(), make_folder({"a": b"2"}), state=state)
    assert (published.version, published.home) == (2, "gcp")


def test_still_home_asks_each_cloud_once_and_needs_only_the_home(
    founded: StrictCloud, state: Path
) -> None:
    registry = joined(strict_clouds(), state)
    start = len(founded.requests)
    still_home(registry)
    asked = [(each.dialect, each.key) for each in founded.requests[start:]]
    assert sorted(asked) == [(d, "deployer.json") for d in ("azure", "gcs", "s3")]
    buckets = {d: founded.dialect(d).state.buckets for d in ("s3", "gcs")}
    gone = buckets["gcs"].pop("models")
    still_home(registry)
    buckets["gcs"]["models"] = gone
    buckets["s3"].pop("models")
    with pytest.raises((DeployerError, OSError)):
        still_home(registry)
