"""The serving half of the demo: commands of deployer that run on, as real servers and a router do."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

__all__ = ["Process", "running"]

READY_SECONDS = 90
STOP_SECONDS = 30


class Process(NamedTuple):
    """A command of deployer that runs on, and what it said when it was ready."""

    popen: "subprocess.Popen[str]"
    ready: dict[str, Any]


@contextmanager
def running(*arguments: str) -> Iterator[Process]:
    """Run a command of deployer until the block ends; it is ready when the block begins."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "deployer", *arguments, "-o", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    threading.Thread(target=_keep_last, args=(popen.stderr, said), daemon=True).start()
    try:
        watch = threading.Timer(READY_SECONDS, popen.kill)
        watch.start()
        assert popen.stdout is not None
        line = popen.stdout.readline()
        watch.cancel()
        if not line:
            popen.wait()
            sys.exit(f"demo: deployer {' '.join(arguments)} did not start: {' '.join(said[-1:])}")
        yield Process(popen, json.loads(line))
    finally:
        _stop(popen)


def _keep_last(lines: Any, said: list[str]) -> None:
    for line in lines:
        said[:] = [line.strip()]


def _stop(popen: "subprocess.Popen[str]") -> None:
    if popen.poll() is None:
        popen.terminate()
        try:
            popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()
