"""Promote and roll back: nothing moves before the version is whole where it moves."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import (
    DamagedError,
    DeployerError,
    FailedError,
    MissingError,
    PartialError,
    UsageError,
)
from deployer.registry.aliasing.aliases import Move, move
from deployer.registry.aliasing.pointing import Moved, Order, remove
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.format.records import Deletion, encode
from deployer.registry.reading.resolve import read_version
from deployer.releasing import Checks, promote, rollback
from providers.driver import Driver
from providers.errors import StoreError, UnavailableError
from providers.memory import MemoryDriver
from providers.prefixed import PrefixedDriver
from providers.store import Store
from tests.deployer.registry.registry_kit import (
    NAMES,
    QUICK,
    Silent,
    alias_log,
    audit,
    contents,
    memory_clouds,
    push,
    sha256,
)

MakeFolder = Callable[[Mapping[str, bytes]], Path]

TXN = "0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b{:02x}"
BODIES = {1: b"one", 2: b"two", 3: b"three"}


def publish(clouds: list[Cloud], make_folder: MakeFolder, state: Path, **more: Any) -> None:
    for body in BODIES.values():
        push(clouds, make_folder({"model.bin": body, "same": b"s"}), state=state, **more)


@pytest.fixture
def released(clouds: list[Cloud], make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """penguins:1 to :3 on three clouds, each champion in its turn."""
    publish(clouds, make_folder, state, aliases=("champion",))
    return clouds


@pytest.fixture
def kept(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """The same in memory, for what does not depend on the cloud."""
    clouds = memory_clouds()
    publish(clouds, make_folder, state, aliases=("champion",))
    return clouds


def order(clouds: list[Cloud], state: Path, note: str | None = None) -> Order:
    return Order(clouds=clouds, home=None, state=state, note=note)


def checks(require: int = 3, *, deep: bool = False) -> Checks:
    return Checks(require=require, deep=deep, reporter=Silent())


def to(clouds: list[Cloud], state: Path, text: str, alias: str = "champion", **more: Any) -> Moved:
    return promote(order(clouds, state), checks(**more), parse_reference(text), alias)


def back(
    clouds: list[Cloud],
    state: Path,
    alias: str | None = None,
    *,
    require: int = 3,
    deep: bool = True,
    version: int | None = None,
) -> Moved:
    return rollback(order(clouds, state), checks(require, deep=deep), "penguins", alias, to=version)


def points(cloud: Cloud, alias: str = "champion") -> list[int]:
    """Return where the alias pointed, move by move, after checking the whole store."""
    objects = contents(cloud)
    audit(objects)
    return [entry["version"] for entry in alias_log(objects, "penguins", alias)]


def away(name: str, clouds: list[Cloud]) -> list[Cloud]:
    """Return the clouds with one of them down."""
    return [
        Cloud(cloud.name, Store(Down(cloud.store.driver), QUICK)) if cloud.name == name else cloud
        for cloud in clouds
    ]


class Down(PrefixedDriver):
    """A cloud that does not answer."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver, "")

    def __getattribute__(self, name: str) -> Any:
        if name in {"put", "get", "head", "delete", "list", "list_dir"}:
            raise UnavailableError("it is down", op=name)
        return super().__getattribute__(name)


def spoil(cloud: Cloud, body: bytes, how: str) -> None:
    """Damage a stored content in one of four ways."""
    key = layout.blob(sha256(body))
    if how == "gone":
        cloud.store.delete(key)
        return
    driver = cloud.store.driver
    assert isinstance(driver, MemoryDriver)
    held, meta = driver.objects[key]
    wrong = held[:-1] if how == "short" else bytes([held[0] ^ 1]) + held[1:]
    if how in {"short", "forged"}:
        cloud.store.put(key, wrong, mode="overwrite")
    else:
        driver.objects[key] = (wrong, meta)  # bit rot: size and digest are as they were


