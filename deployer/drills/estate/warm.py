"""Forks `deployer` commands from a process that has imported everything.

So a crash costs a fork, not seconds of imports. The process reads one JSON job a line:
``{"arguments": […], "environment": {…}, "folder": …}``; it answers with the command's process id
and, once that has ended, with its exit code (negative: the signal). Output goes to ``stdout`` and
``stderr`` in the folder. If whoever has started it is gone, it kills the command and ends.
"""

import contextlib
import faulthandler
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Host", "Job"]

_LOOK = 0.01  # seconds between two looks at whether a command has ended


@dataclass
class Job:
    """A command that runs in a process of its own."""

    host: "Host"
    pid: int
    folder: Path

    def wait(self) -> int:
        """Return its exit code once it has ended; to be called once."""
        return int(self.host.answer())

    def ended(self) -> bool:
        """Whether :meth:`wait` would return at once."""
        return self.host.has_answered()

    @property
    def stdout(self) -> str:
        """What it has printed."""
        return (self.folder / "stdout").read_text("utf-8")

    @property
    def stderr(self) -> str:
        """What it has told people."""
        return (self.folder / "stderr").read_text("utf-8")


class Host:
    """The process that forks; one job at a time.

    Args:
        environment: of all commands; None for this process's own.

    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deployer.drills.estate.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it is a pipe
        self.process.stdin.close()
        if kind is not None:
            self.process.kill()
        self.process.wait(timeout=30)

    def answer(self) -> str:
        """Return the next line that it answers."""
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        return self.process.stdout.readline()

    def has_answered(self) -> bool:
        """Whether :meth:`answer` would return at once."""
        # Sound, since each answer is one line that nobody reads further than.
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Job:
        """Start a command of deployer.

        Args:
            arguments: of it.
            environment: variables beside those of all commands.
            folder: where it runs, and where its output goes; made if need be.

        """
        assert self.process.stdin is not None  # noqa: S101 - it is a pipe
        folder.mkdir(parents=True, exist_ok=True)
        job = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
        }
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return Job(self, int(self.answer()), folder)


def _serve() -> None:
    import providers.azure_blob  # noqa: PLC0415 - this process is there to import it
    import providers.gcs  # noqa: PLC0415
    import providers.s3  # noqa: F401, PLC0415
    from deployer.cli import main  # noqa: PLC0415
    from deployer.cli.push import push  # noqa: F401, PLC0415

    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.environ.update(job["environment"])
            os.chdir(job["folder"])
            code: object = 1
            with contextlib.ExitStack() as stack:
                for number, name in ((1, "stdout"), (2, "stderr")):
                    file = stack.enter_context(Path(name).open("w", encoding="utf-8"))
                    os.dup2(file.fileno(), number)
                faulthandler.enable()
                try:
                    main(job["arguments"], prog_name="deployer")
                except SystemExit as ended:
                    code = ended.code
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code if isinstance(code, int) else 1)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{_ended(pid)}\n")
        sys.stdout.flush()


def _ended(pid: int) -> int:
    """Wait for a command's end; end it if nobody is left to be told of it."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        # There is one job at a time: what is to be read meanwhile is the end.
        if select.select([sys.stdin], [], [], _LOOK)[0]:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os._exit(1)


if __name__ == "__main__":
    _serve()
