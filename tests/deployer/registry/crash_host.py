"""Forks `deployer` commands from a process that has imported everything.

So a crash costs a fork, not seconds of imports. Reads one JSON job a line:
``{"arguments": […], "environment": {…}, "folder": …}``; answers with the process id and, once it
has ended, with its exit code (negative: the signal). Output goes to ``stdout`` and ``stderr`` in
the folder.
"""

import contextlib
import faulthandler
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Host", "Job"]

ROOT = Path(__file__).parents[3]


@dataclass
class Job:
    """A command that runs in a process of its own."""

    host: "Host"
    pid: int
    folder: Path

    def wait(self) -> int:
        """Return its exit code."""
        return int(self.host.answer())

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text("utf-8")

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text("utf-8")


class Host:
    """The process that forks; one job at a time."""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.deployer.registry.crash_host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        if kind is not None:
            self.process.kill()
        self.process.wait(timeout=30)

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Job:
        assert self.process.stdin is not None
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
    import providers.azure_blob
    import providers.gcs
    import providers.s3  # noqa: F401
    from deployer.cli import main
    from deployer.cli.push import push  # noqa: F401

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
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
