"""Servers and the router of a drill: commands of deployer that run on, held on a leash."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployer.drills.estate.commands import Commands
from deployer.emulators.process import Held, poll_until, spawn
from deployer.errors import FailedError, TimedOutError

__all__ = ["Service"]


READY_SECONDS = 90.0


@dataclass
class Service:
    """One such command.

    Attributes:
        name: of it, such as ``endpoint:primary``.
        arguments: of deployer.
        commands: knows its environment.
        logs: folder of its output.
        more: variables of its own.

    """

    name: str
    arguments: tuple[str, ...]
    commands: Commands
    logs: Path
    more: dict[str, str] = field(default_factory=dict)
    ready: dict[str, Any] = field(default_factory=dict)
    _held: Held | None = None
    _starts: int = 0

    def begin(self, variables: Mapping[str, str] | None = None) -> None:
        """Start it; :meth:`finish` waits until it is ready. One that runs is ended first.

        Args:
            variables: of its environment, this time only.

        """
        self.drop()
        self.ready = {}
        self._starts += 1
        self._held = spawn(
            [sys.executable, "-m", self.commands.module, *self.arguments, "-o", "json"],
            environment=self.commands.variables({**self.more, **(variables or {})}),
            folder=self.logs,
            name=self._file,
            cwd=self.commands.work,
        )

    def finish(self, timeout: float = READY_SECONDS) -> None:
        """Wait until it says that it is ready.

        Raises:
            FailedError: it ended; its last words say why.
            TimedOutError: it is not ready in time.

        """
        poll_until(lambda: self.said_ready() or not self.alive, timeout)
        if self.said_ready():
            return
        if not self.alive:
            raise FailedError(f"ended while it started: {self.last_words}", where=self.name)
        raise TimedOutError(f"is not ready after {timeout:g} s", where=self.name)

    def said_ready(self) -> bool:
        """Whether it has said that it is ready, and with what: then :attr:`ready` holds it."""
        for line in self.log.splitlines():
            if line.startswith("{") and '"ready"' in line:
                with contextlib.suppress(ValueError):
                    document = json.loads(line)
                    if document.get("ready") is True:
                        self.ready = document
                        return True
        return False

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.begin()
        self.finish()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._held is not None and self._held.kept.alive

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._held.kept.emulator.pid if self._held else 0

    @property
    def log(self) -> str:
        """What it has printed since it was started last."""
        with contextlib.suppress(OSError):
            return (self.logs / f"{self._file}.log").read_text("utf-8", "replace")
        return ""

    @property
    def last_words(self) -> str:
        """The last line that it printed."""
        lines = [line.strip() for line in self.log.splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"

    def kill(self) -> None:
        """End it and its children at once."""
        if self._held is not None:
            self._held.kill()

    def freeze(self) -> None:
        """Stop it and its children where they are (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def drop(self) -> None:
        """End it at once and let go of it: what it had to do is done. Twice does no harm."""
        if self._held is not None:
            self._held.kill()
            self._held = None

    @property
    def _file(self) -> str:
        return f"{self.name.replace(':', '-')}-{self._starts}"

    def _signal(self, number: signal.Signals) -> None:
        if self.alive and self._held is not None:
            keeper = self._held.kept.keeper.pid
            for pid in _group(keeper):
                # A keeper that stands still could not end the others when the drill is killed.
                if pid != keeper:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)


def _group(leader: int) -> list[int]:
    """Return the processes of a group, which proc(5) tells."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if int(fields[2]) == leader:
                    members.append(int(entry.name))
    return members
