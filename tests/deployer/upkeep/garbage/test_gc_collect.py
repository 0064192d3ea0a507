"""What is garbage, what is not, and when it may be removed: on one cloud, with a clock to turn."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from deployer.errors import CloudError, DamagedError, FailedError, MissingError, TimedOutError
from deployer.registry.aliasing.pointing import Order, remove
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import Sweep, encode
from deployer.registry.publishing import sweeps
from deployer.registry.publishing.sweeps import LEASE, SAFE, Lease, announce, server_time, sweeping
from deployer.upkeep.garbage import collect as collecting
from deployer.upkeep.garbage import tombstones
from deployer.upkeep.garbage.collect import Collected, Collection, collect
from providers.errors import NotFoundError
from providers.store import Store
from tests.deployer.registry.registry_kit import (
    BUCKET,
    PUT_OF,
    QUICK,
    audit,
    contents,
    push,
    sha256,
    strict_clouds,
)
from tests.deployer.upkeep.gc_kit import (
    AGE,
    DAY,
    GRACE,
    Clock,
    ClockedMemory,
    CrashError,
    Fuse,
    Unconditional,
    blob_key,
    collected,
    deleted,
    garbage,
    pointed,
    sharing,
    versions_of,
)
from tests.fakes import StrictCloud

MakeFolder = Callable[[Mapping[str, bytes]], Path]
GET_OF = {"s3": "GetObject", "gcs": "objects.download", "azure": "GetBlob"}
UUID = "0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b11"


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    with made.sleeping():
        yield made


@pytest.fixture
def cloud(clock: Clock, make_folder: MakeFolder, state: Path) -> Cloud:
    """Three versions, the first of which is deleted; each has a file of its own."""
    made = Cloud("aws", Store(ClockedMemory("aws", clock), QUICK))
    for body in (b"1", b"2", b"3"):
        push([made], make_folder({"own": body, "all": b"."}), state=state)
    deleted([made], 1, state=state)
    return made


def run(cloud: Cloud) -> Collected:
    return collected([cloud])[0]


def change(cloud: Cloud, key: str, **fields: Any) -> None:
    """Set some fields of a document, past everybody."""
    document = json.loads(contents(cloud)[key]) | fields
    cloud.store.put(key, rfc8785.dumps(document), mode="overwrite")


def test_marked_then_removed_after_the_grace(cloud: Cloud, clock: Clock) -> None:
    doomed = {key for key in garbage(contents(cloud)) if not key.startswith("gc/")}
    assert len(doomed) == 2  # a blob and a manifest
    before = contents(cloud)
    first = run(cloud)
    assert (first.versions, first.marked.objects, first.removed.objects) == (2, 2, 0)
    assert before.items() <= contents(cloud).items()
    clock.advance(GRACE - timedelta(minutes=1))
    second = run(cloud)
    assert (second.marked.objects, second.waiting.objects, second.removed.objects) == (0, 2, 0)
    assert before.items() <= contents(cloud).items()
    assert second.next == first.next
    clock.advance(timedelta(minutes=2))
    third = run(cloud)
    assert (third.marked.objects, third.waiting.objects, third.removed.objects) == (0, 0, 2)
    assert third.removed.size == sum(len(before[key]) for key in doomed)
    assert third.next is None
    after = contents(cloud)
    assert before.keys() - after.keys() == doomed
    assert after.keys() - before.keys() == {layout.SWEEP}
    assert audit(after) == {"penguins": [2, 3]}


def test_a_dry_run_says_it_and_writes_nothing(cloud: Cloud, clock: Clock) -> None:
    dry = Collection(GRACE, dry_run=True)
    before = contents(cloud)
    assert collect(cloud, dry).marked.objects == 2
    assert contents(cloud) == before
    run(cloud)
    # The dry run has this machine's clock alone: let the tombstone be old by it.
    clock.ahead = timedelta()
    driver = cloud.store.driver
    assert isinstance(driver, ClockedMemory)
    from dataclasses import replace

    for key, (body, meta) in list(driver.objects.items()):
        assert meta.modified is not None
        driver.objects[key] = (body, replace(meta, modified=meta.modified - AGE))
    before = contents(cloud)
    assert collect(cloud, dry).removed.objects == 2
    assert contents(cloud) == before


def test_what_is_needed_again_stays(
    cloud: Cloud, clock: Clock, make_folder: MakeFolder, state: Path
) -> None:
    run(cloud)
    clock.advance(AGE)
    push([cloud], make_folder({"own": b"1", "all": b"."}), state=state)
    done = run(cloud)
    # The old manifest has another parent, so it is not the new version's.
    assert (done.removed.objects, done.marked.objects) == (1, 0)
    assert versions_of(contents(cloud))[4] == {"own": b"1", "all": b"."}


def test_what_was_written_anew_is_young(cloud: Cloud, clock: Clock) -> None:
    """On S3 the same bytes have the same ETag, whenever they are written."""
    run(cloud)
    clock.advance(AGE)
    driver = cloud.store.driver
    assert isinstance(driver, ClockedMemory)
    from dataclasses import replace

    body, meta = driver.objects[blob_key(b"1")]
    driver.objects[blob_key(b"1")] = (body, replace(meta, modified=clock.now()))
    done = run(cloud)
    assert (done.removed.objects, done.marked.objects) == (1, 1)
    assert blob_key(b"1") in contents(cloud)


def intent(cloud: Cloud, clock: Clock, **fields: Any) -> None:
    document: dict[str, Any] = {
        "format": 1,
        "id": UUID,
        "model": "penguins",
        "manifest": sha256(b"not there yet"),
        "blobs": [sha256(b"1")],
        "created": "2001-01-01T00:00:00Z",
        "expires": "2001-01-08T00:00:00Z",
        "by": "a clock that is wrong",
    }
    cloud.store.put(layout.txn(UUID), rfc8785.dumps(document | fields), mode="overwrite")


def test_an_intent_protects_for_a_week_by_the_server(cloud: Cloud, clock: Clock) -> None:
    run(cloud)
    clock.advance(AGE)
    intent(cloud, clock)
    assert run(cloud).removed.objects == 1  # the manifest, which the intent does not name
    assert blob_key(b"1") in contents(cloud)
    clock.advance(7 * DAY)
    assert run(cloud).marked.objects == 0  # for the clocks may differ by an hour
    clock.advance(timedelta(minutes=61))
    assert run(cloud).marked.objects == 2  # the blob, and the intent itself
    clock.advance(GRACE)
    assert run(cloud).removed.objects == 2
    assert garbage(contents(cloud)) == set()


def test_an_intent_protects_all_of_its_manifest(
    cloud: Cloud, clock: Clock, make_folder: MakeFolder, state: Path
) -> None:
    digest = next(key for key in garbage(contents(cloud)) if key.startswith("manifests/"))[17:81]
    intent(cloud, clock, manifest=digest, blobs=[])
    assert run(cloud).marked.objects == 0


def test_an_intent_that_was_renewed_is_not_removed(cloud: Cloud, clock: Clock) -> None:
    intent(cloud, clock)
    clock.advance(AGE)
    run(cloud)
    clock.advance(AGE)
    intent(cloud, clock, by="the same publisher, back after a long time")
    run(cloud)
    assert layout.txn(UUID) in contents(cloud)
    assert blob_key(b"1") in contents(cloud)


def test_a_signature_is_needed(cloud: Cloud, clock: Clock) -> None:
    version = json.loads(contents(cloud)[layout.version("penguins", 3)])
    manifest = json.loads(contents(cloud)[layout.manifest(version["manifest"])])
    body = rfc8785.dumps(manifest | {"signature": sha256(b"bundle")})
    cloud.store.put(blob_key(b"bundle"), b"bundle", mode="create")
    cloud.store.put(layout.manifest(sha256(body)), body, mode="create")
    change(cloud, layout.version("penguins", 3), manifest=sha256(body))
    change(cloud, layout.alias("penguins", "latest"), manifest=sha256(body))
    for _ in range(2):
        run(cloud)
        clock.advance(AGE)
    assert blob_key(b"bundle") in contents(cloud)
    cloud.store.delete(blob_key(b"bundle"))
    with pytest.raises(DamagedError, match="1 contents that versions need are missing"):
        run(cloud)


def test_history_keeps_a_version_that_vanished_but_not_one_that_was_deleted(
    cloud: Cloud, clock: Clock
) -> None:
    cloud.store.delete(layout.version("penguins", 2))  # by hand
    for _ in range(2):
        run(cloud)
        clock.advance(AGE)
    assert blob_key(b"2") in contents(cloud)
    assert blob_key(b"1") not in contents(cloud)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_an_alias_that_was_removed(
    clock: Clock, make_folder: MakeFolder, state: Path, is_deleted: bool
) -> None:
    cloud = Cloud("aws", Store(ClockedMemory("aws", clock), QUICK))
    for body in (b"1", b"2"):
        push([cloud], make_folder({"own": body}), state=state)
    pointed([cloud], "champion", 1, state=state)
    remove(Order(clouds=[cloud], home=None, state=state), "penguins", "champion")
    if is_deleted:
        deleted([cloud], 1, state=state)
    for _ in range(3):
        run(cloud)
        clock.advance(AGE)
    assert (blob_key(b"1") in contents(cloud)) == (not is_deleted)


def test_what_is_not_ours_is_left_alone(cloud: Cloud, clock: Clock) -> None:
    foreign = {
        "blobs/sha256/00/readme.txt": b"x",
        f"blobs/sha256/00/{'f' * 64}": b"in the wrong folder",
        "manifests/sha256/index.html": b"x",
        "models/penguins/notes.txt": b"x",
        "elsewhere/blobs/sha256/00/" + "0" * 64: b"x",
    }
    for key, body in foreign.items():
        cloud.store.put(key, body, mode="create")
    for _ in range(3):
        run(cloud)
        clock.advance(AGE)
    assert foreign.items() <= contents(cloud).items()


def test_a_probe_that_was_left_behind(cloud: Cloud, clock: Clock) -> None:
    key = f"deployer-probe/{'0' * 32}"
    cloud.store.put(key, b"first", mode="create")
    assert run(cloud).marked.objects == 2
    clock.advance(AGE)
    assert run(cloud).marked.objects == 1
    clock.advance(AGE)
    run(cloud)
    assert key not in contents(cloud)


def test_a_store_without_conditional_deletes(cloud: Cloud, clock: Clock) -> None:
    plain = Cloud("aws", Store(Unconditional(cloud.store.driver), QUICK))
    run(plain)
    clock.advance(AGE)
    assert run(plain).removed.objects == 2
    assert garbage(contents(cloud)) == set()


# Damage: nothing is removed, and nothing is written


def _delete_blob(cloud: Cloud) -> None:
    cloud.store.delete(blob_key(b"3"))


def _cut_blob(cloud: Cloud) -> None:
    cloud.store.put(blob_key(b"3"), b"", mode="overwrite")


def _manifest_of(cloud: Cloud, version: int) -> str:
    record = json.loads(contents(cloud)[layout.version("penguins", version)])
    return layout.manifest(record["manifest"])


def _delete_manifest(cloud: Cloud) -> None:
    cloud.store.delete(_manifest_of(cloud, 3))


def _spoil_manifest(cloud: Cloud) -> None:
    key = _manifest_of(cloud, 3)
    cloud.store.put(key, contents(cloud)[key] + b" ", mode="overwrite")


def _spoil_version(cloud: Cloud) -> None:
    cloud.store.put(layout.version("penguins", 3), b"{}", mode="overwrite")


def _newer_format(cloud: Cloud) -> None:
    change(cloud, layout.version("penguins", 3), format=2)


def _spoil_entry(cloud: Cloud) -> None:
    cloud.store.put(layout.alias_log("penguins", "latest", 2), b"", mode="overwrite")


def _spoil_intent(cloud: Cloud) -> None:
    cloud.store.put(layout.txn(UUID), b"{", mode="overwrite")


def _spoil_tombstone(cloud: Cloud) -> None:
    cloud.store.put(layout.tombstone(UUID), b"{", mode="overwrite")


@pytest.mark.parametrize(
    "spoil",
    [
        _delete_blob,
        _cut_blob,
        _delete_manifest,
        _spoil_manifest,
        _spoil_version,
        _newer_format,
        _spoil_entry,
        _spoil_intent,
        _spoil_tombstone,
    ],
)
def test_of_a_damaged_store_nothing_is_removed(
    cloud: Cloud, clock: Clock, spoil: Callable[[Cloud], None]
) -> None:
    run(cloud)
    clock.advance(AGE)
    spoil(cloud)
    before = contents(cloud)
    with pytest.raises(DamagedError):
        run(cloud)
    assert contents(cloud) == before


def test_no_registry(clock: Clock) -> None:
    with pytest.raises(MissingError, match="no registry"):
        run(Cloud("aws", Store(ClockedMemory("aws", clock), QUICK)))


# Sweeps


def test_only_one_collects_until_its_lease_is_over(cloud: Cloud, clock: Clock) -> None:
    run(cloud)
    clock.advance(AGE)
    with sweeping(cloud, server_time(cloud)), pytest.raises(FailedError, match="being collected"):
        run(cloud)
    with pytest.raises(CrashError), sweeping(cloud, server_time(cloud)):
        raise CrashError
    clock.advance(LEASE - timedelta(minutes=1))
    with pytest.raises(FailedError, match="being collected"):
        run(cloud)
    assert blob_key(b"1") in contents(cloud)
    clock.advance(timedelta(minutes=2))
    assert run(cloud).removed.objects == 2


def test_a_slow_sweep_stops_in_time(
    cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = Lease(cloud, server_time(cloud))
    lease.require()
    begun = sweeps._clocks()
    late = SAFE.total_seconds() + 1
    # One clock stands still while a machine sleeps, the other may be set back.
    for passed in ((late, 0.0), (0.0, late), (late, -late)):
        now = (begun[0] + passed[0], begun[1] + passed[1])
        monkeypatch.setattr(sweeps, "_clocks", lambda now=now: now)
        with pytest.raises(CloudError, match="too slow"):
            lease.require()


def test_a_lease_that_was_taken_over_is_not_ended(cloud: Cloud, clock: Clock) -> None:
    first = Lease(cloud, server_time(cloud))
    clock.advance(LEASE + timedelta(minutes=1))
    second = Lease(cloud, server_time(cloud))
    first.end()
    assert json.loads(contents(cloud)[layout.SWEEP])["active"]
    second.end()
    assert not json.loads(contents(cloud)[layout.SWEEP])["active"]


def test_in_rounds(cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishers are let through between them, and every round marks anew."""
    monkeypatch.setattr(collecting, "BATCH", 1)
    monkeypatch.setattr(collecting, "ROUND", 0.0)
    # A round must delete one batch at least, or it would never end.
    run(cloud)
    clock.advance(AGE)
    assert run(cloud).removed.objects == 2


