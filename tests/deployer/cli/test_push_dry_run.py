"""`push --dry-run` says what a push would do, and does none of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import NAMES, strict_cloud, strict_environment

READS = {
    "GetObject", "HeadObject", "ListObjectsV2",
    "objects.get", "objects.download", "objects.list",
    "GetBlob", "GetBlobProperties", "ListBlobs",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path, monkeypatch)
    world.local_clouds()
    world.model({"model.bin": b"12345", "copy.bin": b"12345", "schema.json": b"{}"})
    return world


def said_and_done(world: World, *flags: str) -> tuple[Any, Any]:
    """Return what a dry run says, and what the push itself then says."""
    before = {k: v for k, v in world.everything().items() if not k.startswith("cache")}
    planned = world.invoke("push", "model", "penguins", "--dry-run", "-o", "json", *flags).ok().json
    assert {k: v for k, v in world.everything().items() if not k.startswith("cache")} == before
    done = world.invoke("push", "model", "penguins", "-o", "json", *flags).ok().json
    return planned, done


def check(planned: Any, done: Any) -> None:
    for field in ("model", "version", "created", "home", "files", "bytes", "signed"):
        assert planned[field] == done[field], field
    for name in NAMES:
        plan, came = planned["clouds"][name], done["clouds"][name]
        assert (plan["send"], plan["send_bytes"], plan["reuse"]) == (
            came["sent"],
            came["sent_bytes"],
            came["reused"],
        )


def test_the_first_push(world: World) -> None:
    planned, done = said_and_done(world)
    check(planned, done)
    assert planned["version"] == 1
    assert planned["created"]
    assert planned["clouds"]["gcp"] == {
        "joins": True, "send": 2, "send_bytes": 7, "reuse": 0, "reuse_bytes": 0,
    }  # fmt: skip


def test_a_changed_file(world: World) -> None:
    world.invoke("push", "model", "penguins").ok()
    world.model({"model.bin": b"better"})
    planned, done = said_and_done(world)
    check(planned, done)
    assert planned["version"] == 2
    assert planned["clouds"]["aws"] == {
        "joins": False, "send": 1, "send_bytes": 6, "reuse": 2, "reuse_bytes": 7,
    }  # fmt: skip


def test_nothing_changed(world: World) -> None:
    world.invoke("push", "model", "penguins").ok()
    planned, done = said_and_done(world)
    check(planned, done)
    assert (planned["version"], planned["created"]) == (1, False)


def test_a_cloud_that_misses_something_and_one_that_is_new(world: World) -> None:
    world.invoke("push", "model", "penguins", "--clouds", "aws,gcp").ok()
    blobs = world.store("gcp") / "blobs"
    next(path for path in blobs.rglob("*") if path.is_file() and path.stat().st_size == 5).unlink()
    planned, done = said_and_done(world)
    check(planned, done)
    assert planned["clouds"]["gcp"]["send_bytes"] == 5
    assert planned["clouds"]["azure"]["joins"]


def test_the_home_that_the_user_wants(world: World) -> None:
    planned, done = said_and_done(world, "--home", "azure")
    check(planned, done)
    assert planned["home"] == "azure"


def test_a_cloud_that_is_away_is_named(world: World) -> None:
    world.invoke("push", "model", "penguins").ok()
    world.store("gcp").rename(world.folder / "away")
    ran = world.invoke("push", "model", "penguins", "--dry-run", "-o", "json").ok()
    assert list(ran.json["failed"]) == ["gcp"]
    assert "unreachable" in world.invoke("push", "model", "penguins", "--dry-run").ok().out


def test_a_table_for_people(world: World) -> None:
    ran = world.invoke("push", "model", "penguins", "--dry-run").ok()
    assert "would send" in ran.out
    assert "2 files, 7 B" in ran.out
    assert "nothing was written" in ran.err


def test_only_reads_reach_the_clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch)
    world.model({"model.bin": b"12345"})
    with strict_cloud() as strict:
        world.setenv(strict_environment(strict))
        for _ in range(2):
            start = len(strict.requests)
            world.invoke("push", "model", "penguins", "--dry-run").ok()
            assert {request.operation for request in strict.requests[start:]} <= READS
            world.invoke("push", "model", "penguins").ok()
