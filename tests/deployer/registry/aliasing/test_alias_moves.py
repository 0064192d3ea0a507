"""Aliases: one step at a time, nothing lost, followers only ever forward."""

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from deployer.errors import DamagedError, MissingError
from deployer.registry.aliasing.aliases import Move, follow, move, read_alias
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.format.records import AliasRecord, encode
from deployer.registry.reading.resolve import resolve
from providers.driver import Driver
from providers.errors import PermissionDeniedError, StoreError
from providers.faulty import Fault, FaultyDriver
from providers.memory import MemoryDriver
from providers.model import ObjectMeta, PutMode
from providers.prefixed import PrefixedDriver
from providers.store import Store, StoreOptions
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    PUT_OF,
    QUICK,
    alias_log,
    audit,
    contents,
    local_clouds,
    memory_clouds,
    push,
    sha256,
    strict_clouds,
)
from tests.fakes import Fault as StrictFault
from tests.fakes import StrictCloud
from tests.fakes.faults import lose_response

MakeFolder = Callable[[Mapping[str, bytes]], Path]
WORKERS, MOVES = 5, 50


@pytest.fixture
def published(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """Clouds with three versions of penguins."""
    clouds = memory_clouds()
    for number in range(3):
        push(clouds, make_folder({"a": b"%d" % number}), state=state)
    return clouds


def to(home: Cloud, version: int, txn: str | None = None, alias: str = "champion") -> Move:
    manifest = resolve(home, parse_reference(f"penguins:{version}")).digest
    return Move("penguins", alias, version, manifest, 1, txn or str(uuid4()))


def at(cloud: Cloud, alias: str = "champion") -> AliasRecord:
    found = read_alias(cloud, "penguins", alias)
    assert found is not None
    return found[0]


def hammer(open_home: Callable[[], Cloud], moves: int = MOVES) -> list[str]:
    """Move an alias from several threads, each as a process of its own; return the ids."""
    barrier = threading.Barrier(WORKERS)
    ids = [[str(uuid4()) for _ in range(moves)] for _ in range(WORKERS)]

    def work(mine: list[str]) -> None:
        home = open_home()
        barrier.wait(timeout=60)
        for number, txn in enumerate(mine):
            assert move(home, to(home, number % 3 + 1, txn)).txn == txn

    with ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(work, mine) for mine in ids]:
            future.result()
    return [txn for mine in ids for txn in mine]


def check_history(objects: Mapping[str, bytes], ids: list[str]) -> None:
    log = alias_log(objects, "penguins", "champion")
    assert [entry["seq"] for entry in log] == list(range(1, len(ids) + 1))
    assert sorted(entry["txn"] for entry in log) == sorted(ids)
    alias = json.loads(objects["models/penguins/aliases/champion.json"])
    assert alias == log[-1]
    audit(objects)  # the hash chain, among others


class TestNothingIsLost:
    """Five writers, fifty moves each: 250 entries."""

    def test_in_memory(self, published: list[Cloud]) -> None:
        driver = published[0].store.driver
        ids = hammer(lambda: Cloud("aws", Store(driver, QUICK)))
        assert len(ids) == 250
        check_history(contents(published[0]), ids)

    @pytest.mark.parametrize("moves", [10, pytest.param(MOVES, marks=pytest.mark.slow)])
    def test_in_a_folder(
        self, make_folder: MakeFolder, state: Path, tmp_path: Path, moves: int
    ) -> None:
        (home,) = local_clouds(tmp_path / "stores", "aws")
        for number in range(3):
            push([home], make_folder({"a": b"%d" % number}), state=state)
        ids = hammer(lambda: local_clouds(tmp_path / "stores", "aws")[0], moves)
        check_history(contents(home), ids)

    @pytest.mark.parametrize(
        ("name", "moves"),
        [
            pytest.param(name, moves, marks=[pytest.mark.slow] if moves == MOVES else [])
            for name in ("aws", "gcp", "azure")
            for moves in (8, MOVES)
        ],
    )
    def test_over_the_wire(
        self, strict: StrictCloud, make_folder: MakeFolder, state: Path, name: str, moves: int
    ) -> None:
        (home,) = strict_clouds(name)
        for number in range(3):
            push([home], make_folder({"a": b"%d" % number}), state=state)
        dialect = DIALECTS[name]
        strict.script(
            *(
                StrictFault(
                    lose_response(), dialect=dialect, operation=PUT_OF[dialect], key=key, nth=nth
                )
                for key in ("*/champion.json", "*/champion.log/*")
                for nth in (1, 4, 9)
            )
        )
        ids = hammer(lambda: strict_clouds(name, options=StoreOptions())[0], moves)
        check_history(strict.objects(dialect, BUCKET), ids)


