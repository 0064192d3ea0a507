"""A user of one's own: XDG folders that nobody else uses, and ``deployer`` run as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployer.emulators.paths import cache_folder

__all__ = ["User", "processes_in"]

DEADLINE = 60
_CALL = "from deployer.cli import main; main(prog_name='deployer')"


@dataclass
class User:
    """Runs ``deployer`` with a home, a state and a configuration of its own.

    The tools, which take long to install, are those of whoever runs the tests.
    """

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("PATH", "LANG", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
        self.environment = {name: os.environ[name] for name in names if name in os.environ}
        self.environment |= {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(cache_folder().parent),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "100",
        }

    @property
    def folder(self) -> Path:
        return self.home / "state" / "deployer" / "emulators"

    def begin(self, *words: str, **extra: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            _command(words),
            env={**self.environment, **extra},
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            _command(words),
            env={**self.environment, **extra},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "-o", "json").stdout)

    def records(self) -> list[dict[str, Any]]:
        document = json.loads((self.folder / "state.json").read_bytes())
        return list(document["servers"])


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", _CALL, "emulators", *words]


def processes_in(folder: Path) -> set[int]:
    """Return the process ids of every live process that works in `folder` or below."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            where = (entry / "cwd").readlink()
        except OSError:
            continue
        if where.is_relative_to(folder):
            found.add(int(entry.name))
    return found