class TestPromote:
    def test_on_every_cloud(self, released: list[Cloud], state: Path) -> None:
        done = to(released, state, "penguins:1")
        assert (done.record.version, done.before, done.moved, done.behind) == (1, 3, True, {})
        for cloud in released:
            assert points(cloud) == [1, 2, 3, 1]

    def test_twice_is_once(self, kept: list[Cloud], state: Path) -> None:
        to(kept, state, "penguins:1")
        assert not to(kept, state, "penguins:1").moved
        assert points(kept[0]) == [1, 2, 3, 1]

    def test_to_a_new_alias_by_another_one(self, kept: list[Cloud], state: Path) -> None:
        done = to(kept, state, "penguins@latest", "staging")
        assert (done.record.version, done.record.seq, done.before) == (3, 1, None)

    def test_the_note_is_kept(self, kept: list[Cloud], state: Path) -> None:
        wanted = order(kept, state, "passed review")
        promote(wanted, checks(), parse_reference("penguins:1"), "champion")
        assert alias_log(contents(kept[2]), "penguins", "champion")[-1]["note"] == "passed review"

    def test_a_removed_alias_comes_back(self, kept: list[Cloud], state: Path) -> None:
        remove(order(kept, state), "penguins", "champion")
        done = to(kept, state, "penguins:3")
        assert (done.moved, done.before, done.record.seq) == (True, None, 5)
        assert not done.record.removed

    @pytest.mark.parametrize("where", [0, 1])
    @pytest.mark.parametrize("how", ["gone", "short"])
    def test_not_whole_somewhere(
        self, kept: list[Cloud], state: Path, where: int, how: str
    ) -> None:
        spoil(kept[where], BODIES[1], how)
        kind = PartialError if how == "gone" else DamagedError
        with pytest.raises(kind, match=f"nothing was moved, because {NAMES[where]}") as caught:
            to(kept, state, "penguins:1")
        assert "deployer repair --clouds aws," in caught.value.hint
        assert [points_raw(cloud) for cloud in kept] == [[1, 2, 3]] * 3

    def test_a_cloud_that_is_behind(self, kept: list[Cloud], state: Path) -> None:
        kept[1].store.delete(layout.version("penguins", 1))
        with pytest.raises(PartialError, match="because gcp is not ready: penguins:1 is absent"):
            to(kept, state, "penguins:1")
        done = to(kept, state, "penguins:1", require=2)
        assert list(done.behind) == ["gcp"]
        assert [points_raw(cloud) for cloud in kept] == [[1, 2, 3, 1], [1, 2, 3], [1, 2, 3, 1]]

    def test_a_cloud_that_is_down(self, kept: list[Cloud], state: Path) -> None:
        with pytest.raises((StoreError, DeployerError), match="because azure is not ready"):
            to(away("azure", kept), state, "penguins:1")
        assert list(to(away("azure", kept), state, "penguins:1", require=2).behind) == ["azure"]

    def test_bit_rot_is_seen_with_deep_alone(self, kept: list[Cloud], state: Path) -> None:
        spoil(kept[2], BODIES[1], "rotten")
        with pytest.raises(DamagedError, match="azure"):
            to(kept, state, "penguins:1", deep=True)
        assert to(kept, state, "penguins:1").moved

    @pytest.mark.parametrize("text", ["penguins:4", "penguins@nosuch", "otters"])
    def test_nothing_there(self, kept: list[Cloud], state: Path, text: str) -> None:
        with pytest.raises(MissingError):
            to(kept, state, text)

    def test_misuse(self, kept: list[Cloud], state: Path) -> None:
        digest = read_version(kept[0], "penguins", 1).manifest
        with pytest.raises(UsageError, match="number"):
            to(kept, state, f"penguins@sha256:{digest}")
        with pytest.raises(UsageError, match="latest"):
            to(kept, state, "penguins:1", "latest")


def points_raw(cloud: Cloud) -> list[int]:
    return [entry["version"] for entry in alias_log(contents(cloud), "penguins", "champion")]


