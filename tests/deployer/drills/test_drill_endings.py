"""However a drill ends, it undoes what it did and leaves nothing running; and it says what it missed."""

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deployer.drills.drill_kit import drill, left_behind, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

DEADLINE = 60.0


@pytest.fixture
def running(tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """A drill in the middle of its method, with a fault that is on."""
    scenario = tmp_path / "frozen.yaml"
    scenario.write_text(
        """
name: frozen
title: The primary stands still
why: A test.
must: Everything is undone.
load: {rate: 20}
method:
  - {do: freeze, target: endpoint:primary}
  - {do: observe, seconds: 300}
""",
        "utf-8",
    )
    process = start([str(scenario)], tmp_path)
    events = tmp_path / "out" / "events.jsonl"
    until = time.monotonic() + DEADLINE
    while not (events.is_file() and '"kind":"fault"' in events.read_text("utf-8")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, "the drill does not come to its fault"
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def wait_until_gone(folder: Path) -> None:
    until = time.monotonic() + DEADLINE
    while found := left_behind(folder):
        assert time.monotonic() < until, f"still there: {found}"
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_rolls_back(
    running: "subprocess.Popen[str]", tmp_path: Path, number: signal.Signals
) -> None:
    assert len(left_behind(tmp_path)) > 5
    os.kill(running.pid, number)
    _, stderr = running.communicate(timeout=DEADLINE)
    assert running.returncode == 130
    assert "rolled back" in stderr
    assert left_behind(tmp_path) == []
    events = (tmp_path / "out" / "events.jsonl").read_text("utf-8")
    assert '"kind":"rollback","name":"endpoint:primary is frozen","ok":true' in events


def test_a_killed_drill_leaves_nothing_running(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert any("envoy" in each for each in left_behind(tmp_path))
    running.kill()
    running.wait()
    wait_until_gone(tmp_path)


def test_a_missed_objective_is_named_and_has_its_own_code(tmp_path: Path) -> None:
    done = drill("every-endpoint-down", "--max-failed", "0", "--rto", "1s", folder=tmp_path)
    assert done.code == 12, done.stderr[-2000:]
    missed = {each["objective"] for each in done.report["figures"]["missed"]}
    assert missed == {"rto", "max_failed"}
    assert "Recovery time (RTO)" in done.stdout
    assert "missed" in done.stdout


def test_a_drill_that_cannot_be_set_up_says_why(tmp_path: Path) -> None:
    done = drill("bit-flip", "--model", str(tmp_path), folder=tmp_path)
    assert done.code == 1
    assert "is no model directory" in done.stderr + done.stdout
    assert left_behind(tmp_path) == []
