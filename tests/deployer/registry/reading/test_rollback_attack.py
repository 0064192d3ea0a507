"""Whoever can write to a store puts an older alias back: a reader that has seen more refuses it."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deployer.errors import DamagedError, ExitCode, MissingError
from deployer.registry.aliasing.aliases import Move, follow, move
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.memory import Memory
from deployer.registry.reading.pull import Pulled, pull
from deployer.registry.reading.resolve import RemovedError, Resolved, first_that_answers, resolve
from deployer.registry.reading.trust import Trust
from tests.deployer.registry.cloud_backends import CLOUD_OF, Backend, opened
from tests.deployer.registry.registry_kit import memory_clouds, push, read_tree

MakeFolder = Callable[[Mapping[str, bytes]], Path]
MOVES = 10
CHAMPION = parse_reference("penguins@champion")
KEY = layout.alias("penguins", "champion")


def trust_in(folder: Path, clouds: Sequence[Cloud], **more: Any) -> Trust:
    """Return the demands of a process of its own that remembers in `folder`."""
    return Trust(memory=Memory(folder, {c.name: c.store.url for c in clouds}), **more)


def publish_versions(clouds: Sequence[Cloud], make_folder: MakeFolder, state: Path) -> None:
    for number in range(1, 4):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)


def step(clouds: Sequence[Cloud], version: int, **fields: Any) -> bytes:
    """Move champion on all clouds and return the record's bytes."""
    manifest = resolve(clouds[0], parse_reference(f"penguins:{version}")).digest
    wanted = Move(
        "penguins", "champion", version, manifest, fields.pop("epoch", 1), str(uuid4()), **fields
    )
    record = move(clouds[0], wanted)
    assert follow(clouds[0], clouds[1:], record) == {}
    return clouds[0].store.get(KEY)


def replay(cloud: Cloud, body: bytes) -> None:
    cloud.store.put(KEY, body, mode="overwrite")