class TestRollback:
    def test_back_and_back_again(self, released: list[Cloud], state: Path) -> None:
        first = back(released, state)
        assert (first.record.version, first.before, first.moved) == (2, 3, True)
        assert back(released, state).record.version == 1
        for cloud in released:
            assert points(cloud) == [1, 2, 3, 2, 1]
        with pytest.raises(MissingError, match="nothing to go back to"):
            back(released, state)

    def test_forward_again_and_back(self, kept: list[Cloud], state: Path) -> None:
        back(kept, state)
        to(kept, state, "penguins:3")
        assert back(kept, state).record.version == 2

    def test_to_a_version(self, kept: list[Cloud], state: Path) -> None:
        assert back(kept, state, version=1).record.version == 1
        assert not back(kept, state, version=1).moved
        assert points(kept[0]) == [1, 2, 3, 1]

    def test_another_alias(self, kept: list[Cloud], state: Path) -> None:
        to(kept, state, "penguins:2", "staging")
        to(kept, state, "penguins:3", "staging")
        assert back(kept, state, "staging").record.version == 2
        assert points(kept[0]) == [1, 2, 3]

    def test_latest_does_not_go_back(
        self, make_folder: MakeFolder, state: Path, kept: list[Cloud]
    ) -> None:
        with pytest.raises(UsageError, match="latest"):
            back(kept, state, "latest")
        others = memory_clouds()
        publish(others, make_folder, state)
        with pytest.raises(UsageError, match="no alias 'champion'") as caught:
            back(others, state)
        assert "deployer rollback penguins@ALIAS" in caught.value.hint

    def test_no_such_model_or_alias(self, kept: list[Cloud], state: Path) -> None:
        with pytest.raises(MissingError, match="penguins@nosuch"):
            back(kept, state, "nosuch")
        with pytest.raises(MissingError, match="otters"):
            rollback(order(kept, state), checks(), "otters", None)

    def test_a_removed_alias(self, kept: list[Cloud], state: Path) -> None:
        remove(order(kept, state), "penguins", "champion")
        with pytest.raises(MissingError, match="was removed"):
            back(kept, state)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("how", ["rotten", "forged"])
    def test_every_byte_is_read(self, kept: list[Cloud], state: Path, name: str, how: str) -> None:
        spoil(kept[NAMES.index(name)], BODIES[2], how)
        with pytest.raises(DamagedError, match=f"nothing was moved, because {name}"):
            back(kept, state)
        assert [points_raw(cloud) for cloud in kept] == [[1, 2, 3]] * 3
        if how == "rotten":
            assert back(kept, state, deep=False).moved

    def test_a_damaged_manifest(self, kept: list[Cloud], state: Path) -> None:
        key = layout.manifest(read_version(kept[1], "penguins", 2).manifest)
        kept[1].store.put(key, b"{}", mode="overwrite")
        with pytest.raises(DamagedError, match="because gcp"):
            back(kept, state)

    def test_where_it_does_not_verify_it_stays(self, kept: list[Cloud], state: Path) -> None:
        spoil(kept[1], BODIES[2], "rotten")
        assert list(back(kept, state, require=2).behind) == ["gcp"]
        assert [points_raw(cloud)[-1] for cloud in kept] == [2, 3, 2]

    def test_the_home_must_have_it(self, kept: list[Cloud], state: Path) -> None:
        spoil(kept[0], BODIES[2], "rotten")
        with pytest.raises(DamagedError, match="because aws"):
            back(kept, state, require=1)

    def test_a_cloud_that_is_down(self, kept: list[Cloud], state: Path) -> None:
        with pytest.raises((StoreError, DeployerError), match="because gcp is not ready"):
            back(away("gcp", kept), state)
        assert points(kept[0]) == [1, 2, 3]
        done = back(away("gcp", kept), state, require=2)
        assert (done.record.version, list(done.behind)) == (2, ["gcp"])
        assert back(kept, state).record.version == 1, "an act that ended is not resumed"
        assert [points_raw(cloud)[-1] for cloud in kept] == [1, 1, 1]

    def test_a_deleted_version(self, kept: list[Cloud], state: Path) -> None:
        record = Deletion(
            format=1,
            model="penguins",
            version=2,
            manifest=read_version(kept[0], "penguins", 2).manifest,
            txn=TXN.format(1),
            at="2026-11-22T15:10:28Z",
            by="ana@host",
        )
        kept[0].store.put(layout.deleted("penguins", 2), encode(record), mode="create")
        with pytest.raises(MissingError, match=r"penguins:2 was deleted at .* by ana@host"):
            back(kept, state)
        with pytest.raises(MissingError, match="was deleted"):
            to(kept, state, "penguins:2")
        assert [points_raw(cloud) for cloud in kept] == [[1, 2, 3]] * 3, "not even tried"
        assert back(kept, state, version=1).moved

    def test_a_history_that_was_rewritten(self, kept: list[Cloud], state: Path) -> None:
        kept[0].store.delete(layout.alias_log("penguins", "champion", 2))
        with pytest.raises(DamagedError, match="not to be trusted") as caught:
            back(kept, state)
        assert "--to N" in caught.value.hint
        assert back(kept, state, version=1).record.version == 1
        kept[0].store.put(layout.alias("penguins", "champion"), b"garbage", mode="overwrite")
        with pytest.raises(DamagedError, match="champion"):
            back(kept, state, version=2)

    def test_somebody_moves_it_meanwhile(self, kept: list[Cloud], state: Path) -> None:
        """What was decided from the history must not be done to another one."""
        other = Move(
            model="penguins",
            alias="champion",
            version=1,
            manifest=read_version(kept[0], "penguins", 1).manifest,
            epoch=1,
            txn=TXN.format(7),
        )

        class Meddler(Silent):
            def begin(self, cloud: str, total: int) -> None:
                if cloud == "aws":
                    move(kept[0], other)

        with pytest.raises(FailedError, match="moved penguins@champion to version 1 meanwhile"):
            rollback(order(kept, state), Checks(3, True, Meddler()), "penguins", None)
        assert points(kept[0]) == [1, 2, 3, 1]

    def test_two_at_once_go_back_once_or_twice(self, kept: list[Cloud], state: Path) -> None:
        """Each that succeeds is one move; neither is lost, none is counted twice."""
        meet, results = threading.Barrier(2), list[Moved | DeployerError]()

        def run(number: int) -> None:
            meet.wait(10)
            try:
                results.append(back(kept, state / f"{number}"))
            except DeployerError as error:
                results.append(error)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        moved = [each for each in results if isinstance(each, Moved)]
        assert len(results) == 2
        assert points(kept[0]) == [1, 2, 3, 2, 1][: 3 + len(moved)]
        assert len({each.record.seq for each in moved}) == len(moved) >= 1


