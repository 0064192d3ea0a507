"""Ends a router's proxy when the drill that began it is gone: ``python -I -S reaper.py FILE``.

A proxy is meant to outlive `router run`; one of a drill is not. This small process is held on the
drill's leash like all others, and when that is cut, by whatever death, it kills the process that
FILE names, if it is still the one that was born then. Run as a file: it imports nothing of ours.
"""

import contextlib
import json
import os
import signal
import sys
import time


def birth_of(pid: int) -> str:
    """Return when a process was born, as proc(5) tells; "" if it does not run."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
            boot = file.read().strip()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def reap(path: str) -> None:
    """Kill the proxy that a router's proxy.json names."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            handle = json.load(file)["handle"]
        if birth_of(handle["pid"]) == handle["birth"]:
            os.kill(handle["pid"], signal.SIGKILL)


def main() -> None:
    """Wait to be ended."""

    def end(_number: int, _frame: object) -> None:
        reap(sys.argv[1])
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
