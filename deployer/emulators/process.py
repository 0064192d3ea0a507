"""Processes of ours: spawn, recognise and stop them without ever touching another's.

A process id alone names nobody: after a reboot, or once the ids have wrapped around, it belongs to
a stranger. A process is therefore known by its id and the moment it started.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deployer.errors import FailedError
from infra.local.processes import birth_of
from infra.local.processes import wait_for as poll_until

__all__ = [
    "Handle",
    "Held",
    "Kept",
    "birth_of",
    "exit_code",
    "is_same",
    "poll_until",
    "signal_group",
    "spawn",
]

_KEEPER = Path(__file__).with_name("keeper.py")
STOP_DEADLINE = 10.0
"""Seconds that an emulator has to stop by itself before it is killed."""


class Handle(msgspec.Struct, frozen=True):
    """One process: its id, and when it was born so that a recycled id is not mistaken for it."""

    pid: int
    birth: str


class Kept(msgspec.Struct, frozen=True):
    """An emulator and its keeper, who leads their session; what a state file remembers."""

    keeper: Handle
    emulator: Handle

    @property
    def alive(self) -> bool:
        """Whether the emulator itself still runs."""
        return is_same(self.emulator)

    @property
    def present(self) -> bool:
        """Whether anything of the pair is left."""
        return is_same(self.emulator) or is_same(self.keeper)

    def stop(self, deadline: float = STOP_DEADLINE) -> bool:
        """Stop the whole session, politely first. Returns whether anything was there to stop."""
        if not signal_group(self, signal.SIGTERM):
            return False
        poll_until(lambda: not self.present, deadline)
        _sweep(self.keeper.pid)
        poll_until(lambda: not self.present, deadline)
        return True

    def kill(self) -> bool:
        """Kill the whole session at once, as a crash would."""
        found = signal_group(self, signal.SIGKILL)
        poll_until(lambda: not self.present, STOP_DEADLINE)
        return found


def is_same(handle: Handle) -> bool:
    """Whether the process that `handle` names runs: the same id and the same birth."""
    return bool(handle.birth) and birth_of(handle.pid) == handle.birth


def signal_group(kept: Kept, number: signal.Signals) -> bool:
    """Signal the session of `kept` if it is certainly still ours. Returns whether it was."""
    for handle in (kept.keeper, kept.emulator):
        if is_same(handle) and _group_of(handle.pid) == kept.keeper.pid:
            try:
                os.killpg(kept.keeper.pid, number)
            except (ProcessLookupError, PermissionError):
                return False
            return True
    return False


@dataclass
class Held:
    """A pair that this process holds on a leash: if this process dies, so does the pair."""

    kept: Kept
    exit_file: Path
    _leash: int
    _keeper: "subprocess.Popen[bytes]"

    def release(self) -> None:
        """Let it live on after this process."""
        if self._leash >= 0:
            os.write(self._leash, b"r")
            self._let_go()
            # A child that is meant to outlive us is not one that we forgot to wait for.
            self._keeper.returncode = 0

    def wait(self) -> int:
        """Wait until it ends by itself and return its return code."""
        self._keeper.wait()
        self._let_go()
        return exit_code(self.exit_file) or 0

    def stop(self, deadline: float = STOP_DEADLINE) -> None:
        """Stop it politely, and kill it after `deadline` seconds."""
        self.kept.stop(deadline)
        self._reap()

    def kill(self) -> None:
        """Kill it at once."""
        self.kept.kill()
        self._reap()

    def _reap(self) -> None:
        self._let_go()
        self._keeper.wait()

    def _let_go(self) -> None:
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1


def exit_code(exit_file: Path) -> int | None:
    """Return what the keeper has recorded: the return code, negative for a signal."""
    try:
        return int(exit_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    name: str,
    cwd: Path | None = None,
) -> Held:
    """Start `command` under a keeper, in a session of its own, its output in ``NAME.log``.

    Raises:
        FailedError: the command cannot be executed.

    """
    exit_file = folder / f"{name}.exit"
    exit_file.unlink(missing_ok=True)
    hold, leash = os.pipe()
    try:
        with (folder / f"{name}.log").open("wb") as log:
            keeper = subprocess.Popen(  # noqa: S603 - our own file and an argument list, no shell
                [sys.executable, "-I", "-S", str(_KEEPER), str(exit_file), *command],
                stdin=hold,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(environment),
                cwd=cwd or folder,
                start_new_session=True,
            )
    except BaseException:
        os.close(leash)
        raise
    finally:
        os.close(hold)
    try:
        return Held(_introduce(keeper), exit_file, leash, keeper)
    except BaseException as error:
        os.close(leash)
        keeper.wait()
        if isinstance(error, _NoReportError):
            said = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            why = (said.strip().splitlines() or [""])[-1]
            raise FailedError(f"{command[0]} cannot be executed: {why}") from None
        raise


class _NoReportError(Exception):
    """The keeper ended before it had an emulator to report."""


def _introduce(keeper: "subprocess.Popen[bytes]") -> Kept:
    assert keeper.stdout is not None  # noqa: S101 - for the type checker
    with keeper.stdout as report:
        line = report.readline().strip()
    if not line:
        raise _NoReportError
    pid = int(line)
    # An emulator that died at once has no birth any more; it is then nobody, and never signalled.
    return Kept(Handle(keeper.pid, birth_of(keeper.pid)), Handle(pid, birth_of(pid)))


def _sweep(group: int) -> None:
    """Kill what ignored the polite signal; the group's id stays ours while it has a member."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return -1
