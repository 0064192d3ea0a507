"""`deployer gc` as its users meet it, and as a machine that fails under it does."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from deployer.drills.estate.warm import Host, Job
from deployer.registry.publishing.sweeps import LEASE
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.cloud_backends import CLOUD_OF, Backend, opened
from tests.deployer.registry.dropping_proxy import Guillotine
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
    audit,
    contents,
    folder_of,
    push,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.deployer.upkeep.gc_kit import (
    AGE,
    Clock,
    blob_key,
    collected,
    deleted,
    garbage,
    versions_of,
)
from tests.fakes import StrictCloud
from tests.fakes.faults import Fault, status

TIMEOUT = 60


@pytest.fixture
def clock(strict: StrictCloud) -> Clock:
    made = Clock()
    made.rule(strict)
    return made


@pytest.fixture
def world(
    strict: StrictCloud, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """Two versions on three clouds, the first of which is deleted."""
    made = World(tmp_path, monkeypatch)
    made.setenv(strict_environment(strict))
    made.setenv({"DEPLOYER_TRANSFER_ATTEMPTS": "2"})
    made.settings('[push]\nclouds = ["aws", "gcp", "azure"]\n')
    for body in (b"1", b"2"):
        made.invoke("push", str(made.model({"own": body, "all": b"."})), "penguins").ok()
    made.invoke("delete", "penguins:1", "--yes").ok()
    return made


def views(strict: StrictCloud) -> list[dict[str, bytes]]:
    return [strict.objects(dialect, BUCKET) for dialect in DIALECTS.values()]


def test_from_mark_to_removal(world: World, strict: StrictCloud, clock: Clock) -> None:
    before = views(strict)
    dry = world.invoke("gc", "--dry-run", "-o", "json").ok().json
    assert dry["dry_run"]
    assert {
        name: each["marked"]["objects"] for name, each in dry["clouds"].items()
    } == dict.fromkeys(NAMES, 2)
    assert views(strict) == before
    marked = world.invoke("gc").ok()
    assert "would" not in marked.out
    assert marked.out.count("2 objects") == 3
    assert "what is marked may be removed by a run from " in marked.err
    for old, new in zip(before, views(strict), strict=True):
        assert old.items() <= new.items()
    clock.advance(AGE)
    removed = world.invoke("gc", "-o", "json").ok().json["clouds"]
    for name in NAMES:
        assert removed[name]["versions"] == 1
        assert removed[name]["removed"]["objects"] == 2
        assert removed[name]["next"] is None
    for objects in views(strict):
        assert garbage(objects) == set()
        assert blob_key(b"1") not in objects
        assert audit(objects) == {"penguins": [2]}
    log = world.invoke("audit", "--act", "gc", "-o", "json").ok().json
    assert [entry["outcome"] for entry in log] == ["done", "done"]
    assert "aws: marked 0, removed 2" in log[-1]["detail"]


@pytest.mark.parametrize("grace", ["59m", "0s", "-1d", "soon"])
def test_a_grace_that_is_none(world: World, strict: StrictCloud, grace: str) -> None:
    before = views(strict)
    ran = world.invoke("gc", "--grace", grace)
    assert ran.code == 2
    assert "grace" in ran.err or "length of time" in ran.err
    assert views(strict) == before


def test_a_cloud_that_is_down_does_not_stop_the_others(
    world: World, strict: StrictCloud, clock: Clock
) -> None:
    world.invoke("gc").ok()
    clock.advance(AGE)
    with strict.script(Fault(status(503), dialect="gcs", count=None)):
        ran = world.invoke("gc", "-o", "json")
    assert ran.code == 10
    assert list(ran.json["failed"]) == ["gcp"]
    assert list(ran.json["clouds"]) == ["aws", "azure"]
    assert "warning: gcp: " in ran.err


def test_all_clouds_are_down(world: World, strict: StrictCloud) -> None:
    with strict.script(Fault(status(503), count=None)):
        world.invoke("gc").failed(4)


@pytest.mark.parametrize("only", [False, True])
def test_of_a_damaged_cloud_nothing_is_removed(
    world: World, strict: StrictCloud, clock: Clock, only: bool
) -> None:
    world.invoke("gc").ok()
    clock.advance(AGE)
    strict.tamper("s3", BUCKET, blob_key(b"2"), b"longer")
    before = strict.objects("s3", BUCKET)
    if only:
        assert "missing or damaged" in world.invoke("gc", "--clouds", "aws").failed(11)
    else:
        ran = world.invoke("gc", "-o", "json")
        assert ran.code == 11
        assert list(ran.json["failed"]) == ["aws"]
    held = strict.objects("s3", BUCKET)
    assert {key: body for key, body in held.items() if "probe" not in key} == before


# SIGKILL


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


def killed(host: Host, folder: Path, nth: int, *, carried_out: bool) -> bool:
    """Kill a sweep at its nth request, then collect again; return whether it got that far."""
    clock = Clock()
    with strict_cloud() as strict, pytest.MonkeyPatch.context() as patch:
        clock.rule(strict)
        environment = strict_environment(strict) | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        state = folder / "state" / "deployer"
        clouds = strict_clouds()
        for body in (b"1", b"2"):
            root = folder_of(folder / body.decode(), {"own": body, "all": b"."})
            push(clouds, root, state=state)
        deleted(clouds, 1, state=state)
        collected(clouds)
        clock.advance(AGE)

        def start() -> Job:
            command = ["gc", "-o", "json", "--clouds", "aws,gcp,azure"]
            return host.start(command, environment, folder)

        blade = Guillotine([strict], nth, carried_out=carried_out)
        job = start()
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
        check(strict)
        clock.advance(LEASE)
        job = start()
        assert job.wait() == 0, job.stderr
        for each in json.loads(job.stdout)["clouds"].values():
            assert each["waiting"]["objects"] == 0
        check(strict)
        for _ in range(2):  # for the probes that it left
            clock.advance(AGE)
            collected(clouds)
        assert [garbage(objects) for objects in views(strict)] == [set()] * 3
    return True


def check(strict: StrictCloud) -> None:
    for objects in views(strict):
        audit(objects)
        assert versions_of(objects) == {2: {"own": b"2", "all": b"."}}


def killed_at(host: Host, folder: Path, step: int, modes: tuple[bool, ...]) -> None:
    nth = 1
    while all(killed(host, folder / f"{nth}-{mode}", nth, carried_out=mode) for mode in modes):
        nth += step
    assert nth > 50


def test_killed_at_some_requests(host: Host, tmp_path: Path) -> None:
    killed_at(host, tmp_path, 23, (True,))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_every_request(host: Host, tmp_path: Path) -> None:
    killed_at(host, tmp_path, 1, (False, True))


# Emulators


@pytest.mark.slow
@pytest.mark.parametrize("backend", list(CLOUD_OF), indirect=True)
def test_from_publish_to_removal_on_an_emulator(
    backend: Backend, tmp_path: Path, make_folder: Callable[[dict[str, bytes]], Path]
) -> None:
    """What a deletion leaves is marked, kept for a publish that uses it again, or removed."""
    old, new = {"own": b"1", "all": b"."}, {"own": b"2", "all": b"."}
    with opened(backend) as cloud:
        for files in (old, new):
            push([cloud], make_folder(files), state=tmp_path)
        deleted([cloud], 1, state=tmp_path)
        assert collected([cloud])[0].marked.objects == 2
        assert collected([cloud])[0].waiting.objects == 2
        push([cloud], make_folder(old), state=tmp_path)
        # The old manifest is another one: it has another parent.
        assert collected([cloud], timedelta())[0].removed.objects == 1
        assert versions_of(contents(cloud)) == {2: new, 3: old}
        push([cloud], make_folder(new), state=tmp_path)
        deleted([cloud], 3, state=tmp_path)
        for _ in range(2):
            collected([cloud], timedelta())
        objects = contents(cloud)
        assert audit(objects) == {"penguins": [2, 4]}
        assert blob_key(b"1") not in objects
        assert garbage(objects) == set()
