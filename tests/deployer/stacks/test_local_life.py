"""The whole life of endpoints on this machine, with the real engine and a real model."""

import os
import signal
import socket
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployer.serving.auth.key_file import new_key
from infra.contract import infer_path
from tests.deployer.stacks.stacks_kit import (
    Bench,
    ask,
    bench,
    kill,
    needs_engine,
    prediction,
    started,
    steps,
)

pytestmark = pytest.mark.slow

SERVERS = ("penguins-1", "penguins-2", "penguins-3")


def test_endpoints_are_made_served_looked_after_and_deleted(
    tmp_path: Path, penguins_package: Path
) -> None:
    needs_engine()
    body, label = prediction(penguins_package)
    with bench(tmp_path, penguins_package) as here:
        keys = Path(here.environment["XDG_CONFIG_HOME"]) / "deployer" / "serve-keys.json"
        keys.parent.mkdir(parents=True)
        key = new_key(keys, "test", now=datetime.now(UTC), expires=None)

        made = here.run("up", "--yes")
        assert steps(made) == dict.fromkeys((*SERVERS, "penguins-router", "penguins"), "create")
        told = made[0]["outputs"]
        assert tuple(told["endpoints"]) == SERVERS
        for url in (told["url"], *told["endpoints"].values()):
            assert ask(url, infer_path("penguins"), body=body)[0] == 401
            status, answer = ask(url, infer_path("penguins"), key=key, body=body)
            assert (status, answer["outputs"][0]["data"]) == (200, [label])
        before = here.pids()

        assert steps(here.run("preview", "--expect-no-changes")) == {}

        kill(before["penguins-2"])
        status, _ = ask(told["url"], infer_path("penguins"), key=key, body=body)
        assert status == 200, "the router asks another endpoint"
        (found,) = here.run("refresh", "--expect-no-changes", code=7)
        assert [each["name"] for each in found["steps"]] == ["penguins-2"]
        changed = {each["path"]: each for each in found["steps"][0]["changes"]}
        assert changed["running"]["before"] == "true"
        assert changed["running"]["after"] == "false"

        mended = here.run("up", "--yes")
        assert steps(mended) == {"penguins-2": "update"}
        assert mended[0]["outputs"]["endpoints"] == told["endpoints"]
        after = here.pids()
        assert {name for name in before if before[name] != after[name]} == {"penguins-2"}
        status, _ = ask(told["endpoints"]["penguins-2"], infer_path("penguins"), key=key, body=body)
        assert status == 200

        _kept_secret(here, after)
        assert here.ours(), "the processes are told from others' at all"
        gone = here.run("down", "--yes")
        assert set(steps(gone).values()) == {"delete"}
        assert here.ours() == []
        assert "there is no stack" in here.run("outputs", code=6)


def _kept_secret(here: Bench, pids: dict[str, int]) -> None:
    """The passphrase is its owner's alone, and no endpoint was given it."""
    file = Path(here.environment["XDG_STATE_HOME"]) / "deployer/stacks/passphrase"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for pid in pids.values():
        assert b"PULUMI_" not in Path(f"/proc/{pid}/environ").read_bytes()
    secret = file.read_bytes()
    holding = [
        each
        for each in here.folder.parent.rglob("*")
        if each.is_file() and each != file and secret in each.read_bytes()
    ]
    assert holding == []


def test_a_lock_ctrl_c_and_a_failure_leave_what_the_next_up_goes_on_from(
    tmp_path: Path, penguins_package: Path
) -> None:
    needs_engine()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = f'auth = "none"\n[infra.local]\nendpoints = 2\nport = {port}\n'
        with bench(tmp_path, penguins_package, settings) as here:
            with started(here, "up", "--yes") as running:
                held = running.hold_after("created Server penguins-1")
                (refused,) = here.run("refresh", code=4)
                said = refused["error"]["message"]
                assert "the stack is locked by" in said
                assert f"process {held}, since 20" in said
                assert "refresh --cancel" in refused["error"]["hint"]
                running.signal(signal.SIGINT)
                told = running.go_on()
            assert running.code == 130, told
            assert "steps under way are finished" in told
            first = here.pids()["penguins-1"]

            refused = here.run("up", "--yes", code=1)
            assert f"port {port} is in use" in str(refused)
            assert here.pids()["penguins-1"] == first
            taken.close()

            made = here.run("up", "--yes")
            assert steps(made) == {"penguins-router": "create"}
            assert here.pids()["penguins-1"] == first
            assert made[0]["outputs"]["url"] == f"http://127.0.0.1:{port}"
            here.run("down", "--yes")
            assert here.ours() == []


def test_an_engine_that_was_killed_leaves_nothing_that_down_does_not_find(
    tmp_path: Path, penguins_package: Path
) -> None:
    needs_engine()
    settings = 'auth = "none"\n[infra.local]\nendpoints = 2\n'
    with bench(tmp_path, penguins_package, settings) as here:
        with started(here, "up", "--yes") as running:
            os.kill(running.hold_after("created Server penguins-1"), signal.SIGKILL)
            told = running.go_on()
        assert running.code == 1, told
        assert "the engine was killed by signal 9" in told
        (seen,) = here.run("refresh", "--cancel")
        assert seen["pending"] == ["creating penguins-2"]
        here.run("down", "--yes")
        assert here.ours() == []
