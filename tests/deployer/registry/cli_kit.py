"""The `deployer` command in a world of its own: home, state and settings in a temporary folder."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deployer.cli import main
from tests.deployer.registry.registry_kit import NAMES, folder_of, read_tree

__all__ = ["DEPLOYER", "Ran", "World"]

DEPLOYER = Path(sys.executable).with_name("deployer")
FOREIGN = re.compile(
    r"(DEPLOYER|AWS|AZURE|GOOGLE|GCLOUD|CLOUDSDK|STORAGE|XDG|NO_COLOR|FORCE_COLOR|COLUMNS)"
)
TIMEOUT = 60


@dataclass(frozen=True)
class Ran:
    """What a command returned and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def ok(self) -> "Ran":
        assert self.code == 0, self.err
        assert "error:" not in self.err
        return self

    def failed(self, code: int) -> str:
        """Check that it failed in one clear line with this exit code, and return the line."""
        assert self.code == code, (self.code, self.out, self.err)
        assert "Traceback" not in self.err + self.out
        lines = [line for line in self.err.splitlines() if line.startswith("error:")]
        assert len(lines) == 1, self.err
        assert self.err.splitlines()[-1] == lines[0]
        assert " — " in lines[0], f"no advice in: {lines[0]}"
        return lines[0]

    def misused(self) -> str:
        """Check that click refused the arguments, and return what it said."""
        assert (self.code, self.out) == (2, ""), self.err
        assert "Traceback" not in self.err
        return self.err


class World:
    """A user's folders and settings."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        self.state = folder / "state" / "deployer"
        self.patch = monkeypatch
        for name in os.environ:
            if FOREIGN.match(name):
                monkeypatch.delenv(name)
        for name in ("config", "state", "cache"):
            monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(folder / name))
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.chdir(self.work)

    def setenv(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self.patch.setenv(name, value)

    def settings(self, text: str, *, user: bool = False) -> Path:
        """Write deployer.toml, or the user's own configuration."""
        path = self.work / "deployer.toml"
        if user:
            path = self.folder / "config" / "deployer" / "config.toml"
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def store(self, name: str) -> Path:
        return self.folder / "stores" / name

    def local_clouds(self, *names: str, more: str = "") -> None:
        """Configure clouds that are folders."""
        tables = []
        for name in names or NAMES:
            self.store(name).mkdir(parents=True, exist_ok=True)
            tables.append(f'[clouds.{name}]\nurl = "{self.store(name).as_uri()}"\n')
        self.settings("".join(tables) + more)

    def model(self, files: Mapping[str, bytes], name: str = "model") -> Path:
        return folder_of(self.work / name, files)

    def invoke(self, *arguments: str) -> Ran:
        """Run the command in this process."""
        result = CliRunner().invoke(main, arguments, prog_name="deployer")
        escaped = result.exception
        if escaped is not None and not isinstance(escaped, SystemExit):
            raise AssertionError(f"{arguments} ended in a traceback") from escaped
        return Ran(result.exit_code, result.stdout, result.stderr)

    def run(self, *arguments: str, **environment: str) -> Ran:
        """Run the command in a process of its own."""
        done = subprocess.run(
            [DEPLOYER, *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def everything(self) -> dict[str, bytes]:
        """Return every file of this world."""
        return read_tree(self.folder)
