"""A deletion and moves of aliases at the same time: no alias is left without its version."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.errors import DeployerError, PolicyError
from deployer.registry.aliasing.aliases import Move, move, read_alias
from deployer.registry.cloud import Cloud
from deployer.registry.deleting.deletions import DeletedError
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.resolve import resolve
from providers.memory import MemoryDriver
from providers.store import Store
from tests.deployer.registry.deleting.delete_kit import STEP, TIMEOUT, MakeFolder
from tests.deployer.registry.publishing.test_publish_races import Interrupting
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    QUICK,
    alias_log,
    audit,
    contents,
    folder_of,
    memory_clouds,
    push,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.deployer.upkeep.gc_kit import (
    CrashError,
    Fuse,
    Hold,
    Unconditional,
    deleted,
    outcome,
    pointed,
    sharing,
)
from tests.fakes import StrictCloud


def test_a_move_that_meets_a_claim_is_taken_back(make_folder: MakeFolder, state: Path) -> None:
    """Also when the deleter has died: nobody follows the entry until it is decided."""
    clouds = memory_clouds()
    for number in (1, 2, 3):
        aliases = ("champion",) if number == 2 else ()
        push(clouds, make_folder({"a": b"%d" % number}), state=state, aliases=aliases)
    died_after_claim(clouds, state)
    for alias in ("champion", "fresh"):
        with pytest.raises(DeletedError, match=r"is being deleted by .* since"):
            pointed(clouds, alias, 1, state=state)
    log = alias_log(contents(clouds[0]), "penguins", "champion")
    assert [entry["version"] for entry in log] == [2, 1, 2]
    fresh = alias_log(contents(clouds[0]), "penguins", "fresh")
    assert [entry.get("removed", False) for entry in fresh] == [False, True]
    assert pointed(clouds, "champion", 3, state=state).record.seq == 4
    assert deleted(clouds, 1, state=state).created
    for cloud in clouds:
        assert audit(contents(cloud)) == {"penguins": [2, 3]}
        assert resolve(cloud, parse_reference("penguins@champion")).version == 3


def died_after_claim(clouds: Sequence[Cloud], state: Path) -> None:
    """Leave the claim of a deleter of version 1 that got no further."""
    for requests in range(100):
        with pytest.raises(CrashError):
            deleted(sharing(clouds, Fuse(requests)), 1, state=state)
        if layout.deleted("penguins", 1) in contents(clouds[0]):
            return
    raise AssertionError("there was no claim")


def test_a_claim_that_met_an_alias_is_withdrawn(make_folder: MakeFolder, state: Path) -> None:
    """The alias was moved before the claim, its mover died before it followed its log."""
    clouds = memory_clouds()
    for number in (1, 2, 3):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    died_after_claim(clouds, state)
    wanted = move_that_dies(clouds, contents(clouds[0]))
    with pytest.raises(PolicyError, match="champion on aws points at penguins:1"):
        deleted(clouds, 1, state=state)
    assert layout.deleted("penguins", 1) not in contents(clouds[0])
    assert move(clouds[0], wanted).seq == 1  # now it may
    assert audit(contents(clouds[0])) == {"penguins": [1, 2, 3]}
    found = read_alias(clouds[0], "penguins", "champion")
    assert found is not None
    assert found[0].version == 1


def test_a_claim_stays_where_it_cannot_be_withdrawn(make_folder: MakeFolder, state: Path) -> None:
    """Without a conditional delete; then aliases keep away until a repetition decides."""
    clouds = memory_clouds("aws")
    for number in (1, 2, 3):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    died_after_claim(clouds, state)
    move_that_dies(clouds, contents(clouds[0]))
    plain = [Cloud("aws", Store(Unconditional(clouds[0].store.driver), QUICK))]
    with pytest.raises(PolicyError, match="champion"):
        deleted(plain, 1, state=state)
    pointed(plain, "champion", 2, state=state)
    with pytest.raises(DeletedError):
        pointed(plain, "champion", 1, state=state)
    assert deleted(plain, 1, state=state).created
    assert audit(contents(clouds[0])) == {"penguins": [2, 3]}


def move_that_dies(clouds: Sequence[Cloud], objects: Mapping[str, bytes]) -> Move:
    """Leave the log entry of a move of champion to version 1; nobody has followed it."""
    record = json.loads(objects[layout.version("penguins", 1)])
    wanted = Move(
        model="penguins",
        alias="champion",
        version=1,
        manifest=record["manifest"],
        epoch=1,
        txn="0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b11",
    )
    # The fuse lets the entry be written, and no look for a deletion.
    with pytest.raises(CrashError):
        move(sharing(clouds, Fuse(3))[0], wanted)
    assert len(alias_log(contents(clouds[0]), "penguins", "champion")) == 1
    return wanted


def test_a_mover_that_stalls_before_its_last_step(make_folder: MakeFolder, state: Path) -> None:
    """Meanwhile its entry is taken back by another mover, who dies, and the version is deleted."""
    drivers = {name: MemoryDriver(name) for name in RACERS}
    clouds = [Cloud(name, Store(driver, QUICK)) for name, driver in drivers.items()]
    for number in (1, 2, 3):
        aliases = ("champion",) if number == 2 else ()
        push(clouds, make_folder({"a": b"%d" % number}), state=state, aliases=aliases)

    def meanwhile() -> None:
        died_after_claim(clouds, state)
        for requests in range(50):
            with contextlib.suppress(CrashError):
                pointed(sharing(clouds, Fuse(requests)), "champion", 3, state=state)
            if len(alias_log(contents(clouds[0]), "penguins", "champion")) == 3:
                break
        assert deleted(clouds, 1, state=state).created

    key = layout.alias("penguins", "champion")
    slow = Interrupting(drivers["aws"], key, meanwhile)
    with pytest.raises(DeletedError):
        pointed([Cloud("aws", Store(slow, QUICK)), clouds[1]], "champion", 1, state=state)
    assert slow.act is None
    for cloud in clouds:
        assert audit(contents(cloud)) == {"penguins": [2, 3]}
    log = alias_log(contents(clouds[0]), "penguins", "champion")
    assert [entry["version"] for entry in log] == [2, 1, 2]


RACERS = ("aws", "gcp")


Act = Callable[["Race", Sequence[Cloud]], object]


class Race:
    """Two clouds, three versions, champion at the second; the first is deleted and pointed at."""

    def __init__(self, strict: StrictCloud, folder: Path) -> None:
        self.strict = strict
        self.state = folder / "state"
        self.clouds = strict_clouds(*RACERS)
        for number in (1, 2, 3):
            root = folder_of(folder / str(number), {"a": b"%d" % number})
            aliases = ("champion",) if number == 2 else ()
            push(self.clouds, root, state=self.state, aliases=aliases)
        self.seen_wrong: list[str] = []
        strict.on_response(lambda *_: self.look())

    def look(self) -> None:
        """Check that a reader of each cloud, now, finds only what is whole."""
        for name in RACERS:
            try:
                audit(self.strict.objects(DIALECTS[name], BUCKET))
            except (AssertionError, KeyError) as error:
                self.seen_wrong.append(f"{name}: {error!r}")

    def delete(self, clouds: Sequence[Cloud]) -> object:
        return outcome(deleted, clouds, 1, state=self.state)

    def delete_again(self, clouds: Sequence[Cloud]) -> object:
        return outcome(deleted, clouds, 1, state=self.state)

    def point(self, clouds: Sequence[Cloud]) -> object:
        return outcome(pointed, clouds, "champion", 1, state=self.state)

    def create(self, clouds: Sequence[Cloud]) -> object:
        return outcome(pointed, clouds, "fresh", 1, state=self.state)

    def there_and_back(self, clouds: Sequence[Cloud]) -> object:
        """Point at it and away again: whoever is late must not follow any more."""
        outcome(pointed, clouds, "champion", 1, state=self.state)
        return outcome(pointed, clouds, "champion", 3, state=self.state)

    def check(self, first: object, second: object) -> None:
        for _ in range(2):
            for name in RACERS:
                audit(self.strict.objects(DIALECTS[name], BUCKET))
            outcome(deleted, self.clouds, 1, state=self.state)
        assert self.seen_wrong == []
        home = self.strict.objects("s3", BUCKET)
        if isinstance(first, DeployerError) and isinstance(second, DeployerError):
            return
        gone = layout.version("penguins", 1) not in home
        champion = json.loads(home[layout.alias("penguins", "champion")])
        assert not (gone and champion["version"] == 1 and not champion.get("removed"))
        assert gone == (layout.deleted("penguins", 1) in home)


@contextmanager
def race(folder: Path) -> Iterator[Race]:
    with strict_cloud() as strict, pytest.MonkeyPatch.context() as patch:
        for name, value in strict_environment(strict).items():
            patch.setenv(name, value)
        made = Race(strict, folder)
        yield made
        for cloud in made.clouds:
            cloud.store.close()


def run_race(folder: Path, held: Act, other: Act, nth: int, *, carried_out: bool) -> bool:
    """Hold the nth request of one act for the time of the other; return whether there is one."""
    with race(folder) as made, ThreadPoolExecutor(2) as pool:
        mine, others = strict_clouds(*RACERS), strict_clouds(*RACERS)
        hold = Hold(made.strict, nth, carried_out=carried_out)
        first: Future[object] = pool.submit(held, made, mine)
        while not hold.reached.is_set() and not first.done():
            hold.reached.wait(0.002)
        reached = hold.reached.is_set()
        if not reached:
            hold.go.set()  # it would be a request of the other
        second: Future[object] = pool.submit(other, made, others)
        wait([second], timeout=TIMEOUT)
        hold.go.set()
        made.check(first.result(timeout=TIMEOUT), second.result(timeout=TIMEOUT))
        for cloud in (*mine, *others):
            cloud.store.close()
    return reached


def run_races(folder: Path, held: Act, other: Act, step: int, offset: int = 0) -> None:
    nth = 1 + offset
    while True:
        reached = [
            run_race(folder / f"{nth}-{carried_out}", held, other, nth, carried_out=carried_out)
            for carried_out in ((True, False) if step == 1 else (nth % 2 == 0,))
        ]
        if not all(reached):
            break
        nth += step
    assert nth > 10


PAIRS = {
    "move-in-delete": (Race.delete, Race.point),
    "delete-in-move": (Race.point, Race.delete),
    "new-alias-in-delete": (Race.delete, Race.create),
    "delete-in-new-alias": (Race.create, Race.delete),
    "there-and-back-in-delete": (Race.delete, Race.there_and_back),
    "delete-in-there-and-back": (Race.there_and_back, Race.delete),
    "delete-in-delete": (Race.delete, Race.delete_again),
}


@pytest.mark.parametrize("pair", ["move-in-delete", "delete-in-move", "delete-in-there-and-back"])
def test_deletion_and_move_at_some_requests(tmp_path: Path, pair: str) -> None:
    run_races(tmp_path, *PAIRS[pair], STEP)


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS)
def test_deletion_and_move_at_every_request(tmp_path: Path, pair: str) -> None:
    run_races(tmp_path, *PAIRS[pair], 1)


def test_three_at_once(tmp_path: Path) -> None:
    """Two deleters and a mover, over and over."""
    for number in range(3):
        with race(tmp_path / str(number)) as made, ThreadPoolExecutor(3) as pool:
            acts = (made.delete, made.delete_again, made.point)
            done = list(pool.map(lambda act: act(strict_clouds(*RACERS)), acts))
            made.check(done[0], done[2])
