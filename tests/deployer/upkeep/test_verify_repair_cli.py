"""The commands: what they print, how they end, and that their help is of use."""

from pathlib import Path
from typing import Any

import pytest

from deployer.errors import ExitCode
from deployer.registry.format import layout
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import sha256

TABLE = sha256(b"1")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    model = made.model({"table": b"1", "deep/note": b"22"})
    made.invoke("push", str(model), "penguins:champion").ok()
    return made


def blob(world: World, name: str, sha256: str = TABLE) -> Path:
    return world.store(name) / layout.blob(sha256)


def rows(document: Any) -> dict[str, dict[str, str]]:
    return {
        row["name"]: {name: cell["state"] for name, cell in row["clouds"].items()}
        for row in document["rows"]
    }


class TestVerify:
    def test_all_is_well(self, world: World) -> None:
        ran = world.invoke("verify", "--all-clouds").ok()
        for name in ("penguins:1", "penguins@champion", "penguins@latest"):
            line = next(line for line in ran.out.splitlines() if name in line)
            assert line.count("✓") == 3
        document = world.invoke("verify", "--all-clouds", "-o", "json").ok().json
        assert document["findings"] == []
        assert document["home"] == "aws"
        assert (document["epoch"], document["exit_code"]) == (1, 0)
        assert {each["objects"] for each in document["clouds"].values()} == {9}

    def test_one_cloud_unless_all_are_asked_for(self, world: World) -> None:
        blob(world, "gcp").write_bytes(b"2")
        document = world.invoke("verify", "-o", "json").ok().json
        assert list(document["clouds"]) == ["aws"]
        ran = world.invoke("verify", "--clouds", "gcp", "-o", "json")
        assert ran.code == ExitCode.INTEGRITY

    def test_damage(self, world: World) -> None:
        blob(world, "gcp").write_bytes(b"2")
        ran = world.invoke("verify", "--all-clouds")
        line = ran.failed(ExitCode.INTEGRITY)
        assert "1 damaged" in line
        assert TABLE in line
        assert "deployer repair" in line
        assert "✗ 1 damaged" in ran.out
        document = world.invoke("verify", "--all-clouds", "-o", "json").json
        assert [(each["cloud"], each["problem"]) for each in document["findings"]] == [
            ("gcp", "damaged")
        ]
        assert rows(document)["penguins:1"] == {"aws": "ok", "gcp": "damaged", "azure": "ok"}

    def test_missing_is_not_as_bad(self, world: World) -> None:
        (world.store("azure") / layout.version("penguins", 1)).unlink()
        ran = world.invoke("verify", "--all-clouds")
        assert "1 missing" in ran.failed(ExitCode.PARTIAL)
        assert "missing" in ran.out

    def test_a_cloud_that_is_away(self, world: World) -> None:
        world.store("azure").rename(world.store("gone"))
        ran = world.invoke("verify", "--all-clouds")
        assert "azure could not be looked at" in ran.failed(ExitCode.UNAVAILABLE)
        blob(world, "gcp").write_bytes(b"2")
        assert world.invoke("verify", "--all-clouds").code == ExitCode.INTEGRITY

    def test_what_is_named(self, world: World) -> None:
        world.invoke("verify", "penguins:1", "penguins@champion", "--all-clouds").ok()
        assert "no cloud has penguins:7" in world.invoke("verify", "penguins:7").failed(6)
        world.invoke("verify", "!").failed(2)

    def test_nothing_is_written(self, world: World) -> None:
        blob(world, "gcp").unlink()
        before = world.everything()
        world.invoke("verify", "--all-clouds")
        world.invoke("verify", "--quick", "--all-clouds")
        assert world.everything() == before


class TestRepair:
    def test_brings_everything_back(self, world: World) -> None:
        before = {name: body for name, body in world.everything().items() if "stores" in name}
        blob(world, "gcp").write_bytes(b"2")
        (world.store("azure") / layout.version("penguins", 1)).unlink()
        ran = world.invoke("repair").ok()
        assert "all clouds are whole and agree" in ran.err
        assert "1 object to gcp, 1 object to azure" in ran.err
        world.invoke("verify", "--all-clouds").ok()
        after = {
            name: body
            for name, body in world.everything().items()
            if "stores" in name and ".deployer-parts" not in name
        }
        assert after == {n: body for n, body in before.items() if ".deployer-parts" not in n}
        again = world.invoke("repair", "-o", "json").ok().json
        assert all(not any(v for v in line.values()) for line in again["clouds"].values())

    def test_a_dry_run(self, world: World) -> None:
        blob(world, "gcp").unlink()
        before = world.everything()
        ran = world.invoke("repair", "--dry-run", "-o", "json").ok()
        stays = {n: b for n, b in world.everything().items() if not n.endswith("audit.jsonl")}
        assert stays == {n: b for n, b in before.items() if not n.endswith("audit.jsonl")}
        line = ran.json["clouds"]["gcp"]
        assert (line["blobs"], line["bytes"]) == (1, 1)
        assert line["from"] == {"aws": {"blobs": 1, "bytes": 1}}
        assert "aws: 1, 1 B" in world.invoke("repair", "--dry-run").ok().out

    def test_what_is_lost(self, world: World) -> None:
        for name in ("aws", "gcp", "azure"):
            blob(world, name).write_bytes(b"2")
        ran = world.invoke("repair", "-o", "json")
        assert ran.code == ExitCode.INTEGRITY
        assert {each["key"] for each in ran.json["lost"]} == {layout.blob(TABLE)}
        line = world.invoke("repair").failed(ExitCode.INTEGRITY)
        assert "1 object is whole on no cloud" in line

    def test_a_cloud_that_is_away_does_not_stop_the_others(self, world: World) -> None:
        world.store("azure").rename(world.store("gone"))
        blob(world, "gcp").unlink()
        assert "azure" in world.invoke("repair").failed(ExitCode.UNAVAILABLE)
        assert blob(world, "gcp").read_bytes() == b"1"

    def test_no_registry(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "new").mkdir()
        world = World(tmp_path / "new", monkeypatch)
        world.local_clouds()
        before = world.everything()
        world.invoke("repair").failed(ExitCode.NOT_FOUND)
        assert {n: b for n, b in world.everything().items() if "stores" in n} == {
            n: b for n, b in before.items() if "stores" in n
        }

    def test_a_home_that_was_wiped(self, world: World) -> None:
        world.store("aws").rename(world.store("old"))
        world.store("aws").mkdir()
        line = world.invoke("repair").failed(ExitCode.ERROR)
        assert line.endswith("deployer home promote gcp")
        assert not any(world.store("aws").iterdir())

    def test_is_audited(self, world: World) -> None:
        world.invoke("repair").ok()
        acts = world.invoke("audit", "-o", "json").ok().json
        assert "repair" in str(acts)


@pytest.mark.parametrize("command", ["verify", "repair"])
def test_help_has_examples(world: World, command: str) -> None:
    ran = world.invoke(command, "--help").ok()
    assert "Examples:" in ran.out
    assert f"deployer {command}" in ran.out
