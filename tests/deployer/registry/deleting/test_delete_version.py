"""Taking a version back: on every cloud as one act, repeatable, and never under an alias."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.drills.estate.warm import Host
from deployer.errors import DeployerError, MissingError, PolicyError, UsageError
from deployer.registry.aliasing.aliases import Move, move, read_alias
from deployer.registry.aliasing.pointing import Order, remove
from deployer.registry.cloud import Cloud
from deployer.registry.deleting.delete import number_of
from deployer.registry.deleting.deletions import DeletedError
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.resolve import resolve
from providers.errors import StoreError
from providers.memory import MemoryDriver
from providers.store import Store
from tests.deployer.registry.cli_kit import DEPLOYER, World
from tests.deployer.registry.dropping_proxy import Guillotine
from tests.deployer.registry.publishing.test_publish_races import Interrupting
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
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
    versions_of,
)
from tests.fakes import StrictCloud
from tests.fakes.faults import Fault, status

MakeFolder = Callable[[Mapping[str, bytes]], Path]
TIMEOUT = 60
STEP = 11  # of the quick variants: every eleventh request


@pytest.fixture
def three(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """Three versions; champion is the first."""
    clouds = memory_clouds()
    publish_three(clouds, make_folder, state)
    return clouds


def publish_three(clouds: list[Cloud], make_folder: MakeFolder, state: Path) -> None:
    for number in (1, 2, 3):
        aliases = ("champion",) if number == 1 else ()
        push(clouds, make_folder({"a": b"%d" % number}), state=state, aliases=aliases)


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


# Together with moves of aliases


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


# Crashes


def test_a_crash_at_every_request(make_folder: MakeFolder, tmp_path: Path) -> None:
    """In memory: whatever was done, all is whole, and the same command finishes it."""
    roots = [make_folder({"a": b"%d" % number}) for number in (1, 2)]
    for carried_out in (False, True):
        for requests in range(200):
            clouds = memory_clouds("aws", "gcp")
            state = tmp_path / f"{carried_out}-{requests}"
            for root in roots:
                push(clouds, root, state=state)
            try:
                deleted(sharing(clouds, Fuse(requests, carried_out=carried_out)), 1, state=state)
                break
            except CrashError:
                pass
            for cloud in clouds:
                assert audit(contents(cloud))["penguins"][-1] == 2
            assert deleted(clouds, 1, state=state).behind == {}
            for cloud in clouds:
                assert versions_of(contents(cloud)) == {2: {"a": b"2"}}
        assert 15 < requests < 100


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


def killed(host: Host, folder: Path, nth: int, *, carried_out: bool) -> bool:
    """Kill `deployer delete` at its nth request, run it again; return whether it got that far."""
    command = ["delete", "penguins:1", "--yes", "-o", "json", "--clouds", "aws,gcp,azure"]
    with strict_cloud() as strict, pytest.MonkeyPatch.context() as patch:
        environment = strict_environment(strict) | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        clouds = strict_clouds()
        for number in (1, 2):
            root = folder_of(folder / str(number), {"a": b"%d" % number})
            push(clouds, root, state=folder / "state" / "deployer")
        blade = Guillotine([strict], nth, carried_out=carried_out)
        job = host.start(command, environment, folder)
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(job.wait)
            while not blade.reached.is_set() and not ended.done():
                blade.reached.wait(0.005)
            if not blade.reached.is_set():
                assert ended.result() == 0, job.stderr
                return False
            os.kill(job.pid, signal.SIGKILL)
            assert ended.result(timeout=TIMEOUT) == -signal.SIGKILL
        blade.go.set()
        for dialect in DIALECTS.values():
            assert audit(strict.objects(dialect, BUCKET))["penguins"][-1] == 2
        job = host.start(command, environment, folder)
        assert job.wait() == 0, job.stderr
        assert json.loads(job.stdout)["behind"] == {}
        for dialect in DIALECTS.values():
            assert audit(strict.objects(dialect, BUCKET)) == {"penguins": [2]}
    return True


def killed_at(host: Host, folder: Path, step: int, modes: tuple[bool, ...]) -> None:
    nth = 1
    while all(killed(host, folder / f"{nth}-{mode}", nth, carried_out=mode) for mode in modes):
        nth += step
    assert nth > 30


def test_killed_at_some_requests(host: Host, tmp_path: Path) -> None:
    killed_at(host, tmp_path, 12, (True,))


@pytest.mark.slow
def test_killed_at_every_request(host: Host, tmp_path: Path) -> None:
    killed_at(host, tmp_path, 1, (False, True))


# The command


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    for number in (b"1", b"2", b"3"):
        made.invoke("push", str(made.model({"a": number})), "penguins").ok()
    return made


def test_command_and_what_readers_are_told(world: World) -> None:
    done = world.invoke(
        "delete", "penguins:2", "--yes", "--note", "the wrong table", "-o", "json"
    ).ok()
    assert (done.json["version"], done.json["deleted"]) == (2, True)
    assert (done.json["clouds"], done.json["behind"]) == (list(NAMES), {})
    line = world.invoke("pull", "penguins:2", "out").failed(6)
    assert "penguins:2 was deleted at " in line
    assert ": the wrong table" in line
    again = world.invoke("delete", "penguins:2", "--yes").ok()
    assert "penguins:2 was deleted at" in again.err
    assert "newest" in world.invoke("delete", "penguins", "--yes").failed(5)
    world.invoke("alias", "set", "penguins", "champion", "1").ok()
    assert "champion" in world.invoke("delete", "penguins:1", "-y").failed(5)
    audited = world.invoke("audit", "--act", "delete", "-o", "json").ok().json
    assert [entry["outcome"] for entry in audited] == ["done", "done", "refused", "refused"]


def test_nobody_there_to_be_asked(world: World) -> None:
    before = world.everything()
    assert "--yes" in world.invoke("delete", "penguins:2").failed(2)
    assert world.everything() == before


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 8), ("", 8)])
def test_asked_on_a_terminal(world: World, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [DEPLOYER, "delete", "penguins:2"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(theirs)
    os.write(ours, answer.encode() or b"\x04")
    out, err = process.communicate(timeout=TIMEOUT)
    os.close(ours)
    assert "Delete penguins:2 on aws, gcp, azure?" in err
    assert (process.returncode, out) == (code, ""), err
    gone = not (world.store("aws") / layout.version("penguins", 2)).exists()
    assert gone == (code == 0)


def test_a_store_error_is_not_swallowed(
    strict: StrictCloud, make_folder: MakeFolder, state: Path
) -> None:
    clouds = strict_clouds()
    for number in (1, 2):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    denied = Fault(status(403), dialect="s3", key="models/*/deleted/*", count=None)
    with strict.script(denied), pytest.raises(StoreError):
        deleted(clouds, 1, state=state)
    assert audit(strict.objects("s3", BUCKET)) == {"penguins": [1, 2]}


def test_a_number_that_was_given_and_deleted_is_not_given_again(
    make_folder: MakeFolder, state: Path
) -> None:
    """A publisher stops before its commit; meanwhile others use the number, and delete it."""
    drivers = {name: MemoryDriver(name) for name in NAMES}
    clouds = [Cloud(name, Store(driver, QUICK)) for name, driver in drivers.items()]
    push(clouds, make_folder({"a": b"1"}), state=state)

    def others() -> None:
        for body in (b"2", b"3"):
            push(sharing(clouds), make_folder({"a": body}), state=state / "other")
        deleted(sharing(clouds), 2, state=state / "other")

    meddled = Interrupting(drivers["aws"], layout.version("penguins", 2), others)
    mine = [Cloud("aws", Store(meddled, QUICK)), *clouds[1:]]
    folder = make_folder({"a": b"mine"})
    with pytest.raises(DeployerError, match="penguins:2 was published and deleted by others"):
        push(mine, folder, state=state, aliases=("champion",))
    for cloud in clouds:
        assert audit(contents(cloud)) == {"penguins": [1, 3]}
    assert push(clouds, folder, state=state, aliases=("champion",)).version == 4
    for cloud in clouds:
        assert audit(contents(cloud)) == {"penguins": [1, 3, 4]}