def forged(body: bytes, **fields: Any) -> bytes:
    return json.dumps(
        json.loads(body) | fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return tmp_path / "trust"


def moved(clouds: Sequence[Cloud], make_folder: MakeFolder, state: Path) -> list[bytes]:
    """Publish three versions, move champion ten times, and return each of its records."""
    publish_versions(clouds, make_folder, state)
    return [step(clouds, number % 3 + 1) for number in range(MOVES)]


def test_each_older_record_on_each_cloud_in_turn(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path, seen: Path
) -> None:
    history = moved(clouds, make_folder, state)
    resolve(clouds[0], CHAMPION, trust_in(seen, clouds))
    for cloud in clouds:
        for number, body in enumerate(history[:-1], start=1):
            replay(cloud, body)
            with pytest.raises(DamagedError) as caught:
                resolve(cloud, CHAMPION, trust_in(seen, clouds))
            assert caught.value.exit_code == ExitCode.INTEGRITY
            assert f"{cloud.name} serves move {number} of" in caught.value.message
            assert f"move {MOVES} was seen on" in caught.value.message
            assert "--allow-stale" in caught.value.hint
            found, failed = first_that_answers(
                [cloud, *(each for each in clouds if each is not cloud)],
                CHAMPION,
                trust_in(seen, clouds),
            )
            assert found.version == json.loads(history[-1])["version"]
            assert list(failed) == [cloud.name]
        replay(cloud, history[-1])
        resolve(cloud, CHAMPION, trust_in(seen, clouds))


@pytest.mark.slow
@pytest.mark.parametrize("backend", CLOUD_OF, indirect=True)
def test_each_older_record_on_an_emulator(
    backend: Backend, make_folder: MakeFolder, state: Path, seen: Path
) -> None:
    with opened(backend) as cloud:
        history = moved([cloud], make_folder, state)
        assert resolve(cloud, CHAMPION, trust_in(seen, [cloud])).version == 1
        for body in history[:-1]:
            replay(cloud, body)
            with pytest.raises(DamagedError, match=f"move {MOVES} was seen"):
                resolve(cloud, CHAMPION, trust_in(seen, [cloud]))
        replay(cloud, history[-1])
        assert resolve(cloud, CHAMPION, trust_in(seen, [cloud])).version == 1


def fetch(clouds: Sequence[Cloud], target: Path, trust: Trust) -> Pulled:
    return pull(
        clouds, CHAMPION, target, progress=lambda _: None, begin=lambda _: None, trust=trust
    )


class TestReplay:
    @pytest.fixture
    def clouds(self) -> list[Cloud]:
        return memory_clouds()

    @pytest.fixture
    def history(self, clouds: list[Cloud], make_folder: MakeFolder, state: Path) -> list[bytes]:
        return moved(clouds, make_folder, state)

    def see(self, clouds: Sequence[Cloud], seen: Path) -> Resolved:
        return first_that_answers(clouds, CHAMPION, trust_in(seen, clouds))[0]

    def test_a_pull_writes_nothing_of_an_older_move(
        self, clouds: list[Cloud], history: list[bytes], seen: Path, tmp_path: Path
    ) -> None:
        self.see(clouds, seen)
        for cloud in clouds:
            replay(cloud, history[4])
        with pytest.raises(DamagedError):
            fetch(clouds, tmp_path / "out", trust_in(seen, clouds))
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob("*.pulling"))

    def test_who_never_read_has_nothing_to_hold_against_it(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        replay(clouds[0], history[4])
        assert self.see(clouds, seen).version == json.loads(history[4])["version"]

    def test_a_cloud_of_another_registry_is_not_held_against(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        self.see(clouds[:1], seen)
        replay(clouds[1], history[4])
        self.see(clouds[1:2], seen)
        with pytest.raises(DamagedError):
            resolve(clouds[1], CHAMPION, trust_in(seen, clouds))

    def test_one_alias_says_nothing_of_another(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        self.see(clouds, seen)
        trust = trust_in(seen, clouds)
        assert resolve(clouds[0], parse_reference("penguins"), trust).version == 3
        assert resolve(clouds[0], parse_reference("penguins:1"), trust).version == 1

    def test_allow_stale_accepts_but_does_not_forget(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        self.see(clouds, seen)
        replay(clouds[0], history[4])
        for _ in range(2):
            found = resolve(clouds[0], CHAMPION, trust_in(seen, clouds, allow_stale=True))
            assert found.version == json.loads(history[4])["version"]
            (doubt,) = found.doubts
            assert "serves move 5 of penguins@champion" in doubt
            with pytest.raises(DamagedError, match=f"move {MOVES} was seen"):
                resolve(clouds[0], CHAMPION, trust_in(seen, clouds))

    @pytest.mark.parametrize("allow_stale", [False, True])
    @pytest.mark.parametrize("cloud", [0, 1])
    def test_a_fork_is_never_believed(
        self, clouds: list[Cloud], history: list[bytes], seen: Path, cloud: int, allow_stale: bool
    ) -> None:
        """Not older, but another: the same number cannot mean two moves."""
        self.see(clouds[:1], seen)
        other = json.loads(history[-2])
        fork = forged(history[-1], version=other["version"], manifest=other["manifest"])
        replay(clouds[cloud], fork)
        with pytest.raises(DamagedError, match=f"another move {MOVES}") as caught:
            resolve(clouds[cloud], CHAMPION, trust_in(seen, clouds, allow_stale=allow_stale))
        assert str(seen) in caught.value.hint
        replay(clouds[cloud], history[-1])
        resolve(clouds[cloud], CHAMPION, trust_in(seen, clouds))

    def test_a_new_home_may_count_from_less(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        self.see(clouds, seen)
        replay(clouds[1], forged(history[5], epoch=2))
        resolve(clouds[1], CHAMPION, trust_in(seen, clouds))
        with pytest.raises(DamagedError, match="move 6 of epoch 2 was seen"):
            resolve(clouds[0], CHAMPION, trust_in(seen, clouds))

    def test_a_record_that_leads_nowhere_is_not_remembered(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        """Else anybody could lock all readers out for good."""
        for fields in ({"manifest": "0" * 64}, {"version": 99}):
            replay(clouds[0], forged(history[-1], seq=10**6, **fields))
            with pytest.raises((DamagedError, MissingError)):
                resolve(clouds[0], CHAMPION, trust_in(seen, clouds))
        assert self.see(clouds, seen).alias is not None
        replay(clouds[0], history[-1])
        resolve(clouds[0], CHAMPION, trust_in(seen, clouds))

    def test_a_registry_founded_anew_is_explained(
        self, clouds: list[Cloud], history: list[bytes], seen: Path, make_folder: MakeFolder
    ) -> None:
        self.see(clouds, seen)
        fresh = memory_clouds()
        push(fresh, make_folder({"a": b"new"}), state=seen / "other", aliases=("champion",))
        with pytest.raises(DamagedError) as caught:
            resolve(fresh[0], CHAMPION, trust_in(seen, fresh))
        (path,) = seen.rglob("penguins.json")
        assert f"remove {path}" in caught.value.hint
        path.unlink()
        assert resolve(fresh[0], CHAMPION, trust_in(seen, fresh)).version == 1

    def test_the_gravest_reason_is_told(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        """A cloud without the alias does not hide that another one was turned back."""
        self.see(clouds, seen)
        clouds[0].store.delete(KEY)
        replay(clouds[1], history[0])
        replay(clouds[2], history[1])
        with pytest.raises(DamagedError, match="gcp serves move 1"):
            self.see(clouds, seen)


class TestExpiry:
    AT = "2030-01-01T00:00:00Z"
    BEFORE, AFTER = datetime(2029, 12, 31, tzinfo=UTC), datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC)

    @pytest.fixture
    def clouds(self, make_folder: MakeFolder, state: Path) -> list[Cloud]:
        made = memory_clouds()
        publish_versions(made, make_folder, state)
        step(made, 1, expires=self.AT)
        return made

    def test_by_the_clock(self, clouds: list[Cloud], seen: Path) -> None:
        resolve(clouds[0], CHAMPION, trust_in(seen, clouds, clock=lambda: self.BEFORE))
        late = trust_in(seen, clouds, clock=lambda: self.AFTER)
        with pytest.raises(DamagedError, match=f"expired at {self.AT}") as caught:
            resolve(clouds[0], CHAMPION, late)
        assert "--allow-stale" in caught.value.hint

    def test_allow_stale(self, clouds: list[Cloud], seen: Path) -> None:
        trust = trust_in(seen, clouds, clock=lambda: self.AFTER, allow_stale=True)
        (doubt,) = resolve(clouds[0], CHAMPION, trust).doubts
        assert "expired" in doubt

    def test_a_cloud_that_holds_a_newer_one_back_is_passed_over(
        self, clouds: list[Cloud], seen: Path
    ) -> None:
        old = clouds[0].store.get(KEY)
        step(clouds, 2, expires="2031-01-01T00:00:00Z")
        replay(clouds[0], old)
        late = trust_in(seen, clouds, clock=lambda: self.AFTER)
        found, failed = first_that_answers(clouds, CHAMPION, late)
        assert (found.version, list(failed)) == (2, ["aws"])


class TestRemoved:
    @pytest.fixture
    def clouds(self) -> list[Cloud]:
        return memory_clouds()

    @pytest.fixture
    def history(self, clouds: list[Cloud], make_folder: MakeFolder, state: Path) -> list[bytes]:
        publish_versions(clouds, make_folder, state)
        return [
            *(step(clouds, number % 3 + 1) for number in range(4)),
            step(clouds, 1, removed=True),
        ]

    def test_it_cannot_be_brought_back(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        with pytest.raises(RemovedError) as caught:
            resolve(clouds[0], CHAMPION, trust_in(seen, clouds))
        assert caught.value.exit_code == ExitCode.NOT_FOUND
        for cloud in clouds:
            for body in history[:-1]:
                replay(cloud, body)
                with pytest.raises(DamagedError, match="move 5 was seen"):
                    resolve(cloud, CHAMPION, trust_in(seen, clouds))

    def test_a_cloud_that_is_behind_does_not_undo_it(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        """One command asks several clouds: what the first says counts for the next."""
        for cloud in clouds[1:]:
            replay(cloud, history[-2])
        with pytest.raises(RemovedError):
            first_that_answers(clouds, CHAMPION, trust_in(seen, clouds))

    def test_it_may_be_made_again(
        self, clouds: list[Cloud], history: list[bytes], seen: Path
    ) -> None:
        with pytest.raises(RemovedError):
            resolve(clouds[0], CHAMPION, trust_in(seen, clouds))
        step(clouds, 2)
        assert resolve(clouds[0], CHAMPION, trust_in(seen, clouds)).version == 2


class TestUnwritable:
    """A machine that cannot remember may read, and is told."""

    def test_a_warning(
        self, make_folder: MakeFolder, state: Path, seen: Path, tmp_path: Path
    ) -> None:
        clouds = memory_clouds("aws")
        push(clouds, make_folder({"a": b"1"}), state=state, aliases=("champion",))
        (tmp_path / "file").touch()
        pulled = fetch(clouds, tmp_path / "out", trust_in(tmp_path / "file", clouds))
        assert read_tree(tmp_path / "out") == {"a": b"1"}
        (doubt,) = pulled.resolved.doubts
        assert "cannot be written" in doubt

    def test_it_still_counts_for_this_command(
        self, make_folder: MakeFolder, state: Path, tmp_path: Path
    ) -> None:
        clouds = memory_clouds()
        publish_versions(clouds, make_folder, state)
        old = step(clouds, 1)
        step(clouds, 2)
        (tmp_path / "file").touch()
        trust = trust_in(tmp_path / "file", clouds)
        resolve(clouds[0], CHAMPION, trust)
        replay(clouds[1], old)
        with pytest.raises(DamagedError, match="move 2 was seen"):
            resolve(clouds[1], CHAMPION, trust)


def test_what_was_seen_cannot_be_made_unseen_by_damaging_it(
    make_folder: MakeFolder, state: Path, seen: Path
) -> None:
    clouds = memory_clouds("aws")
    push(clouds, make_folder({"a": b"1"}), state=state, aliases=("champion",))
    resolve(clouds[0], CHAMPION, trust_in(seen, clouds))
    (path,) = seen.rglob("*.json")
    for body in (b"", b"{}", b"[" * 9999, path.read_bytes().replace(b'"store"', b'"stare"')):
        path.write_bytes(body)
        with pytest.raises(Exception, match="cannot be read") as caught:
            resolve(clouds[0], CHAMPION, trust_in(seen, clouds))
        assert str(path) in str(caught.value)
