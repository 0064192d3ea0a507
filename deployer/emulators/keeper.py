"""Keep one emulator: the small process between the one who starts it and the emulator itself.

Run as a file, never imported: ``python -I -S keeper.py EXIT_FILE COMMAND…`` as the leader of a
session of its own. Stdin is the leash that the owner holds: when the owner dies, however it dies,
the leash is cut and the emulator is stopped; when the owner writes ``r`` the emulator is released
and lives on. Stdout takes one line, the emulator's process id; stderr is the log. When the emulator
ends, its return code is written to ``EXIT_FILE``, which nobody else could know later.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

GRACE = 5.0
"""Seconds between asking the emulator to stop and killing it."""


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Outlive a signal to the whole session, to record how the emulator took it.

    A handler, since an ignored signal would stay ignored in the emulator.
    """


def _watch(leash: int, child: "subprocess.Popen[bytes]") -> None:
    if os.read(leash, 1):
        return
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE)
    # The emulator's own children, if it has not stopped them, and ourselves.
    os.killpg(0, signal.SIGKILL)


def _report(pid: int) -> None:
    # An owner who has gone already cannot read it; the leash will tell.
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{pid}\n".encode())
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)


def _record(path: str, code: int) -> None:
    # The folder may be gone already: the owner has stopped us and cleaned up.
    with contextlib.suppress(OSError):
        # Not by pathlib, which takes longer to import than all the rest.
        with open(path + ".new", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(f"{code}\n")
        os.replace(path + ".new", path)  # noqa: PTH105


def main() -> None:
    """Start the command, report its id, and stay until it ends."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _ignore)
    exit_file, *command = sys.argv[1:]
    log = 2
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
    try:
        threading.Thread(target=_watch, args=(0, child), daemon=True).start()
        _report(child.pid)
        code = child.wait()
    finally:
        child.kill()
    _record(exit_file, code)


if __name__ == "__main__":
    main()