def test_many_objects_in_several_tombstones(
    cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tombstones, "MAX_OBJECTS", 3)
    for number in range(8):
        body = b"stray %d" % number
        cloud.store.put(blob_key(body), body, mode="create")
    assert run(cloud).marked.objects == 10
    assert len([key for key in contents(cloud) if key.startswith("gc/")]) == 4
    clock.advance(AGE)
    assert run(cloud).removed.objects == 10
    assert garbage(contents(cloud)) == set()


def active(cloud: Cloud, *, is_active: bool = True) -> None:
    record = Sweep(format=1, id=UUID, active=is_active, at="2026-11-22T15:10:28Z", by="ana@build")
    cloud.store.put(layout.SWEEP, encode(record), mode="overwrite")


def test_a_publisher_waits_for_the_end_of_a_sweep(
    cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    active(cloud)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(timedelta(seconds=seconds))
        if len(slept) == 4:
            active(cloud, is_active=False)

    monkeypatch.setattr("time.sleep", sleep)
    announce(cloud, UUID, b"intent")
    assert slept == [0.5, 1.0, 2.0, 2.0]
    assert contents(cloud)[layout.txn(UUID)] == b"intent"


def test_a_publisher_waits_no_longer_than_a_lease(cloud: Cloud, clock: Clock) -> None:
    active(cloud)
    before = clock.now()
    announce(cloud, UUID, b"intent")
    assert LEASE - timedelta(seconds=5) < clock.now() - before < LEASE + timedelta(seconds=5)
    before = clock.now()
    announce(cloud, UUID, b"intent")
    assert clock.now() - before < timedelta(seconds=5)


def test_a_publisher_does_not_wait_for_ever(
    cloud: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        active(cloud)  # one collector after the other

    monkeypatch.setattr("time.sleep", sleep)
    active(cloud)
    with pytest.raises(TimedOutError, match="by ana@build since"):
        announce(cloud, UUID, b"intent")


@pytest.mark.parametrize(("name", "dialect"), [("aws", "s3"), ("gcp", "gcs"), ("azure", "azure")])
def test_announcing_costs_one_request_more(strict: StrictCloud, name: str, dialect: str) -> None:
    cloud = strict_clouds(name)[0]
    with pytest.raises(NotFoundError):
        cloud.store.head("anything")
    start = len(strict.requests)
    announce(cloud, UUID, b"intent")
    asked = [(each.operation, each.key) for each in strict.requests[start:]]
    assert asked == [(PUT_OF[dialect], layout.txn(UUID)), (GET_OF[dialect], layout.SWEEP)]
    assert strict.objects(dialect, BUCKET) == {layout.txn(UUID): b"intent"}
    cloud.store.close()


# Crashes


def test_a_crash_at_every_request(make_folder: MakeFolder, state: Path, tmp_path: Path) -> None:
    """In memory: the next run, once the lease is over, finishes the work."""
    roots = [make_folder({"own": body, "all": b"."}) for body in (b"1", b"2")]
    for carried_out in (False, True):
        requests = 0
        while True:
            clock = Clock()
            cloud = Cloud("aws", Store(ClockedMemory("aws", clock), QUICK))
            for root in roots:
                push([cloud], root, state=tmp_path / f"{carried_out}-{requests}")
            deleted([cloud], 1, state=state)
            run(cloud)
            clock.advance(AGE)
            try:
                run(sharing([cloud], Fuse(requests, carried_out=carried_out))[0])
                break
            except CrashError:
                pass
            assert versions_of(contents(cloud)) == {2: {"own": b"2", "all": b"."}}
            clock.advance(AGE)
            run(cloud)
            clock.advance(AGE)
            run(cloud)
            assert garbage(contents(cloud)) == set()
            assert versions_of(contents(cloud)) == {2: {"own": b"2", "all": b"."}}
            requests += 1
        assert 20 < requests < 100
