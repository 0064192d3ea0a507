"""`deployer push` as its user sees it."""

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import DEPLOYER, World
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    NAMES,
    audit,
    contents,
    local_clouds,
    strict_cloud,
    strict_environment,
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds()
    made.model({"model.bin": b"weights", "notes.txt": b"n"})
    return made


def versions(world: World) -> list[dict[str, list[int]]]:
    return [audit(contents(cloud)) for cloud in local_clouds(world.folder / "stores")]


def test_json_on_stdout_and_progress_on_stderr(world: World) -> None:
    ran = world.invoke("push", "model", "penguins:champion", "-o", "json").ok()
    assert ran.json == {
        "model": "penguins",
        "version": 1,
        "manifest": ran.json["manifest"],
        "created": True,
        "home": "aws",
        "files": 2,
        "bytes": 8,
        "aliases": ["latest", "champion"],
        "clouds": {name: {"sent": 2, "sent_bytes": 8, "reused": 0} for name in NAMES},
        "behind": {},
        "repair": None,
        "signed": False,
    }
    assert ran.json["manifest"].startswith("sha256:")
    assert versions(world) == [{"penguins": [1]}] * 3


def test_a_table_for_people(world: World) -> None:
    ran = world.invoke("push", "model", "penguins").ok()
    for name in NAMES:
        assert f"{name}: complete" in ran.err
        assert name in ran.out
    assert "published penguins:1" in ran.err
    assert "✓" not in ran.out
    again = world.invoke("push", "model", "penguins").ok()
    assert "already there: penguins:1" in again.err


def test_quiet_says_nothing_on_stderr(world: World) -> None:
    assert world.invoke("push", "model", "penguins", "-q").ok().err == ""
    assert world.invoke("push", "model", "penguins", "-q", "-o", "json").ok().err == ""


@pytest.mark.parametrize(
    ("arguments", "aliases"),
    [
        (["penguins"], ["latest"]),
        (["penguins:prod"], ["latest", "prod"]),
        (["penguins:prod", "--alias", "prod"], ["latest", "prod"]),
        (["penguins", "--alias", "b", "--alias", "a"], ["latest", "b", "a"]),
        (["penguins:latest"], ["latest"]),
    ],
)
def test_aliases(world: World, arguments: Sequence[str], aliases: list[str]) -> None:
    ran = world.invoke("push", "model", *arguments, "-o", "json").ok()
    assert ran.json["aliases"] == aliases
    for cloud in local_clouds(world.folder / "stores"):
        found = [key for key in contents(cloud) if key.startswith("models/penguins/aliases/")]
        assert len(found) == 2 * len(aliases)


def test_clouds_are_chosen_by_flag_then_by_setting_then_all(world: World) -> None:
    world.local_clouds(more='[push]\nclouds = ["gcp", "azure"]\nhome = "azure"\n')
    ran = world.invoke("push", "model", "penguins", "-o", "json").ok()
    assert (list(ran.json["clouds"]), ran.json["home"]) == (["gcp", "azure"], "azure")
    ran = world.invoke("push", "model", "b", "--clouds", "azure, aws", "-o", "json").ok()
    assert list(ran.json["clouds"]) == ["azure", "aws"]


def test_a_majority_then_the_same_command_brings_the_other_up(world: World) -> None:
    world.invoke("push", "model", "penguins").ok()
    world.model({"model.bin": b"better"})
    away = world.store("gcp").rename(world.folder / "away")
    command = ("push", "model", "penguins", "--require", "majority", "-o", "json")
    ran = world.invoke(*command)
    assert ran.code == 10
    assert list(ran.json["behind"]) == ["gcp"]
    assert "gcp is behind" in ran.err
    assert ran.json["repair"] == "deployer repair penguins:2 penguins@latest --clouds aws,gcp"
    assert ran.json["repair"] in ran.err
    table = world.invoke(*command[:-2])
    assert table.code == 10
    assert "gcp" in table.out
    away.rename(world.store("gcp"))
    assert world.invoke(*command).ok().json["behind"] == {}
    assert versions(world) == [{"penguins": [1, 2]}] * 3


def test_the_command_that_it_names_brings_the_other_up_with_its_aliases(world: World) -> None:
    world.invoke("push", "model", "penguins:champion").ok()
    world.model({"model.bin": b"better"})
    away = world.store("gcp").rename(world.folder / "away")
    ran = world.invoke("push", "model", "penguins:champion", "--require", "majority", "-o", "json")
    assert ran.code == 10
    away.rename(world.store("gcp"))
    world.invoke(*ran.json["repair"].split()[1:]).ok()
    world.invoke("verify", "--all-clouds").ok()
    assert versions(world) == [{"penguins": [1, 2]}] * 3


