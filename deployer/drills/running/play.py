"""Plays one scenario from its steady state to its rollback, and leaves the evidence behind."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from deployer.drills.evidence.recorder import Recorder
from deployer.drills.evidence.records import SCENARIO, Event
from deployer.drills.running.interrupting import InterruptedDrillError, interruptible
from deployer.drills.running.phases import through_phases
from deployer.drills.running.setup import estate
from deployer.drills.running.staging import Staging, staging
from deployer.drills.running.surroundings import surroundings
from deployer.drills.scenario.model import Scenario
from deployer.errors import DeployerError
from providers.errors import StoreError

__all__ = ["Options", "play"]


class Places(TypedDict):
    """Where a drill may write."""

    folder: Path
    work: Path
    recorder: Recorder


@dataclass(frozen=True)
class Options:
    """How a scenario is played.

    Attributes:
        model: the user's own model directory; None for a small one of ours.
        operator: who runs it; "" for the user of this machine.
        staging: what of the user's it is played against; None for emulators.

    """

    model: Path | None = None
    operator: str = ""
    staging: Staging | None = None


def play(
    scenario: Scenario,
    text: str,
    folder: Path,
    options: Options,
    tell: Callable[[Event], None],
) -> None:
    """Play a scenario.

    Whatever happens, faults are undone and every process that was started is ended.

    Args:
        scenario: what is played.
        text: its YAML, kept with the evidence.
        folder: of the evidence; must not exist yet or be empty.
        options: how.
        tell: is told each event.

    Raises:
        InterruptedDrillError: by Ctrl-C or SIGTERM, after the rollback.
        DeployerError: the estate did not come up.

    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCENARIO).write_text(text, "utf-8")
    recorder = Recorder(folder, tell)
    stop = threading.Event()
    work = folder / "work"
    work.mkdir(mode=0o700)
    try:
        with interruptible(stop):
            told = surroundings(operator=options.operator, staged=options.staging is not None)
            recorder.note("begun", scenario.name, **told)
            recorder.note("phase", "prepare")
            places: Places = {"folder": folder, "work": work, "recorder": recorder}
            with (
                staging(scenario, user=options.staging, **places)
                if options.staging
                else estate(scenario, model=options.model, **places)
            ) as scene:
                scene.stop = stop
                through_phases(scene)
    except (DeployerError, StoreError) as error:
        recorder.note("error", str(error), False)
        raise
    finally:
        recorder.note("phase", "done")
        recorder.close()
        # Keys and state of the estate; what matters of it is in the evidence.
        shutil.rmtree(work, ignore_errors=True)
    if stop.is_set():
        raise InterruptedDrillError
