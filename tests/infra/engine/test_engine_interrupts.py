"""An act that is broken off, by Ctrl-C or by a kill, with the real engine and a simulated cloud."""

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from deployer.errors import DeployerError
from deployer.stacks import acts
from deployer.stacks.acts import Target
from deployer.stacks.adopting import TakenError
from deployer.stacks.engine import Interrupts
from deployer.stacks.outcome import Silent
from deployer.stacks.steps import Step
from infra.configuration import Cloud
from infra.local.processes import wait_for
from tests.infra.engine.life_kit import Life, life, needed, processes, unprotected

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Impatient(Silent):
    """Presses Ctrl-C when the first thing is gone."""

    def __init__(self) -> None:
        self.interrupts = Interrupts()

    def step(self, cloud: str, step: Step, state: Literal["begun", "done", "failed"]) -> None:
        if state == "done" and not self.interrupts.asked:
            self.interrupts.interrupt()


def test_what_a_broken_off_deletion_leaves_is_protected_as_before(tmp_path: Path) -> None:
    needed("pulumi")
    with life(tmp_path) as there:
        target = there.target("gcp")
        acts.up(there.engine, target)
        made, held = len(there.cloud().things), set(unprotected(there, target))
        impatient = Impatient()
        engine = replace(there.engine, listener=impatient, interrupts=impatient.interrupts)
        with pytest.raises(DeployerError):
            acts.down(engine, target, unprotect=sorted(held))
        assert impatient.interrupts.asked
        assert 0 < len(there.cloud().things) < made
        left = {each["urn"] for each in acts.export(there.engine, target)["resources"]}
        assert held & left
        assert set(unprotected(there, target)) == held & left
        acts.down(there.engine, target, unprotect=sorted(held & left))
        assert not there.cloud().things


class Watching(Silent):
    """Counts what was made."""

    def __init__(self) -> None:
        self.made = 0

    def step(self, cloud: str, step: Step, state: Literal["begun", "done", "failed"]) -> None:
        self.made += state == "done"

    def more(self, than: int, ended: Callable[[], bool]) -> bool:
        """Return whether more was made, or no more will be."""
        return self.made > than or ended()


def pending(there: Life) -> set[str]:
    """Return what the state says to be under way, by name."""
    for state in (there.folder / "states").rglob("test.json"):
        latest = json.loads(state.read_text())["checkpoint"]["latest"] or {}
        listed = latest.get("pending_operations") or []
        return {each["resource"]["urn"].rpartition("::")[2] for each in listed}
    return set()


def killed(there: Life, target: Target, provider: str) -> str:
    """Kill the engine while the cloud makes something; return what `up` says."""
    watching = Watching()
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(acts.up, replace(there.engine, listener=watching), target)
        try:
            # What is asked of a cloud that answers no more stays under way; but not every question
            # is for something to be made, so it may have to go on for a while.
            while not pending(there):
                assert wait_for(partial(watching.more, watching.made, going.done), 60)
                assert not going.done(), "it was finished before it could be killed"
                stopped = processes(there.folder, "infra.simulated", provider)
                for each in stopped:
                    os.kill(each, signal.SIGSTOP)
                if not wait_for(lambda: bool(pending(there)), 1):
                    for each in stopped:
                        os.kill(each, signal.SIGCONT)
            (engine,) = processes(there.folder, "up", "--exec-kind", "auto.local")
            os.kill(engine, signal.SIGKILL)
        finally:
            for each in processes(there.folder, "infra.simulated"):
                os.kill(each, signal.SIGCONT)
        with pytest.raises(DeployerError) as caught:
            going.result(60)
    return f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("cloud", "provider"), [("aws", "aws"), ("azure", "azure-native")])
def test_an_engine_that_was_killed_is_gone_on_from(
    tmp_path: Path, cloud: Cloud, provider: str
) -> None:
    needed("pulumi")
    with life(tmp_path) as there:
        target = there.target(cloud)
        said = killed(there, target, provider)
        assert "the engine was killed by signal 9" in said
        assert "deployer refresh --cancel" in said
        assert processes(there.folder, "infra.simulated") == []
        under_way = pending(there)
        acts.cancel(there.engine, target)
        seen = acts.refresh(there.engine, target)
        assert set(seen.pending) == {f"creating {name}" for name in under_way}
        assert pending(there) == set()
        made = {each.id for each in there.cloud().things.values()}
        for _ in range(len(under_way) + 1):
            try:
                acts.up(there.engine, target)
                break
            except TakenError as error:
                # What was under way may have been made all the same.
                acts.adopt(there.engine, target, error.taken)
        assert made <= {each.id for each in there.cloud().things.values()}
        assert not acts.preview(there.engine, target).steps
