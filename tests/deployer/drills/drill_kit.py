"""Runs drills as a user does, and looks for what they leave behind."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.config import cache_dir

__all__ = ["Drilled", "drill", "left_behind", "start"]

TIMEOUT = 240


@dataclass(frozen=True)
class Drilled:
    """A drill that has ended."""

    code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "report.json").read_text("utf-8"))
        return document


def start(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start ``deployer drill run`` with its report in ``folder/out``."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DEPLOYER_")}
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "deployer",
            "drill",
            "run",
            *arguments,
            "--out",
            str(folder / "out"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={
            **clean,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            # The small models of drills are trained once for all tests.
            "XDG_CACHE_HOME": str(cache_dir().parent),
            "TMPDIR": str(temporary),
            **(environment or {}),
        },
    )


def drill(*arguments: str, folder: Path, environment: Mapping[str, str] | None = None) -> Drilled:
    """Run a drill to its end."""
    process = start(arguments, folder, environment)
    try:
        stdout, stderr = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
        process.wait()
    return Drilled(process.returncode, stdout, stderr, folder / "out")


def left_behind(folder: Path) -> list[str]:
    """Return the command lines of processes whose surroundings are in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                known = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
                if str(folder).encode() in known and state not in "ZX":
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    found.append(b" ".join(words).decode("utf-8", "replace"))
    return found
