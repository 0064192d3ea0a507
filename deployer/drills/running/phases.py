"""Takes a scene through its phases: look, break, mend, look again; and always roll back."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from deployer.drills.estate.audit import audit
from deployer.drills.estate.scene import Scene
from deployer.drills.evidence.records import INTEGRITY, Phase
from deployer.drills.running.configuration import keep_configuration
from deployer.drills.verbs.base import Verb
from deployer.errors import DeployerError
from providers.errors import StoreError

__all__ = ["through_phases"]

WARM_REQUESTS = 50
WARM_SECONDS = 30.0
SETTLE_REQUESTS = 60
"""Answered in a row at the end: more than the 50 that end an outage by definition."""


def through_phases(scene: Scene) -> None:
    """Play the scene's scenario; what goes wrong is written down, and what was broken is undone."""
    scenario = scene.scenario
    if scenario.estate.versions:
        scene.accept(1)
    try:
        _phase(scene, "steady")
        _steady(scene)
        _steps(scene, scenario.steady_state)
        keep = partial(keep_configuration, scene.work, scenario.estate.proxy, scene.recorder)
        _guard(scene, "keep the configuration", keep)
        if _failed(scene) or scene.stop.is_set():
            scene.recorder.note("error", "the estate was not steady; nothing was broken", False)
            return
        _phase(scene, "method")
        _steps(scene, scenario.method)
        if scene.stop.is_set():
            return
        _phase(scene, "recovery")
        for label in [*scene.faults]:
            _guard(scene, f"mend {label}", partial(scene.mend, label))
        _steps(scene, scenario.recovery)
        _phase(scene, "after")
        _steps(scene, scenario.steady_state)
        _steps(scene, scenario.after)
        _settle(scene)
    finally:
        _rollback(scene)


def _steady(scene: Scene) -> None:
    """Begin the load and wait until it runs steadily."""
    if scene.load is None:
        return
    scene.load.start()
    digests = set(scene.accepted)
    warm = scene.load.wait(
        lambda seen: (
            sum(each.status == 200 and each.digest in digests for each in seen)  # noqa: PLR2004
            >= WARM_REQUESTS
        ),
        WARM_SECONDS,
    )
    failed = sum(each.status != 200 for each in scene.load.seen())  # noqa: PLR2004
    scene.check(
        "the router answers steadily",
        warm and not failed,
        expected="0 failed",
        seen=f"{failed} failed",
    )


def _settle(scene: Scene) -> None:
    """Wait for enough good answers that a recovery can be told from a pause."""
    if scene.load is None:
        return
    now = time.monotonic()
    digests = set(scene.accepted)
    scene.load.wait(
        lambda seen: (
            sum(
                each.due >= now and each.status == 200 and each.digest in digests  # noqa: PLR2004
                for each in seen
            )
            >= SETTLE_REQUESTS
        ),
        WARM_SECONDS,
    )


def _steps(scene: Scene, steps: Sequence[Verb]) -> None:
    for step in steps:
        if scene.stop.is_set():
            return
        if step.note:
            scene.recorder.note("note", step.note)
        if not _guard(scene, step.words, partial(step.act, scene)):
            return


def _guard(scene: Scene, name: str, act: Callable[[], Any]) -> bool:
    """Do something; what goes wrong is written down, and ends the phase."""
    try:
        act()
    except (DeployerError, StoreError, OSError) as error:
        scene.recorder.note("error", f"{name}: {error}", False)
        return False
    return True


def _rollback(scene: Scene) -> None:
    _phase(scene, "rollback")
    for label in reversed([*scene.faults]):
        fault = scene.faults.pop(label)
        ok = _guard(scene, f"undo {fault.name}", fault.undo)
        scene.recorder.note("rollback", fault.name, ok, target=fault.target)
    if scene.load is not None:
        _guard(scene, "stop the load", scene.load.stop)
    if scene.stop.is_set():
        scene.recorder.note("error", "interrupted: the scenario was not played to its end", False)
    _guard(scene, "look at every object", lambda: _look_at_all(scene))


def _look_at_all(scene: Scene) -> None:
    found = scene.audit() if scene.audit else audit(scene.clouds)
    (scene.folder / INTEGRITY).write_bytes(
        msgspec.json.format(msgspec.json.encode(found), indent=1)
    )


def _phase(scene: Scene, phase: Phase) -> None:
    scene.recorder.note("phase", phase)


def _failed(scene: Scene) -> bool:
    return any(
        each.kind in ("check", "error") and each.ok is False for each in scene.recorder.events
    )
