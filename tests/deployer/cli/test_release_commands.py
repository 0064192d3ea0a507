"""`deployer promote`, `rollback` and `history` as their user sees them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import read_tree, sha256


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with penguins:1 to :3, the first two of them champion in their turn."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        world = World(folder, patch)
        world.local_clouds()
        for number in range(1, 4):
            world.model({"model.bin": b"%d" % number, "same": b"s"})
            world.invoke("push", "model", "penguins:champion" if number < 3 else "penguins").ok()
    return folder


@pytest.fixture
def full(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a copy of that world."""
    world = World(tmp_path, monkeypatch)
    for name in ("stores", "state"):
        shutil.copytree(prepared / name, tmp_path / name)
    world.local_clouds()
    return world


def stores(world: World) -> dict[str, bytes]:
    return read_tree(world.folder / "stores")


def champion(world: World) -> list[int]:
    """Return where champion points on each cloud."""
    paths = (world.store(n) / "models/penguins/aliases/champion.json" for n in ("aws", "gcp"))
    return [json.loads(path.read_bytes())["version"] for path in paths]


class TestPromote:
    def test_json(self, full: World) -> None:
        ran = full.invoke("promote", "penguins:3", "--note", "passed review", "-o", "json").ok()
        assert ran.json == {
            "model": "penguins",
            "alias": "champion",
            "version": 3,
            "manifest": ran.json["manifest"],
            "before": 2,
            "seq": 3,
            "moved": True,
            "home": "aws",
            "behind": {},
        }
        assert full.invoke("promote", "penguins:3", "-o", "json").ok().json["moved"] is False
        assert "already pointed at" in full.invoke("promote", "penguins:3").ok().err

    def test_to_another_alias_with_every_byte_read(self, full: World) -> None:
        ran = full.invoke("promote", "penguins", "--to", "staging", "--deep").ok()
        assert "penguins@staging → penguins:3" in ran.err
        assert "azure: verified" in ran.err

    def test_a_cloud_that_is_behind(self, full: World) -> None:
        (full.store("gcp") / "models/penguins/versions/00000003.json").unlink()
        before = stores(full)
        error = full.invoke("promote", "penguins:3").failed(10)
        assert "nothing was moved, because gcp is not ready" in error
        assert "deployer repair --clouds aws,gcp" in error
        assert stores(full) == before
        ran = full.invoke("promote", "penguins:3", "--require", "majority", "-o", "json")
        assert (ran.code, list(ran.json["behind"])) == (10, ["gcp"])
        assert "run: deployer repair --clouds aws,gcp" in ran.err
        assert champion(full) == [3, 2]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["penguins:9"], 6),
            (["penguins@nosuch"], 6),
            (["penguins:1", "--to", "latest"], 2),
            (["penguins:1", "--to", "7"], 2),
            (["penguins:1", "--require", "4"], 2),
            (["Penguins:1"], 2),
        ],
    )
    def test_refused(self, full: World, arguments: list[str], code: int) -> None:
        before = stores(full)
        full.invoke("promote", *arguments).failed(code)
        assert stores(full) == before


