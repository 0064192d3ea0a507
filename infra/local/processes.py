"""Processes that outlive the engine: started, recognised later, and stopped without a mistake.

A process id alone names nobody: after a reboot, or once the ids have wrapped around, it belongs to
a stranger. A process is therefore known by its id and the moment it started.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = [
    "ProcessError",
    "birth_of",
    "is_alive",
    "start",
    "stop",
    "sweep",
    "sweep_all",
    "wait_for",
]

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_POLL = 0.05
_KILL_WITHIN = 5.0


class ProcessError(RuntimeError):
    """A process did not do what it should; one line."""


def birth_of(pid: int) -> str:
    """Return when process `pid` was born, or "" when it does not run (a zombie does not)."""
    return _from_proc(pid) if _BOOT.exists() else _from_ps(pid)


def is_alive(pid: int, birth: str) -> bool:
    """Whether that very process runs: the same id and the same birth."""
    return bool(birth) and birth_of(pid) == birth


def start(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    out: Path,
    log: Path,
    note: Path,
) -> tuple[int, str]:
    """Start `command` in a session of its own, so that the engine's end is not its end.

    Args:
        command: an argument list.
        environment: all its variables.
        directory: where it runs.
        out: file for its stdout, emptied first.
        log: file for its stderr, which grows.
        note: file that remembers the process for `sweep`.

    Returns:
        process id and birth.

    Raises:
        ProcessError: it cannot be executed.

    """
    try:
        with out.open("wb") as stdout, log.open("ab") as stderr:
            child = subprocess.Popen(  # noqa: S603 - an argument list, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=dict(environment),
                cwd=directory,
                start_new_session=True,
            )
    except OSError as error:
        raise ProcessError(f"{command[0]} cannot be executed: {error.strerror}") from error
    # It is meant to outlive us: not a child that we forgot to wait for.
    child.returncode = 0
    birth = birth_of(child.pid)
    note.write_text(f"{child.pid} {birth}\n", "utf-8")
    return child.pid, birth


def stop(pid: int, birth: str, *, within: float) -> None:
    """End it and what it has started: politely, and after `within` seconds all the same.

    Raises:
        ProcessError: it is still there.

    """
    for number, seconds in ((signal.SIGTERM, within), (signal.SIGKILL, _KILL_WITHIN)):
        if not is_alive(pid, birth):
            return
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGTERM:
                os.kill(pid, number)
            else:
                os.killpg(pid, number)
        if wait_for(lambda: not is_alive(pid, birth), seconds):
            return
    raise ProcessError(f"process {pid} does not end")


def sweep(note: Path, *, within: float) -> bool:
    """End the process that a note remembers, if it still runs; return whether it did.

    Raises:
        ProcessError: it is still there.

    """
    try:
        number, _, birth = note.read_text("utf-8").strip().partition(" ")
        pid = int(number)
    except (FileNotFoundError, ValueError):
        return False
    found = is_alive(pid, birth)
    stop(pid, birth, within=within)
    note.unlink(missing_ok=True)
    return found


def sweep_all(folder: Path, *, within: float = 30.0) -> int:
    """End every process that a note in `folder` remembers; return how many still ran.

    Raises:
        ProcessError: one is still there.

    """
    return sum(sweep(note, within=within) for note in sorted(folder.glob("*.pid")))


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until `condition` holds, `seconds` at most; return whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL)
    return True


def _from_proc(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
        boot = _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
    # The name, in brackets, may hold spaces and brackets itself; see proc_pid_stat(5).
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _from_ps(pid: int) -> str:
    shown = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, born = shown.stdout.strip().partition(" ")
    return "" if not state or state.startswith("Z") else born.strip()
