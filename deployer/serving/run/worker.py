"""The process that answers: ``python -m deployer.serving.run.worker LAUNCH EVENTS``.

`LAUNCH` is the path of a :class:`~deployer.serving.run.state.Launch`, `EVENTS` the number of an
open file to write events to. What goes wrong is an event, too; the supervisor speaks of it.
"""

import gc
import os
import resource
import sys
import traceback
from contextlib import suppress
from pathlib import Path

import msgspec

from deployer.errors import DeployerError, ExitCode
from deployer.serving.run.state import Event, Launch, read_launch

__all__ = ["main"]

SWITCH_INTERVAL = 0.001  # seconds; a thread that loads a model gives way to requests sooner


def main(arguments: list[str]) -> int:
    """Run a worker; return its exit code."""
    gc.disable()  # until all is loaded: what is imported stays
    launch, events = read_launch(Path(arguments[0])), int(arguments[1])
    _raise_file_limit()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        _run(launch, events)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said in one line
        if launch.verbose:
            traceback.print_exc()
        os.write(events, msgspec.json.encode(_fatal(error)) + b"\n")
        return ExitCode.ERROR
    return ExitCode.OK


def _run(launch: Launch, events: int) -> None:
    import uvloop  # noqa: PLC0415 - a library that is not there is said like any other error

    from deployer.serving.run.answering import Answering  # noqa: PLC0415 - as above

    async def run() -> None:
        await Answering(launch, events).run()

    uvloop.run(run())


def _fatal(error: Exception) -> Event:
    """Return what the supervisor shall say."""
    if isinstance(error, DeployerError):
        return Event(
            "fatal",
            message=error.message,
            where=error.where,
            hint=error.hint,
            exit_code=int(error.exit_code),
        )
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("deployer"):
        hint = "install what serving needs: deployer[serve]"
        return Event("fatal", message=f"{error.name} is not installed", hint=hint)
    what = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return Event("fatal", message=f"a worker failed: {what}", hint="see where with -vv")


def _raise_file_limit() -> None:
    """Allow as many connections as the system does; the usual soft limit is 1024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
