"""Runs commands of deployer as a user would, each a process of its own, and keeps what they print."""

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployer.drills.evidence.recorder import Recorder
from deployer.errors import TimedOutError

__all__ = ["Commands", "Done", "Running"]

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "LOGNAME", "XDG_CACHE_HOME",
              "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START")  # fmt: skip
TIMEOUT = 120.0


@dataclass(frozen=True)
class Done:
    """A command that has ended; a negative code is the signal that ended it."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def document(self) -> Any:
        """What it printed as JSON; None if it printed none."""
        with contextlib.suppress(ValueError):
            return json.loads(self.stdout)
        return None

    @property
    def last(self) -> str:
        """The last line that it told people; of an error for programs, what it says."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        if not lines:
            return ""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            error = json.loads(lines[-1])["error"]
            return f"{error['where']}: {error['message']} — {error['hint']}"
        return lines[-1]


@dataclass
class Running:
    """A command that has been started."""

    argv: tuple[str, ...]
    process: "subprocess.Popen[bytes]"
    files: tuple[Path, Path]
    recorder: Recorder
    began: float

    def kill(self) -> None:
        """End it and what it has started at once, as a machine that loses power would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, timeout: float = TIMEOUT) -> Done:
        """Wait for its end and note it down.

        Raises:
            TimedOutError: it takes longer; it is killed.

        """
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
            raise TimedOutError(
                f"did not end within {timeout:g} s", where=f"deployer {' '.join(self.argv)}"
            ) from None
        out, err = (path.read_text("utf-8", "replace") for path in self.files)
        done = Done(self.argv, code, out, err, time.monotonic() - self.began)
        self.recorder.note(
            "command",
            f"deployer {' '.join(self.argv)}",
            argv=list(self.argv),
            exit=code,
            seconds=round(done.seconds, 3),
            stdout=self.files[0].name,
            stderr=self.files[1].name,
        )
        return done


@dataclass
class Commands:
    """How commands are run.

    Attributes:
        recorder: notes each one down.
        folder: of what they print.
        work: where they run; it holds deployer.toml.
        environment: what they get beside the few variables that all programs need.
        module: that is run: ``deployer``, or one of ours that changes its surroundings.

    """

    recorder: Recorder
    folder: Path
    work: Path
    environment: dict[str, str]
    module: str = "deployer"
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _started: list[Running] = field(default_factory=list)

    def variables(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the whole environment of a command."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**passed, "NO_COLOR": "1", "COLUMNS": "200", **self.environment, **(more or {})}

    def start(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        skew: float = 0.0,
    ) -> Running:
        """Start a command.

        Args:
            arguments: of deployer.
            environment: variables of this one command.
            skew: seconds that its clock is ahead of the true one.

        """
        words = [each for each in arguments if re.fullmatch(r"[a-z][a-z-]*", each)][:2]
        name = f"{next(self._numbers):02d}-{'-'.join(words)}"
        files = (self.folder / f"{name}.stdout", self.folder / f"{name}.stderr")
        program = ["deployer.drills.skewed", str(skew)] if skew else [self.module]
        with files[0].open("wb") as out, files[1].open("wb") as err:
            process = subprocess.Popen(  # noqa: S603 - an argument list, no shell
                [sys.executable, "-m", *program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.variables(environment),
                cwd=self.work,
                start_new_session=True,
            )
        running = Running(tuple(arguments), process, files, self.recorder, time.monotonic())
        self._started.append(running)
        return running

    def run(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        skew: float = 0.0,
        timeout: float = TIMEOUT,
    ) -> Done:
        """Run a command to its end; see :meth:`start`."""
        return self.start(arguments, environment=environment, skew=skew).wait(timeout)

    def stop(self) -> None:
        """Kill what still runs."""
        for running in self._started:
            if running.process.poll() is None:
                running.kill()
                running.process.wait()
