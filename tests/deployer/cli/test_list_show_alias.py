"""`deployer list`, `show` and `alias set` as their user sees them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from tests.deployer.registry.cli_kit import DEPLOYER, World
from tests.deployer.registry.registry_kit import NAMES, contents, local_clouds, sha256


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    return made


@pytest.fixture
def full(world: World) -> World:
    """A world with penguins:1 to :3, the second one champion, and otters:1."""
    for number in range(1, 4):
        world.model({"model.bin": b"%d" % number, "notes.txt": b"n"})
        name = "penguins:champion" if number == 2 else "penguins"
        world.invoke("push", "model", name).ok()
    world.invoke("push", "model", "otters").ok()
    return world


def edit(world: World, cloud: str, key: str, **fields: Any) -> None:
    """Change a record behind our back; the version of a local object is its file's."""
    path = world.store(cloud) / key
    path.write_bytes(rfc8785.dumps(json.loads(path.read_bytes()) | fields))


class TestList:
    def test_nothing_yet(self, world: World) -> None:
        assert world.invoke("list", "-o", "json").ok().json == []
        ran = world.invoke("list").ok()
        assert ran.out == ""
        assert "deployer push" in ran.err

    def test_models(self, full: World) -> None:
        lines = full.invoke("list", "-o", "json").ok().json
        assert [(line["name"], line["latest"], line["aliases"]) for line in lines] == [
            ("otters", 1, {}),
            ("penguins", 3, {"champion": 2}),
        ]
        table = full.invoke("list").ok().out
        assert "champion:2" in table

    def test_versions_newest_first(self, full: World) -> None:
        lines = full.invoke("list", "penguins", "-o", "json").ok().json
        assert [(line["version"], line["aliases"]) for line in lines] == [
            (3, ["latest"]),
            (2, ["champion"]),
            (1, []),
        ]

    def test_limit(self, full: World) -> None:
        ran = full.invoke("list", "penguins", "--limit", "2")
        assert "--limit 3" in ran.ok().err
        lines = full.invoke("list", "penguins", "--limit", "1", "-o", "json").ok().json
        assert [line["version"] for line in lines] == [3]
        full.invoke("list", "penguins", "--limit", "0").misused()

    def test_another_cloud(self, full: World) -> None:
        full.store("aws").rename(full.folder / "away")
        assert len(full.invoke("list", "--clouds", "gcp", "-o", "json").ok().json) == 2
        full.invoke("list", "--clouds", "aws").failed(6)

    def test_no_such_model(self, full: World) -> None:
        assert "pinguins" in full.invoke("list", "pinguins").failed(6)
        full.invoke("list", "../penguins").failed(2)

    def test_strange_files_between_ours(self, full: World) -> None:
        (full.store("aws") / "models/penguins/versions/README.txt").write_text("x")
        assert len(full.invoke("list", "penguins", "-o", "json").ok().json) == 3

    def test_a_reader_that_goes_away(self, full: World) -> None:
        """`deployer list | head -0` is no error."""
        with subprocess.Popen(
            [DEPLOYER, "list", "-o", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            said = process.stderr.read()
        assert process.returncode == 0
        assert said == b""


class TestShow:
    def test_json(self, full: World) -> None:
        ran = full.invoke("show", "penguins@champion", "-o", "json").ok()
        told = ran.json
        assert (told["model"], told["version"], told["aliases"]) == ("penguins", 2, ["champion"])
        assert told["clouds"] == dict.fromkeys(NAMES, "complete")
        assert told["files"][0] == {"path": "model.bin", "size": 1, "sha256": sha256(b"2")}
        assert told["lineage"]["parent"]
        assert set(told) >= {"schema", "metrics", "frameworks", "created", "by", "manifest"}

    def test_a_table(self, full: World) -> None:
        ran = full.invoke("show", "penguins").ok()
        for text in ("penguins:3", "model.bin", "complete", "latest", "azure"):
            assert text in ran.out

    def test_by_digest(self, full: World) -> None:
        manifest = full.invoke("show", "penguins:1", "-o", "json").ok().json["manifest"]
        told = full.invoke("show", f"penguins@{manifest}", "-o", "json").ok().json
        assert (told["version"], told["manifest"]) == (None, manifest)
        assert told["clouds"] == dict.fromkeys(NAMES, "complete")
        full.invoke("show", f"penguins@{manifest}").ok()

    def test_which_cloud_has_it(self, full: World) -> None:
        (full.store("aws") / "models/penguins/versions/00000003.json").unlink()
        (full.store("gcp") / f"blobs/sha256/{sha256(b'3')[:2]}/{sha256(b'3')}").unlink()
        ran = full.invoke("show", "penguins", "-o", "json").ok()
        assert ran.json["clouds"] == {
            "aws": "absent",
            "gcp": "1 files missing or damaged",
            "azure": "complete",
        }
        assert "aws could not tell" in ran.err

    def test_a_cloud_that_is_away(self, full: World) -> None:
        full.store("gcp").rename(full.folder / "away")
        told = full.invoke("show", "penguins", "-o", "json").ok().json
        assert told["clouds"]["gcp"].startswith("unreachable")
        assert told["clouds"]["aws"] == told["clouds"]["azure"] == "complete"

    def test_nobody_has_it(self, full: World) -> None:
        assert "penguins:4" in full.invoke("show", "penguins:4").failed(6)


class TestAliasSet:
    def test_by_number_and_by_alias(self, full: World) -> None:
        ran = full.invoke("alias", "set", "penguins", "prod", "1", "-o", "json").ok()
        told = {"model": "penguins", "alias": "prod", "version": 1, "seq": 1, "moved": True}
        assert ran.json == told | {"behind": {}}
        ran = full.invoke("alias", "set", "penguins", "prod", "latest", "-o", "json").ok()
        assert (ran.json["version"], ran.json["seq"]) == (3, 2)
        for cloud in NAMES:
            told = full.invoke("show", "penguins@prod", "--clouds", cloud, "-o", "json").ok().json
            assert told["version"] == 3

    def test_twice_is_once(self, full: World) -> None:
        full.invoke("alias", "set", "penguins", "prod", "1").ok()
        ran = full.invoke("alias", "set", "penguins", "prod", "1", "-o", "json").ok()
        assert (ran.json["moved"], ran.json["seq"]) == (False, 1)
        assert "already" in full.invoke("alias", "set", "penguins", "prod", "1").ok().err

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["penguins", "latest", "1"], 2),
            (["penguins", "3", "1"], 2),
            (["penguins", "Prod", "1"], 2),
            (["Penguins", "prod", "1"], 2),
            (["penguins", "prod", "0"], 2),
            (["penguins", "prod", "x y"], 2),
            (["penguins", "prod", "9" * 5000], 2),
            (["penguins", "prod", "4"], 6),
            (["penguins", "prod", "nosuch"], 6),
            (["pinguins", "prod", "1"], 6),
        ],
    )
    def test_refused(self, full: World, arguments: list[str], code: int) -> None:
        before = full.everything()
        full.invoke("alias", "set", *arguments).failed(code)
        assert full.everything() == before

    def test_a_follower_that_is_away_is_behind(self, full: World) -> None:
        away = full.store("gcp").rename(full.folder / "away")
        ran = full.invoke("alias", "set", "penguins", "prod", "1", "-o", "json")
        assert ran.code == 10
        assert list(ran.json["behind"]) == ["gcp"]
        assert "gcp is behind" in ran.err
        away.rename(full.store("gcp"))
        assert (
            full.invoke("alias", "set", "penguins", "prod", "1", "-o", "json").ok().json["behind"]
            == {}
        )
        full.invoke("show", "penguins@prod", "--clouds", "gcp").ok()

    def test_the_home_that_is_away_is_an_error(self, full: World) -> None:
        full.store("aws").rename(full.folder / "away")
        before = full.everything()
        full.invoke("alias", "set", "penguins", "prod", "1").failed(6)
        assert full.everything() == before

    def test_nothing_is_founded(self, world: World) -> None:
        """An alias of a model that is not there must not make a registry of empty buckets."""
        world.invoke("alias", "set", "penguins", "prod", "1").failed(6)
        for cloud in local_clouds(world.folder / "stores"):
            assert contents(cloud) == {}

    def test_without_a_subcommand(self, world: World) -> None:
        assert "set" in world.invoke("alias").err + world.invoke("alias").out


@pytest.mark.parametrize("command", [["list"], ["list", "penguins"], ["show", "penguins"]])
def test_records_cannot_speak_to_the_terminal(full: World, command: list[str]) -> None:
    """Whoever can write to a bucket must not be able to write to our screens."""
    evil = "ana\x1b]0;owned\x07\x1b[2J\r\n\x9b31m"
    edit(full, "aws", "models/penguins/aliases/latest.json", by=evil)
    edit(full, "aws", "models/penguins/versions/00000003.json", by=evil)
    ran = full.invoke(*command)
    assert "ana" in ran.out
    for character in "\x1b\x07\r\x9b":
        assert character not in ran.out + ran.err


def test_a_damaged_alias_is_named(full: World) -> None:
    (full.store("aws") / "models/otters/aliases/latest.json").write_bytes(b"garbage")
    error = full.invoke("list").failed(11)
    assert "models/otters/aliases/latest.json" in error
    assert len(full.invoke("list", "--clouds", "gcp", "-o", "json").ok().json) == 2