class TestRollback:
    def test_json(self, full: World) -> None:
        ran = full.invoke("rollback", "penguins", "--note", "wrong units", "-o", "json").ok()
        assert (ran.json["version"], ran.json["before"], ran.json["moved"]) == (1, 2, True)
        assert ran.json["resumed"] is False
        assert champion(full) == [1, 1]
        error = full.invoke("rollback", "penguins").failed(6)
        assert "nothing to go back to" in error
        assert "--to N" in error

    def test_for_people(self, full: World) -> None:
        ran = full.invoke("rollback", "penguins@champion").ok()
        assert "penguins@champion → penguins:1, back from 2 (move 3)" in ran.err
        assert "gcp: verified" in ran.err
        assert ran.out == ""

    def test_to(self, full: World) -> None:
        assert full.invoke("rollback", "penguins", "--to", "3", "-o", "json").ok().json["moved"]
        assert "already" in full.invoke("rollback", "penguins", "--to", "3").ok().err

    def test_bytes_that_are_wrong(self, full: World) -> None:
        path = full.store("azure") / f"blobs/sha256/{sha256(b'1')[:2]}/{sha256(b'1')}"
        path.write_bytes(b"x")
        error = full.invoke("rollback", "penguins").failed(11)
        assert "because azure is not ready: penguins:1 has 1 files missing or damaged" in error
        assert champion(full) == [2, 2]

    def test_a_cloud_that_is_down(self, full: World) -> None:
        away = full.store("gcp").rename(full.folder / "away")
        assert "because gcp is not ready" in full.invoke("rollback", "penguins").failed(6)
        ran = full.invoke("rollback", "penguins", "--require", "2", "-o", "json")
        assert (ran.code, list(ran.json["behind"])) == (10, ["gcp"])
        away.rename(full.store("gcp"))
        assert champion(full) == [1, 2]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["penguins@latest"], 2),
            (["penguins:1"], 2),
            (["penguins@nosuch"], 6),
            (["otters"], 6),
            (["penguins", "--to", "9"], 6),
            (["penguins@"], 2),
        ],
    )
    def test_refused(self, full: World, arguments: list[str], code: int) -> None:
        before = stores(full)
        full.invoke("rollback", *arguments).failed(code)
        assert stores(full) == before

    def test_a_number_that_is_none(self, full: World) -> None:
        full.invoke("rollback", "penguins", "--to", "0").misused()

    def test_champion_is_not_there(self, full: World) -> None:
        full.model({"a": b"1"})
        full.invoke("push", "model", "otters").ok()
        assert "deployer rollback otters@ALIAS" in full.invoke("rollback", "otters").failed(2)


class TestHistory:
    def test_json(self, full: World) -> None:
        full.invoke("rollback", "penguins", "--note", "wrong units").ok()
        full.invoke("alias", "rm", "penguins", "champion").ok()
        told = full.invoke("history", "penguins@champion", "-o", "json").ok().json
        assert [(each["event"], each["seq"], each["from"], each["to"]) for each in told] == [
            ("removed", 4, 1, None),
            ("moved", 3, 2, 1),
            ("moved", 2, 1, 2),
            ("moved", 1, None, 1),
        ]
        assert (told[1]["note"], told[1]["epoch"], told[1]["signed"]) == ("wrong units", 1, False)
        assert all(each["problem"] is None for each in told)

    def test_all_aliases(self, full: World) -> None:
        told = full.invoke("history", "penguins", "-o", "json").ok().json
        assert sorted((each["alias"], each["seq"]) for each in told) == [
            ("champion", 1),
            ("champion", 2),
            ("latest", 1),
            ("latest", 2),
            ("latest", 3),
        ]
        assert len(full.invoke("history", "penguins", "--limit", "2", "-o", "json").ok().json) == 2

    def test_a_broken_chain_is_shown(self, full: World) -> None:
        path = full.store("aws") / "models/penguins/aliases/latest.log/00000002.json"
        path.write_bytes(path.read_bytes().replace(b'"version":2', b'"version":1'))
        ran = full.invoke("history", "penguins@latest", "-o", "json")
        assert ran.code == 11
        problems = [each["problem"] for each in ran.json]
        assert problems == ["does not continue entry 2", None, None]
        assert "aws: latest: entry 3 does not continue entry 2" in ran.err
        full.setenv({"COLUMNS": "160"})
        assert "does not continue" in full.invoke("history", "penguins").out

    def test_the_home_is_asked_and_then_another_cloud(self, full: World) -> None:
        first = full.invoke("history", "penguins", "--clouds", "gcp,aws", "-o", "json").ok()
        assert first.err == ""
        full.store("aws").rename(full.folder / "away")
        ran = full.invoke("history", "penguins", "-o", "json").ok()
        assert ran.json == first.json
        assert "the copy of gcp" in ran.err

    @pytest.mark.parametrize(
        ("name", "code"),
        [("otters", 6), ("penguins@nosuch", 6), ("penguins:1", 2), ("penguins@sha256:0", 2)],
    )
    def test_refused(self, full: World, name: str, code: int) -> None:
        full.invoke("history", name).failed(code)

    def test_a_note_cannot_speak_to_the_terminal(self, full: World) -> None:
        full.invoke("promote", "penguins:3", "--note", "\x1b[2Jhello\x07").ok()
        ran = full.invoke("history", "penguins").ok()
        assert "hello" in ran.out
        assert "\x1b" not in ran.out
        assert "\x07" not in ran.out