class TestRemove:
    def test_the_sequence_goes_on(self, released: list[Cloud], state: Path) -> None:
        done = remove(order(released, state, "over"), "penguins", "champion")
        assert (done.moved, done.before, done.record.removed) == (True, 3, True)
        assert not remove(order(released, state), "penguins", "champion").moved
        to(released, state, "penguins:3")
        for cloud in released:
            assert points(cloud) == [1, 2, 3, 3, 3]
            log = alias_log(contents(cloud), "penguins", "champion")
            assert [entry.get("removed", False) for entry in log] == [False] * 3 + [True, False]
            assert log[3]["note"] == "over"

    def test_what_somebody_set_meanwhile_is_what_it_says(
        self, make_folder: MakeFolder, state: Path
    ) -> None:
        """The record of the end says where the alias pointed then."""
        clouds = memory_clouds()
        publish(clouds, make_folder, state, aliases=("champion",))
        manifest = read_version(clouds[0], "penguins", 1).manifest
        other = Move(
            model="penguins",
            alias="champion",
            version=1,
            manifest=manifest,
            epoch=1,
            txn=TXN.format(7),
        )
        real = clouds[0].store.driver
        alias = layout.alias("penguins", "champion")

        class Quicker(PrefixedDriver):
            reads = 0

            def _inner(self, key: str) -> str:
                if key == alias:
                    self.reads += 1
                    if self.reads == 2:  # the first was to see what there is
                        move(Cloud("aws", Store(real, QUICK)), other)
                return super()._inner(key)

        watched = [Cloud("aws", Store(Quicker(real, ""), QUICK)), *clouds[1:]]
        done = remove(order(watched, state), "penguins", "champion")
        assert (done.record.version, done.record.manifest, done.before) == (1, manifest, 1)
        assert points(clouds[0]) == [1, 2, 3, 1, 1]

    def test_latest_and_nothing(self, kept: list[Cloud], state: Path) -> None:
        with pytest.raises(UsageError, match="latest"):
            remove(order(kept, state), "penguins", "latest")
        with pytest.raises(MissingError, match="penguins@nosuch"):
            remove(order(kept, state), "penguins", "nosuch")
