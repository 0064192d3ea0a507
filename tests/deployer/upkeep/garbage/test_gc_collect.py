"""What is removed, when, and what is not."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from deployer.errors import DamagedError
from deployer.registry.aliasing.pointing import Order, remove
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.upkeep.garbage.collect import Collection, collect
from providers.store import Store
from tests.deployer.registry.registry_kit import QUICK, audit, contents, push, sha256
from tests.deployer.upkeep.garbage.collecting_kit import UUID, MakeFolder, change, run
from tests.deployer.upkeep.gc_kit import (
    AGE,
    DAY,
    GRACE,
    Clock,
    ClockedMemory,
    Unconditional,
    blob_key,
    deleted,
    garbage,
    pointed,
    versions_of,
)


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
