"""One sweep at a time, in rounds; publishers wait for its end."""

import json
from datetime import timedelta

import pytest

from deployer.errors import CloudError, FailedError, TimedOutError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import Sweep, encode
from deployer.registry.publishing import sweeps
from deployer.registry.publishing.sweeps import LEASE, SAFE, Lease, announce, server_time, sweeping
from deployer.upkeep.garbage import collect as collecting
from deployer.upkeep.garbage import tombstones
from providers.errors import NotFoundError
from tests.deployer.registry.registry_kit import BUCKET, PUT_OF, contents, strict_clouds
from tests.deployer.upkeep.garbage.collecting_kit import GET_OF, UUID, run
from tests.deployer.upkeep.gc_kit import AGE, Clock, CrashError, blob_key, garbage
from tests.fakes import StrictCloud


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
