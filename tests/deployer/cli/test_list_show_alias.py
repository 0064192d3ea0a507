"""`deployer list` and `show` as their user sees them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from tests.deployer.registry.cli_kit import DEPLOYER, World
from tests.deployer.registry.registry_kit import NAMES, sha256


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

    def test_all(self, full: World) -> None:
        ran = full.invoke("list", "penguins", "--all", "--limit", "1", "-o", "json").ok()
        assert [line["version"] for line in ran.json] == [3, 2, 1]
        assert "older" not in full.invoke("list", "penguins", "--all").ok().err

    def test_what_is_gone_is_passed_over(self, full: World) -> None:
        for number in (1, 3):
            (full.store("aws") / f"models/penguins/versions/0000000{number}.json").unlink()
        for limit in ("1", "2", "20"):
            lines = full.invoke("list", "penguins", "--limit", limit, "-o", "json").ok().json
            assert [line["version"] for line in lines] == [2]

    def test_a_version_that_latest_has_not_reached(self, full: World) -> None:
        """Its publisher died between the commit and the alias, or is not there yet."""
        path = full.store("aws") / "models/penguins/versions/00000003.json"
        edit(full, "aws", "models/penguins/versions/00000002.json", version=4)
        path.with_name("00000002.json").rename(path.with_name("00000004.json"))
        lines = full.invoke("list", "penguins", "--limit", "2", "-o", "json").ok().json
        assert [line["version"] for line in lines] == [4, 3]

    @pytest.mark.parametrize("body", [None, b"garbage"])
    def test_without_latest(self, full: World, body: bytes | None) -> None:
        path = full.store("aws") / "models/penguins/aliases/latest.json"
        path.unlink()
        if body:
            path.write_bytes(body)
        ran = full.invoke("list", "penguins", "--limit", "2", "-o", "json")
        assert [line["version"] for line in ran.json] == [3, 2]
        assert ran.code == (11 if body else 0)
        assert ("latest.json" in ran.err) is bool(body)

    def test_a_latest_that_lies(self, full: World) -> None:
        """It must not cost a request for each number that it promises."""
        edit(full, "aws", "models/penguins/aliases/latest.json", version=99_999_999)
        for limit in ("1", "20", "1000000"):
            ran = full.invoke("list", "penguins", "--limit", limit, "-o", "json").ok()
            assert [line["version"] for line in ran.json] == [3, 2, 1][: int(limit)]

    def test_removed_aliases_are_not_listed(self, full: World) -> None:
        full.invoke("alias", "rm", "penguins", "champion").ok()
        lines = full.invoke("list", "penguins", "-o", "json").ok().json
        assert [line["aliases"] for line in lines] == [["latest"], [], []]
        assert full.invoke("list", "-o", "json").ok().json[1]["aliases"] == {}
        told = full.invoke("show", "penguins:2", "-o", "json").ok().json
        assert told["aliases"] == []

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

    def test_what_was_noted_and_what_binds_it(self, full: World) -> None:
        note = ["--note", "passed review"]
        full.invoke("alias", "set", "penguins", "prod", "1", *note).ok()
        told = full.invoke("show", "penguins:1", "-o", "json").ok().json
        assert told["notes"] == {"prod": "passed review"}
        assert (told["residency"], told["signature"]) == ([], None)
        table = full.invoke("show", "penguins:1").ok().out
        for text in ("prod: passed review", "residency   anywhere", "signature   none"):
            assert text in table

    def test_nobody_has_it(self, full: World) -> None:
        assert "penguins:4" in full.invoke("show", "penguins:4").failed(6)


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
