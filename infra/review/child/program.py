"""Runs a program against our monitor and tells what became of it."""

import asyncio
import logging
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.review.child.configuration import Project, Settings
from infra.review.child.guard import Guard
from infra.review.child.late import import_late
from infra.review.child.marks import Marks
from infra.review.child.places import Places

__all__ = ["run"]

_WORKERS = 32
_REGIONS = ("aws:region", "gcp:region", "azure-native:location", "azure:location")


def run(
    made: Project,
    settings: Settings,
    *,
    region: str,
    stacks: Mapping[str, Mapping[str, Any]],
    hidden: Sequence[str],
    held: bool,
) -> dict[str, Any]:
    """Return what a program asked for, as `infra.resources.Program` has it.

    Args:
        made: the program.
        settings: its configuration.
        region: that it is for; "" to take it from the configuration.
        stacks: outputs of other stacks.
        hidden: variables of the environment whose values the program is not given.
        held: whether the kernel keeps it from the network.

    Raises:
        CannotFollowError: it did not come to its end.

    """
    import pulumi  # noqa: PLC0415 - slow to import, and it may be missing
    from pulumi.runtime import stack  # noqa: PLC0415

    from infra.review.child import hooks  # noqa: PLC0415
    from infra.review.child.monitor import Recorder  # noqa: PLC0415
    from infra.review.child.problems import told  # noqa: PLC0415

    region = region or next((settings.values[k] for k in _REGIONS if k in settings.values), "")
    marks, places = Marks(str(made.folder)), Places(made.folder)
    values = _values(settings, marks)
    recorder = Recorder(
        project=made.name,
        stack=settings.stack,
        region=region,
        marks=marks,
        places=places,
        stacks=stacks,
        config={key: text for key, text in values.items() if key not in settings.secrets},
    )
    sdk: Any = sys.modules["pulumi.runtime.mocks"]  # it is not annotated
    asked: Any = recorder
    features = set(asked.GetDeploymentInfo(None).supportedFeatures)
    pulumi.runtime.configure(
        sdk.MockSettings(
            monitor=recorder,
            monitor_features=features,
            engine=sdk.MockEngine(logging.getLogger("review")),
            project=made.name,
            stack=settings.stack,
            root_directory=str(made.folder),
            dry_run=True,
            organization="organization",
            callbacks=recorder.transforms,
        )
    )
    pulumi.runtime.set_all_config(values, list(settings.secrets))
    hooks.listen(recorder, places)
    hooks.unlock(settings.locked)
    for name in hidden:
        os.environ[name] = marks.make(f"environment {name}", secret=True)
    guard = Guard(places.frame, held=held)
    hooks.leave_clean(made.folder)
    import_late()
    hooks.make_room(made.main if made.main.is_dir() else made.main.parent)
    notes = [*settings.notes]
    os.chdir(made.folder)
    sys.argv = [str(made.main)]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # A transform that waits for another resource holds its worker meanwhile.
    loop.set_default_executor(ThreadPoolExecutor(_WORKERS))
    recorder.transforms.loop = loop
    guard.set()
    try:
        loop.run_until_complete(stack.run_in_stack(lambda: _main(made.main)))
    except BaseException as error:
        problem = told(
            error,
            refusals=guard.refusals,
            marks=marks,
            places=places,
            asked=recorder.asked,
            stack=settings.stack,
        )
        if problem:
            raise problem from error
        notes.append("the program ended itself before its end")
    notes += sorted(recorder.notes)
    for each in guard.refusals:
        where = f" at {each.place['file']}:{each.place['line']}" if each.place else ""
        line = f"{each.message}{where}, was refused and went on"
        if line not in notes:
            notes.append(line)
    if not recorder.asked_for():
        notes.append("the program makes no resources")
    return {
        "project": made.name,
        "stack": settings.stack,
        "region": region,
        "resources": recorder.asked_for(),
        "outputs": recorder.exports,
        "notes": notes,
    }


def _main(main: Path) -> None:
    """Run a program as the language host does."""
    if main.is_file():
        sys.path.insert(0, str(main.parent))
    runpy.run_path(str(main), run_name="__main__")


def _values(settings: Settings, marks: Marks) -> dict[str, str]:
    """Return the configuration with marks in place of what is encrypted."""
    values = dict(settings.values)
    for key in settings.locked:
        values[key] = marks.make(f"config {key}", secret=True)
    for key in settings.secrets - settings.locked:
        marks.hide(values.get(key, ""))
    return values
