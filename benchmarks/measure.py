"""Run commands and measure them as whole processes: wall, CPU, peak memory."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Command", "Figures", "middle", "run_together"]


@dataclass(frozen=True)
class Command:
    """A process to measure."""

    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Figures:
    """What a process cost.

    Attributes:
        wall: seconds from start to end.
        cpu: seconds of processor time, user and system, of the client alone.
        memory: bytes resident at the peak.

    """

    wall: float
    cpu: float
    memory: int


def run_together(commands: Sequence[Command]) -> list[Figures]:
    """Start all commands at once and return what each one cost.

    Raises:
        RuntimeError: a command failed; its output is in the message.

    """
    began = time.perf_counter()
    started = []
    for command in commands:
        log = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, after the process
        process = subprocess.Popen(
            command.arguments,
            env={**os.environ, **command.environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        started.append((command, process, log))
    figures: dict[int, Figures] = {}
    failures = []
    for _ in started:
        pid, status, usage = os.wait4(-1, 0)
        wall = time.perf_counter() - began
        figures[pid] = Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
        command, process, log = next(each for each in started if each[1].pid == pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            output = log.read().decode(errors="replace")[-2000:]
            failures.append(f"{' '.join(command.arguments)}: {process.returncode}\n{output}")
    for _, _, log in started:
        log.close()
    if failures:
        raise RuntimeError("\n".join(failures))
    return [figures[process.pid] for _, process, _ in started]


def middle(figures: Sequence[Figures]) -> Figures:
    """Return the median of each figure."""
    return Figures(
        wall=median(each.wall for each in figures),
        cpu=median(each.cpu for each in figures),
        memory=int(median(each.memory for each in figures)),
    )
