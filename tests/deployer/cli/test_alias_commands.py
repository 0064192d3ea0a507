"""`deployer alias set`, `list` and `rm` as their user sees them."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import click
import pytest

from deployer.cli.durations import DURATION
from deployer.registry.who import now, stamp
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import (
    NAMES,
    alias_log,
    contents,
    local_clouds,
    read_tree,
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    return made


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with penguins:1 to :3, the second one champion."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        world = World(folder, patch)
        world.local_clouds()
        for number in range(1, 4):
            world.model({"model.bin": b"%d" % number})
            world.invoke("push", "model", "penguins:champion" if number == 2 else "penguins").ok()
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


class TestSet:
    def test_by_number_and_by_alias(self, full: World) -> None:
        ran = full.invoke("alias", "set", "penguins", "prod", "1", "-o", "json").ok()
        told = {"model": "penguins", "alias": "prod", "version": 1, "seq": 1, "moved": True}
        assert ran.json.items() >= (told | {"home": "aws", "before": None, "behind": {}}).items()
        ran = full.invoke("alias", "set", "penguins", "prod", "latest", "-o", "json").ok()
        assert (ran.json["version"], ran.json["seq"], ran.json["before"]) == (3, 2, 1)
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
        before = stores(full)
        full.invoke("alias", "set", *arguments).failed(code)
        assert stores(full) == before

    def test_a_follower_that_is_away_is_behind(self, full: World) -> None:
        away = full.store("gcp").rename(full.folder / "away")
        ran = full.invoke("alias", "set", "penguins", "prod", "1", "-o", "json")
        assert ran.code == 10
        assert list(ran.json["behind"]) == ["gcp"]
        assert "gcp is behind" in ran.err
        assert "deployer repair --clouds aws,gcp" in ran.err
        away.rename(full.store("gcp"))
        assert (
            full.invoke("alias", "set", "penguins", "prod", "1", "-o", "json").ok().json["behind"]
            == {}
        )
        full.invoke("show", "penguins@prod", "--clouds", "gcp").ok()

    def test_the_home_that_is_away_is_an_error(self, full: World) -> None:
        full.store("aws").rename(full.folder / "away")
        before = stores(full)
        full.invoke("alias", "set", "penguins", "prod", "1").failed(6)
        assert stores(full) == before

    def test_nothing_is_founded(self, world: World) -> None:
        """An alias of a model that is not there must not make a registry of empty buckets."""
        world.invoke("alias", "set", "penguins", "prod", "1").failed(6)
        for cloud in local_clouds(world.folder / "stores"):
            assert contents(cloud) == {}

    def test_without_a_subcommand(self, world: World) -> None:
        assert "set" in world.invoke("alias").err + world.invoke("alias").out


class TestExpiry:
    def test_it_is_kept_and_set_again_renewed(self, full: World) -> None:
        before = stamp(now(), timedelta(days=30))
        arguments = ["alias", "set", "penguins", "prod", "1", "-o", "json"]
        ran = full.invoke(*arguments, "--expires", "30d").ok()
        assert before <= ran.json["expires"] <= stamp(now(), timedelta(days=30, minutes=1))
        assert full.invoke(*arguments, "--expires", "12h").ok().json["seq"] == 2
        ran = full.invoke(*arguments).ok()
        assert (ran.json["seq"], ran.json["expires"]) == (3, None)
        assert full.invoke(*arguments).ok().json["moved"] is False

    def test_bad_ones(self, full: World) -> None:
        for text in ("30", "d", "-1d", "1.5h", "0m", "1y", "99999999w", "999999999w", "1d1h", "x"):
            said = full.invoke("alias", "set", "penguins", "prod", "1", "--expires", text).misused()
            assert "45m" in said or "century" in said

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("90s", timedelta(seconds=90)),
            ("45m", timedelta(minutes=45)),
            ("12h", timedelta(hours=12)),
            ("30d", timedelta(days=30)),
            ("2w", timedelta(weeks=2)),
        ],
    )
    def test_lengths_of_time(self, text: str, expected: timedelta) -> None:
        assert DURATION.convert(text, None, None) == expected
        assert DURATION.convert(expected, None, None) == expected
        with pytest.raises(click.BadParameter):
            DURATION.convert(f"{text}x", None, None)


class TestList:
    def test_json(self, full: World) -> None:
        full.invoke("alias", "set", "penguins", "prod", "1", "--note", "why not").ok()
        told = full.invoke("alias", "list", "penguins", "-o", "json").ok().json
        assert [(line["alias"], line["version"], line["seq"]) for line in told] == [
            ("champion", 2, 1),
            ("latest", 3, 3),
            ("prod", 1, 1),
        ]
        assert told[2]["note"] == "why not"
        assert told[2]["signed"] is False
        table = full.invoke("alias", "list", "penguins").ok().out
        assert "why not" in table

    def test_no_such_model(self, full: World) -> None:
        assert "otters" in full.invoke("alias", "list", "otters").failed(6)
        full.invoke("alias", "list", "Otters").failed(2)


class TestRemove:
    def test_on_every_cloud(self, full: World) -> None:
        ran = full.invoke(
            "alias", "rm", "penguins", "champion", "--note", "over", "-o", "json"
        ).ok()
        told = {"alias": "champion", "version": 2, "seq": 2, "moved": True, "removed": True}
        assert ran.json.items() >= told.items()
        for name in NAMES:
            error = full.invoke("show", "penguins@champion", "--clouds", name).failed(6)
            assert "was removed" in error
        for cloud in local_clouds(full.folder / "stores"):
            entry = alias_log(contents(cloud), "penguins", "champion")[-1]
            assert (entry["removed"], entry["note"], entry["version"]) == (True, "over", 2)
        listed = full.invoke("alias", "list", "penguins", "-o", "json").ok().json
        assert [line["alias"] for line in listed] == ["latest"]

    def test_twice_is_once_and_set_goes_on(self, full: World) -> None:
        full.invoke("alias", "rm", "penguins", "champion").ok()
        ran = full.invoke("alias", "rm", "penguins", "champion", "-o", "json").ok()
        assert (ran.json["moved"], ran.json["seq"]) == (False, 2)
        ran = full.invoke("alias", "set", "penguins", "champion", "2", "-o", "json").ok()
        assert (ran.json["moved"], ran.json["seq"], ran.json["before"]) == (True, 3, None)
        full.invoke("show", "penguins@champion", "--clouds", "azure").ok()

    def test_a_follower_that_is_away_is_behind(self, full: World) -> None:
        away = full.store("gcp").rename(full.folder / "away")
        ran = full.invoke("alias", "rm", "penguins", "champion", "-o", "json")
        assert (ran.code, list(ran.json["behind"])) == (10, ["gcp"])
        away.rename(full.store("gcp"))
        full.invoke("alias", "rm", "penguins", "champion").ok()
        full.invoke("show", "penguins@champion", "--clouds", "gcp").failed(6)

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["penguins", "latest"], 2),
            (["penguins", "3"], 2),
            (["Penguins", "champion"], 2),
            (["penguins", "nosuch"], 6),
            (["otters", "champion"], 6),
        ],
    )
    def test_refused(self, full: World, arguments: list[str], code: int) -> None:
        before = stores(full)
        full.invoke("alias", "rm", *arguments).failed(code)
        assert stores(full) == before


def test_every_act_is_in_the_audit_log(full: World) -> None:
    full.invoke("alias", "set", "penguins", "prod", "1").ok()
    full.invoke("alias", "rm", "penguins", "prod").ok()
    full.invoke("alias", "set", "penguins", "prod", "9").failed(6)
    log = (full.state / "audit.jsonl").read_text().splitlines()
    acts = [(entry["act"], entry["outcome"]) for entry in map(json.loads, log)]
    assert acts[-3:] == [("alias set", "done"), ("alias rm", "done"), ("alias set", "failed")]