class TestUnfinishedMoves:
    @pytest.mark.parametrize("earlier", [0, 1, 4])
    def test_a_writer_that_died_after_its_log_entry(
        self, published: list[Cloud], earlier: int
    ) -> None:
        home = published[0]
        for number in range(earlier):
            move(home, to(home, number % 3 + 1))
        script = [Fault(op="put", kind="denied", key="*/champion.json")]
        dying = Cloud("aws", Store(FaultyDriver(home.store.driver, script), QUICK))
        lost = to(home, 2)
        with pytest.raises(PermissionDeniedError):
            move(dying, lost)
        before = read_alias(home, "penguins", "champion")
        assert (before[0].seq if before else 0) == earlier
        mine = move(home, to(home, 3))
        log = alias_log(contents(home), "penguins", "champion")
        assert [entry["txn"] for entry in log[-2:]] == [lost.txn, mine.txn]
        assert at(home) == mine
        assert mine.seq == earlier + 2
        audit(contents(home))

    def test_a_slow_writer_does_not_pull_the_alias_back(self, published: list[Cloud]) -> None:
        """Its entry is in the log; others finish its move and go on before it writes the alias."""
        home = published[0]
        newer: list[AliasRecord] = []
        meddled = Meddled(home.store.driver, lambda: newer.append(move(home, to(home, 3))))
        slow = move(Cloud("aws", Store(meddled, QUICK)), to(home, 2))
        assert (slow.seq, newer[0].seq) == (1, 2)
        assert at(home) == newer[0]

    def test_repeated_by_its_own_writer_it_is_the_same_move(self, published: list[Cloud]) -> None:
        home = published[0]
        script = [Fault(op="put", kind="denied", key="*/champion.json")]
        dying = Cloud("aws", Store(FaultyDriver(home.store.driver, script), QUICK))
        wanted = to(home, 2)
        with pytest.raises(PermissionDeniedError):
            move(dying, wanted)
        assert [move(home, wanted).seq for _ in range(3)] == [1, 1, 1]
        assert len(alias_log(contents(home), "penguins", "champion")) == 1

    def test_a_lost_alias_is_rebuilt_from_its_log(self, published: list[Cloud]) -> None:
        home = published[0]
        for number in range(4):
            move(home, to(home, number % 3 + 1))
        home.store.delete(layout.alias("penguins", "champion"))
        assert move(home, to(home, 2)).seq == 5
        assert audit(contents(home)) == {"penguins": [1, 2, 3]}

    @pytest.mark.parametrize("wrong", ["alias", "model", "seq", "prev", "format"])
    def test_an_entry_that_does_not_belong_there_is_not_followed(
        self, published: list[Cloud], wrong: str
    ) -> None:
        home = published[0]
        first = move(home, to(home, 1))
        fields = {name: getattr(first, name) for name in first.__struct_fields__}
        fields |= {"seq": 2, "prev": sha256(encode(first)), "version": 2, "txn": str(uuid4())}
        foreign = {"alias": "prod", "model": "evil", "seq": 9, "prev": "0" * 64, "format": 1}[wrong]
        body = encode(AliasRecord(**fields | {wrong: foreign}))
        if wrong == "format":
            body = body.replace(b'"format":1', b'"format":2')
        home.store.put(layout.alias_log("penguins", "champion", 2), body, mode="create")
        before = contents(home)
        with pytest.raises(DamagedError):
            move(home, to(home, 3))
        assert contents(home) == before


