"""How the emulators are: derived from the process and a real request, never from memory."""

import signal
import time
from pathlib import Path

import msgspec

from deployer.emulators.engines import engine_named
from deployer.emulators.model import Cloud, EngineName, Record
from deployer.emulators.process import exit_code
from deployer.emulators.server import last_words
from deployer.emulators.state import State

__all__ = ["Status", "is_healthy", "status_of"]


class Status(msgspec.Struct, frozen=True):
    """One emulator as it is now."""

    cloud: Cloud
    engine: EngineName
    version: str
    endpoint: str
    pid: int
    healthy: bool
    uptime_seconds: float | None
    """None when it does not run."""
    data: str | None
    """Where its data is kept; None when it is thrown away."""
    log: str
    problem: str
    """What is wrong; empty when nothing is."""


def is_healthy(record: Record) -> bool:
    """Whether the emulator runs and answers."""
    return record.process.alive and engine_named(record.engine).healthy(record.endpoint)


def status_of(state: State) -> list[Status]:
    """Return how each emulator of `state` is."""
    return [_status(record) for record in state.servers]


def _status(record: Record) -> Status:
    alive = record.process.alive
    healthy = alive and engine_named(record.engine).healthy(record.endpoint)
    return Status(
        cloud=record.cloud,
        engine=record.engine,
        version=record.version,
        endpoint=record.endpoint,
        pid=record.process.emulator.pid,
        healthy=healthy,
        uptime_seconds=round(max(0.0, time.time() - record.started), 1) if alive else None,
        data=record.data if record.keep else None,
        log=str(Path(record.folder) / f"{record.engine}.log"),
        problem="" if healthy else "runs but does not answer" if alive else _death(record),
    )


def _death(record: Record) -> str:
    """Tell how it died, if its keeper has seen it."""
    folder = Path(record.folder)
    code = exit_code(folder / f"{record.engine}.exit")
    if code is None:
        return "died without a trace, as in a restart of the machine"
    if code < 0:
        return f"was killed by {_signal_name(-code)}"
    said = last_words(folder, record.engine, lines=1)
    return f"ended with code {code}" + (f": {said}" if said else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
