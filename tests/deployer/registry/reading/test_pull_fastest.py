"""`--from fastest`: all clouds at once, the newest record, and nobody waits for a silent cloud."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deployer.errors import DamagedError, MissingError, PolicyError
from deployer.registry.aliasing.aliases import Move, follow, move
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.fastest import fastest_that_answers
from deployer.registry.reading.memory import Memory
from deployer.registry.reading.pull import Pulled, pull
from deployer.registry.reading.resolve import RemovedError, resolve
from deployer.registry.reading.trust import Trust
from providers.driver import Driver
from providers.errors import StoreError
from providers.faulty import Fault, FaultyDriver
from providers.model import ByteRange, Read, Version
from providers.store import Store
from tests.deployer.registry.registry_kit import QUICK, memory_clouds, push, read_tree, sha256

MakeFolder = Callable[[Mapping[str, bytes]], Path]
FILES = {"a": b"1", "b": b"two"}
LATEST = parse_reference("penguins")
CHAMPION = parse_reference("penguins@champion")
LONG = 30.0


class Slow(FaultyDriver):
    """Reads nothing before it is let go."""

    def __init__(self, driver: Driver, go: threading.Event) -> None:
        super().__init__(driver)
        self.go = go

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        assert self.go.wait(LONG)
        with super().get(key, range=range, if_match=if_match) as read:
            yield read


def slow(cloud: Cloud, go: threading.Event) -> Cloud:
    return Cloud(cloud.name, Store(Slow(cloud.store.driver, go), QUICK))


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event that comes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def clouds(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    made = memory_clouds()
    push(made, make_folder(FILES), state=state, aliases=("champion",))
    return made


def fetch(clouds: list[Cloud], target: Path, reference: str = "penguins", **more: Any) -> Pulled:
    return pull(
        clouds,
        parse_reference(reference),
        target,
        progress=lambda _: None,
        begin=lambda _: None,
        fastest=True,
        **more,
    )


@pytest.mark.parametrize("quick", [0, 1, 2])
def test_nobody_waits_for_silent_clouds(
    clouds: list[Cloud], never: threading.Event, tmp_path: Path, quick: int
) -> None:
    asked = [c if number == quick else slow(c, never) for number, c in enumerate(clouds)]
    started = time.monotonic()
    pulled = fetch(asked, tmp_path / "out")
    assert time.monotonic() - started < LONG / 2
    assert read_tree(tmp_path / "out") == FILES
    assert pulled.sources == {clouds[quick].name: 2}
    assert pulled.skipped == {}


def move_champion(clouds: list[Cloud], **fields: Any) -> None:
    manifest = resolve(clouds[0], LATEST)
    assert manifest.version is not None
    wanted = Move(
        "penguins", "champion", manifest.version, manifest.digest, 1, str(uuid4()), **fields
    )
    record = move(clouds[0], wanted)
    follow(clouds[0], clouds[1:], record)


def test_the_newest_of_the_quick_ones_counts(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    push(clouds, make_folder({"a": b"2"}), state=state)
    move_champion(clouds[:1])
    found, race = fastest_that_answers(clouds, CHAMPION, grace=LONG)
    assert (found.cloud.name, found.version) == ("aws", 2)
    assert race.order[0].name == "aws"
    assert set(race.order) == set(clouds)


def test_a_record_that_was_held_back_is_refused_here_too(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path, tmp_path: Path
) -> None:
    addresses = {cloud.name: cloud.store.url for cloud in clouds}
    trust = Trust(memory=Memory(tmp_path / "trust", addresses))
    old = clouds[2].store.get(layout.alias("penguins", "champion"))
    push(clouds, make_folder({"a": b"2"}), state=state)
    move_champion(clouds)
    fastest_that_answers(clouds, CHAMPION, trust)
    clouds[2].store.put(layout.alias("penguins", "champion"), old, mode="overwrite")
    found, race = fastest_that_answers(clouds, CHAMPION, trust, grace=LONG)
    assert (found.version, list(race.failed)) == (2, ["azure"])
    with pytest.raises(DamagedError, match="move 2 was seen"):
        fastest_that_answers(clouds[2:], CHAMPION, trust)


def test_a_removal_is_the_newest_record_too(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path
) -> None:
    move_champion(clouds[:2], removed=True)
    with pytest.raises(RemovedError):
        fastest_that_answers(clouds, CHAMPION, grace=LONG)


def test_two_clouds_that_contradict_each_other(clouds: list[Cloud]) -> None:
    key = layout.alias("penguins", "champion")
    body = clouds[1].store.get(key)
    other = body.replace(b'"by":"', b'"by":"not-')
    clouds[1].store.put(key, other, mode="overwrite")
    with pytest.raises(DamagedError, match="different moves 1"):
        fastest_that_answers(clouds, CHAMPION, grace=LONG)


def test_clouds_that_fail_are_passed_over(clouds: list[Cloud], tmp_path: Path) -> None:
    denied = FaultyDriver(clouds[0].store.driver, [Fault("get", "denied", count=99)])
    clouds[1].store.put(layout.alias("penguins", "latest"), b"nonsense", mode="overwrite")
    asked = [Cloud("aws", Store(denied, QUICK)), *clouds[1:]]
    found, race = fastest_that_answers(asked, LATEST, grace=LONG)
    assert found.cloud.name == "azure"
    assert [cloud.name for cloud in race.order] == ["azure"]
    assert set(race.failed) == {"aws", "gcp"}


def test_a_lying_cloud_is_replaced_by_the_next(clouds: list[Cloud], tmp_path: Path) -> None:
    clouds[0].store.put(layout.blob(sha256(b"two")), b"owt", mode="overwrite")
    clouds[1].store.put(layout.blob(sha256(b"two")), b"owt", mode="overwrite")
    pulled = fetch(clouds, tmp_path / "out", "penguins:1")
    assert read_tree(tmp_path / "out") == FILES
    assert "azure" in pulled.sources


def test_all_fail(clouds: list[Cloud]) -> None:
    for reference in ("pinguins", "penguins:7", "penguins@prod", f"p@sha256:{'0' * 64}"):
        with pytest.raises(MissingError):
            fastest_that_answers(clouds, parse_reference(reference))
    script = [Fault("get", "unavailable", count=99)]
    down = [Cloud(c.name, Store(FaultyDriver(c.store.driver, script), QUICK)) for c in clouds]
    with pytest.raises(StoreError):
        fastest_that_answers(down, LATEST)


def test_a_rule_of_the_users_ends_it(clouds: list[Cloud], tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="not here"):
        fetch(clouds, tmp_path / "out", trust=Trust(place=lambda _: "not here"))
    assert not (tmp_path / "out").exists()


def test_a_mistake_of_ours_is_not_hidden(
    clouds: list[Cloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fastest_that_answers(clouds, LATEST, Trust(cloud_place=lambda *_: broken()))