class TestFollowers:
    def test_they_get_the_whole_history(self, published: list[Cloud]) -> None:
        home, *followers = published
        for number in range(7):
            move(home, to(home, number % 3 + 1))
        assert follow(home, followers, at(home)) == {}
        keys = [key for key in contents(home) if "champion" in key]
        assert len(keys) == 8
        for cloud in followers:
            assert {k: contents(cloud)[k] for k in keys} == {k: contents(home)[k] for k in keys}

    def test_never_backward(self, published: list[Cloud]) -> None:
        home, *followers = published
        old = move(home, to(home, 1))
        new = move(home, to(home, 3))
        assert follow(home, followers, new) == {}
        assert follow(home, followers, old) == {}
        assert [at(cloud) for cloud in followers] == [new, new]

    def test_only_where_the_version_exists(self, published: list[Cloud]) -> None:
        home, *followers = published
        first = move(home, to(home, 1))
        follow(home, followers, first)
        followers[0].store.delete(layout.version("penguins", 3))
        newer = move(home, to(home, 3))
        behind = follow(home, followers, newer)
        assert list(behind) == ["gcp"]
        assert isinstance(behind["gcp"], DamagedError)
        assert [at(cloud) for cloud in followers] == [first, newer]

    def test_a_follower_that_is_down_is_named(self, published: list[Cloud]) -> None:
        home, gcp, azure = published
        script = [Fault(op="put", kind="unavailable", count=9)]
        broken = Cloud("gcp", Store(FaultyDriver(gcp.store.driver, script), QUICK))
        behind = follow(home, [broken, azure], move(home, to(home, 2)))
        assert list(behind) == ["gcp"]
        assert isinstance(behind["gcp"], StoreError)
        assert at(azure).version == 2

    def test_another_history_is_not_overwritten(self, published: list[Cloud]) -> None:
        home, gcp, _ = published
        theirs = move(gcp, to(gcp, 3))
        before = contents(gcp)
        for number in range(3):
            ours = move(home, to(home, number % 3 + 1))
        assert isinstance(follow(home, [gcp], ours)["gcp"], DamagedError)
        assert at(gcp) == theirs
        assert contents(gcp) == before

    def test_an_entry_of_another_history_is_not_overwritten(self, published: list[Cloud]) -> None:
        """A log entry without its alias yet: its writer died."""
        home, gcp, _ = published
        ours = move(home, to(home, 1))
        fields = {name: getattr(ours, name) for name in ours.__struct_fields__}
        theirs = encode(AliasRecord(**fields | {"version": 2, "txn": str(uuid4())}))
        gcp.store.put(layout.alias_log("penguins", "champion", 1), theirs, mode="create")
        before = contents(gcp)
        assert isinstance(follow(home, [gcp], ours)["gcp"], DamagedError)
        assert contents(gcp) == before

    def test_a_slower_process_with_an_older_move_does_not_stop_this_one(
        self, published: list[Cloud]
    ) -> None:
        """It writes its older record between our read and our write: we must write again."""
        home, gcp, _ = published
        follow(home, [gcp], move(home, to(home, 1)))
        older = move(home, to(home, 2))
        newer = move(home, to(home, 3))
        meddled = Meddled(gcp.store.driver, lambda: follow(home, [gcp], older))
        assert follow(home, [Cloud("gcp", Store(meddled, QUICK))], newer) == {}
        assert meddled.act is None
        assert at(gcp) == newer

    def test_many_processes_move_and_copy(self, published: list[Cloud]) -> None:
        drivers = [cloud.store.driver for cloud in published]

        def work(number: int) -> None:
            home, *followers = (Cloud(d.url, Store(d, QUICK)) for d in drivers)
            for turn in range(15):
                moved = move(home, to(home, (number + turn) % 3 + 1))
                assert follow(home, followers, moved) == {}

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(work, range(WORKERS)))
        assert [at(cloud).seq for cloud in published] == [WORKERS * 15] * 3
        assert len({at(cloud).txn for cloud in published}) == 1
        for cloud in published:
            audit(contents(cloud))


class Meddled(PrefixedDriver):
    """Runs something once, just before the alias itself is written."""

    def __init__(self, driver: Driver, act: Callable[[], object]) -> None:
        super().__init__(driver, "")
        self.act: Callable[[], object] | None = act

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        if key.endswith("champion.json") and self.act is not None:
            act, self.act = self.act, None
            act()
        return super().put(key, body, mode=mode, metadata=metadata)


class TestReading:
    def test_the_record_of_another_alias_is_refused(self, published: list[Cloud]) -> None:
        home = published[0]
        move(home, to(home, 1))
        body = contents(home)[layout.alias("penguins", "champion")]
        home.store.put(layout.alias("penguins", "prod"), body, mode="create")
        with pytest.raises(DamagedError, match="penguins@champion"):
            read_alias(home, "penguins", "prod")

    def test_an_expired_record_is_not_trusted(self, published: list[Cloud]) -> None:
        home = published[0]
        first = move(home, to(home, 1))
        fields = {name: getattr(first, name) for name in first.__struct_fields__}
        for year, trusted in ((2001, False), (2999, True)):
            record = AliasRecord(**fields | {"expires": f"{year}-01-01T00:00:00Z"})
            home.store.put(layout.alias("penguins", "champion"), encode(record), mode="overwrite")
            if trusted:
                assert resolve(home, parse_reference("penguins@champion")).version == 1
            else:
                with pytest.raises(DamagedError, match="expired"):
                    resolve(home, parse_reference("penguins@champion"))

    def test_no_alias(self, published: list[Cloud]) -> None:
        assert read_alias(published[0], "penguins", "champion") is None
        with pytest.raises(MissingError, match="champion"):
            resolve(published[0], parse_reference("penguins@champion"))

    def test_it_takes_the_same_number_of_requests_whatever_the_history(
        self, published: list[Cloud]
    ) -> None:
        home = published[0]
        driver = home.store.driver
        assert isinstance(driver, MemoryDriver)
        counts = []
        for _ in range(3):
            for number in range(5):
                move(home, to(home, number % 3 + 1))
            counted = Counting(driver)
            move(Cloud("aws", Store(counted, QUICK)), to(home, 1))
            counts.append(counted.calls)
        assert counts[0] == counts[1] == counts[2] <= 5


class Counting(PrefixedDriver):
    """Counts reads and writes."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver, "")
        self.calls = 0

    def __getattribute__(self, name: str) -> object:
        if name in {"put", "get", "head", "delete", "list", "list_dir"}:
            self.calls += 1
        return super().__getattribute__(name)
