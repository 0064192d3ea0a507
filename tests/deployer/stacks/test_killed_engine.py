"""An engine that is killed while a cloud makes something: told, settled, and gone on from.

By the commands on one cloud; on the others, tests/infra/engine/test_engine_interrupts.py.
"""

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from infra.local.processes import wait_for
from tests.deployer.stacks.simulated_kit import Desk, desk
from tests.deployer.stacks.stacks_kit import needs_engine
from tests.infra.engine.life_kit import processes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def pending(here: Desk) -> list[str]:
    """Return what the state says to be under way."""
    states = Path(here.environment["XDG_STATE_HOME"]).rglob("penguins-production.json")
    for state in states:
        latest: dict[str, Any] = json.loads(state.read_text())["checkpoint"]["latest"] or {}
        return [each["resource"]["urn"] for each in latest.get("pending_operations") or []]
    return []


def test_what_was_under_way_is_told_and_the_next_up_finishes(tmp_path: Path) -> None:
    needs_engine()
    here = desk(tmp_path)
    here.write(["gcp"])
    with subprocess.Popen(
        here.command("up", "--yes"),
        cwd=here.folder,
        env=here.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        try:
            # What is asked of a cloud that answers no more stays under way; but not every question
            # is for something to be made, so it may have to go on for a while.
            for line in running.stderr:
                if ": created " not in line:
                    continue
                stopped = processes(here.folder, "infra.simulated", "gcp")
                for each in stopped:
                    os.kill(each, signal.SIGSTOP)
                if wait_for(lambda: len(pending(here)) > 0, 5):
                    break
                for each in stopped:
                    os.kill(each, signal.SIGCONT)
            else:
                pytest.fail("it was finished before it could be killed")
            (engine,) = processes(here.folder, "up", "--exec-kind", "auto.local")
            os.kill(engine, signal.SIGKILL)
            told = running.stderr.read()
        finally:
            for each in processes(here.folder, "up"):
                os.kill(each, signal.SIGKILL)
    assert running.returncode == 1, told
    assert "the engine was killed by signal 9" in told
    assert "deployer refresh --cancel" in told
    assert processes(here.folder) == [], "neither providers nor language hosts are left over"
    under_way = {urn.rpartition("::")[2] for urn in pending(here)}
    assert under_way

    (seen,) = json.loads(here.run("refresh", "--cancel", "-o", "json").stdout)
    assert set(seen["pending"]) == {f"creating {name}" for name in under_way}
    assert pending(here) == []
    made = {each.id for each in here.things()}
    # What was under way may have been made all the same, and then its name is taken.
    here.run("up", "--yes", "--adopt")
    assert made <= {each.id for each in here.things()}, "nothing was made anew"
    here.run("preview", "--expect-no-changes")
    urns = Counter(each.urn for each in here.things())
    twice = {urn.rpartition("::")[2] for urn, count in urns.items() if count > 1}
    assert twice <= under_way, "only what nobody heard of can be there twice"