def test_all_is_the_default_and_commits_nothing_without_all(world: World) -> None:
    world.invoke("push", "model", "penguins").ok()
    world.model({"model.bin": b"better"})
    away = world.store("azure").rename(world.folder / "away")
    error = world.invoke("push", "model", "penguins").failed(6)
    assert "azure" in error
    assert "nothing was published" in error
    away.rename(world.store("azure"))
    assert versions(world) == [{"penguins": [1]}] * 3
    assert world.invoke("push", "model", "penguins", "-o", "json").ok().json["version"] == 2
    assert versions(world) == [{"penguins": [1, 2]}] * 3


@pytest.mark.parametrize("text", ["all", "majority", "1", "3"])
def test_what_may_be_required(world: World, text: str) -> None:
    world.invoke("push", "model", "penguins", "--require", text).ok()


@pytest.mark.parametrize("text", ["0", "4", "-1", "some", "", "1.5", "٢", "ALL"])
def test_what_may_not(world: World, text: str) -> None:
    before = world.everything()
    assert "--require" in world.invoke("push", "model", "penguins", "--require", text).failed(2)
    assert world.everything() == before


@pytest.mark.parametrize(
    "name",
    ["", ":", "penguins:", "Penguins", "pen guins", "../x", "penguins:3", "penguins:a:b", "a@b"],
)
def test_bad_names(world: World, name: str) -> None:
    before = world.everything()
    world.invoke("push", "model", name).failed(2)
    assert world.everything() == before


def test_a_home_that_is_no_target(world: World) -> None:
    before = world.everything()
    error = world.invoke("push", "model", "penguins", "--home", "mars").failed(2)
    assert "mars" in error
    error = world.invoke("push", "model", "p", "--clouds", "aws", "--home", "gcp").failed(2)
    assert "gcp" in error
    assert world.everything() == before


def test_a_package_that_is_damaged(world: World) -> None:
    world.model({"model.json": b"{}"})
    assert "model.json" in world.invoke("push", "model", "penguins").failed(11)
    assert versions(world) == [{}] * 3


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_source_commit_is_in_the_manifest(world: World) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *arguments], check=True, cwd=world.work)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, cwd=world.work, capture_output=True, text=True
    ).stdout.strip()
    world.invoke("push", "model", "penguins").ok()
    assert world.invoke("show", "penguins", "-o", "json").ok().json["lineage"]["commit"] == head


def test_the_three_clouds_as_a_process(world: World) -> None:
    """The console script, the real SDKs, the three dialects."""
    with strict_cloud() as cloud:
        world.settings("")
        world.setenv(strict_environment(cloud))
        ran = world.run("push", "model", "penguins:champion", "-o", "json").ok()
        assert json.loads(ran.out)["version"] == 1
        found = [audit(cloud.objects(dialect, BUCKET)) for dialect in DIALECTS.values()]
        assert found == [{"penguins": [1]}] * 3
        lines = sorted(line for line in ran.err.splitlines() if line)
        assert all(line.startswith("✓") for line in lines) or lines == []


def on_a_terminal(world: World, *arguments: str, **environment: str) -> tuple[int, bytes, bytes]:
    """Run with stderr on a terminal; return (exit code, stdout, what the terminal got)."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [DEPLOYER, *arguments],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # Linux: the other end was closed
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(ours)
    return process.returncode, out, shown


def test_bars_on_a_terminal(world: World) -> None:
    code, out, shown = on_a_terminal(world, "push", "model", "penguins")
    assert code == 0
    assert b"\x1b[" in shown
    assert b"aws" in shown
    assert b"\x1b[" not in out
    code, out, shown = on_a_terminal(world, "push", "model", "penguins", "-o", "json")
    assert code == 0
    assert json.loads(out)["created"] is False
    assert b"\x1b[?25l" not in shown  # no bar: the cursor was never hidden


@pytest.mark.parametrize(
    ("arguments", "flags", "environment"),
    [
        (["push", "nowhere", "penguins"], [], {"NO_COLOR": "1"}),
        (["push", "nowhere", "penguins"], ["--no-color"], {}),
        (["push", "model", "penguins"], ["--no-color"], {}),
        (["push", "model", "penguins"], [], {"NO_COLOR": "1"}),
    ],
)
def test_no_colours_when_not_wanted(
    world: World, arguments: list[str], flags: list[str], environment: dict[str, str]
) -> None:
    _, out, shown = on_a_terminal(world, *arguments, *flags, **environment)
    assert b"\x1b[3" not in shown + out
    assert shown


def test_colours_when_nobody_minds(world: World) -> None:
    _, out, shown = on_a_terminal(world, "push", "nowhere", "penguins")
    assert b"\x1b[31m" in shown
    assert out == b""
