"""`deployer pull` as its user sees it."""

from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import read_tree, sha256

FILES = {"model.bin": b"weights", "sub/notes.txt": b"n"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    made.model(FILES)
    made.invoke("push", "model", "penguins:champion").ok()
    return made


def blob(world: World, cloud: str, body: bytes) -> Path:
    return world.store(cloud) / "blobs" / "sha256" / sha256(body)[:2] / sha256(body)


def test_json(world: World) -> None:
    ran = world.invoke("pull", "penguins", "out", "-o", "json").ok()
    assert ran.json["files"] == 2
    assert ran.json["bytes"] == 8
    assert ran.json["version"] == 1
    assert ran.json["sources"] == {"aws": 2}
    assert ran.json["skipped"] == {}
    assert ran.json["target"] == "out"
    assert read_tree(world.work / "out") == FILES


def test_what_people_are_told(world: World) -> None:
    ran = world.invoke("pull", "penguins@champion", "out").ok()
    assert "penguins:1 → out" in ran.err
    assert "2 files" in ran.err
    assert read_tree(world.work / "out") == FILES


def test_quiet(world: World) -> None:
    assert world.invoke("pull", "penguins:1", "out", "-q").ok().err == ""


def test_every_kind_of_reference(world: World) -> None:
    manifest = world.invoke("show", "penguins", "-o", "json").ok().json["manifest"]
    references = ("penguins", "penguins:1", "penguins@champion", f"penguins@{manifest}")
    for number, reference in enumerate(references):
        world.invoke("pull", reference, f"out{number}").ok()
        assert read_tree(world.work / f"out{number}") == FILES


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_from_one_cloud(world: World, cloud: str) -> None:
    ran = world.invoke("pull", "penguins", "out", "--from", cloud, "-o", "json").ok()
    assert ran.json["sources"] == {cloud: 2}


def test_from_one_cloud_means_from_no_other(world: World) -> None:
    blob(world, "gcp", b"weights").write_bytes(b"WEIGHTS")
    error = world.invoke("pull", "penguins", "out", "--from", "gcp").failed(11)
    assert "gcp" in error
    assert not (world.work / "out").exists()


def test_from_an_unknown_cloud(world: World) -> None:
    assert "'mars'" in world.invoke("pull", "penguins", "out", "--from", "mars").failed(2)


def test_a_cloud_that_lies_is_named_and_passed_over(world: World) -> None:
    blob(world, "aws", b"weights").write_bytes(b"WEIGHTS")
    ran = world.invoke("pull", "penguins", "out", "-o", "json").ok()
    assert read_tree(world.work / "out") == FILES
    assert list(ran.json["skipped"]) == ["aws"]
    assert ran.json["sources"] == {"aws": 1, "gcp": 1}
    assert "aws was passed over" in ran.err


def test_a_cloud_that_is_away(world: World) -> None:
    world.store("aws").rename(world.folder / "away")
    ran = world.invoke("pull", "penguins", "out", "-o", "json").ok()
    assert ran.json["sources"] == {"gcp": 2}
    assert list(ran.json["skipped"]) == ["aws"]


def test_all_away(world: World) -> None:
    for cloud in ("aws", "gcp", "azure"):
        world.store(cloud).rename(world.folder / f"{cloud}-away")
    before = world.everything()
    world.invoke("pull", "penguins", "out").failed(6)
    assert world.everything() == before


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("pinguins", 6),
        ("penguins:2", 6),
        ("penguins@prod", 6),
        (f"penguins@sha256:{'0' * 64}", 6),
        ("", 2),
        ("penguins:0", 2),
        ("penguins:x", 2),
        ("penguins@", 2),
        ("penguins@3", 2),
        ("penguins@sha256:12", 2),
        ("penguins:" + "9" * 5000, 2),
        ("../penguins", 2),
    ],
)
def test_references_that_lead_nowhere(world: World, reference: str, code: int) -> None:
    before = world.everything()
    world.invoke("pull", reference, "out").failed(code)
    assert world.everything() == before


@pytest.mark.parametrize("target", ["model", "model/model.bin", ".", "model/.."])
def test_targets_that_exist(world: World, target: str) -> None:
    before = world.everything()
    world.invoke("pull", "penguins", target).failed(2)
    assert world.everything() == before


@pytest.mark.parametrize("target", ["model/model.bin/x", "/proc/nowhere/x", "x" * 300])
def test_targets_that_cannot_be(world: World, target: str) -> None:
    before = world.everything()
    ran = world.invoke("pull", "penguins", target)
    assert ran.failed(ran.code)
    assert ran.code in (1, 2)
    left = {name for name in world.everything() if ".pulling" not in name}
    assert left == set(before)


def test_an_empty_current_folder_is_refused(world: World) -> None:
    (world.work / "empty").mkdir()
    (world.work / "empty" / "deployer.toml").symlink_to("../deployer.toml")
    world.patch.chdir(world.work / "empty")
    world.invoke("pull", "penguins", ".").failed(2)


def test_the_state_folder_is_not_touched(world: World) -> None:
    before = read_tree(world.state)
    world.invoke("pull", "penguins", "out").ok()
    assert read_tree(world.state) == before


@pytest.mark.parametrize("what", ["blob", "manifest"])
def test_a_version_of_which_a_part_is_gone_everywhere(world: World, what: str) -> None:
    for cloud in ("aws", "gcp", "azure"):
        if what == "blob":
            blob(world, cloud, b"n").unlink()
        else:
            for path in world.store(cloud).glob("manifests/sha256/*"):
                path.unlink()
    error = world.invoke("pull", "penguins", "out").failed(11)
    assert "push" in error
    assert not (world.work / "out").exists()
