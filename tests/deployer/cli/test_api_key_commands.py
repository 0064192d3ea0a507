"""``deployer key api``: a key is shown once, listed by its name, and gone when it is revoked."""

import hashlib
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_key_from_its_making_to_its_end(world: World) -> None:
    made = world.invoke("key", "api", "new", "ci", "--expires", "90d", "-o", "json").ok().json
    assert made["sha256"] == hashlib.sha256(made["key"].encode()).hexdigest()
    file = Path(made["file"])
    assert file.name == "serve-keys.json"
    assert made["key"] not in file.read_text()
    listed = world.invoke("key", "api", "list", "-o", "json").ok()
    assert made["key"] not in listed.out
    (entry,) = listed.json["keys"]
    assert (entry["name"], entry["expires"], entry["expired"]) == ("ci", made["expires"], False)
    line = world.invoke("key", "api", "new", "ci").failed(2)
    assert "deployer key api revoke ci" in line
    assert world.invoke("key", "api", "revoke", "ci", "-o", "json").ok().json["revoked"]
    assert world.invoke("key", "api", "list", "-o", "json").ok().json["keys"] == []
    world.invoke("key", "api", "revoke", "ci").failed(6)


def test_as_tables(world: World) -> None:
    made = world.invoke("key", "api", "new", "router").ok()
    assert made.out.count("dk_") == 1
    assert "dk_" not in made.err
    assert "never" in made.out
    listed = world.invoke("key", "api", "list").ok()
    assert "router" in listed.out
    assert "dk_" not in listed.out + listed.err
    assert "revoked router" in world.invoke("key", "api", "revoke", "router").ok().err
    assert "deployer key api new" in world.invoke("key", "api", "list").ok().err


def test_the_settings_name_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYER_SERVE_KEYS_FILE", "mine.json")
    made = world.invoke("key", "api", "new", "ci", "-o", "json").ok().json
    assert made["file"] == "mine.json"
    assert (world.work / "mine.json").is_file()


def test_what_cannot_be_done_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.invoke("key", "api", "new", "a b").failed(2)
    world.invoke("key", "api", "new", "ci", "--expires", "soon").misused()
    (world.work / "bad.json").write_text("{")
    monkeypatch.setenv("DEPLOYER_SERVE_KEYS_FILE", "bad.json")
    assert "bad.json" in world.invoke("key", "api", "list").failed(2)


def test_signing_keys_are_made_as_before(world: World) -> None:
    world.invoke("key", "new", "signing.pem").ok()
    assert (world.work / "signing.pem.pub").is_file()
