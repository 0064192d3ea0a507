"""Stacks of the local program with the real engine, each in folders of its own.

The commands run as a user's would, in processes of their own: what is tested is also that what
they start outlives them, and that Ctrl-C reaches the engine.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import MissingError
from deployer.routing.answers import golden_of_folder
from deployer.stacks.engine import pulumi_command
from infra.local.processes import sweep_all, wait_for
from tests.deployer.routing.failover_kit import request_body

REQUIRED = "pulumi" in os.environ.get("DEPLOYER_TEST_REQUIRE", "").split(",")
WITHIN = 120.0


def needs_engine() -> None:
    """Skip where there is no engine; fail where it is required."""
    try:
        pulumi_command()
    except MissingError as error:
        if REQUIRED:
            pytest.fail(f"pulumi is required by DEPLOYER_TEST_REQUIRE, but: {error} {error.hint}")
        pytest.skip(f"{error}; {error.hint}")


@dataclass
class Bench:
    """A folder with ``deployer.toml`` and a registry, and a home of its own."""

    folder: Path
    environment: dict[str, str]

    def command(self, name: str, *arguments: str) -> list[str]:
        code = f"from deployer.cli.{name} import {name}; {name}()"
        return [sys.executable, "-c", code, *arguments]

    def run(self, name: str, *arguments: str, code: int = 0) -> Any:
        """Run a command on the local stack; return its JSON, or what it wrote to stderr."""
        done = subprocess.run(
            self.command(name, "--clouds", "local", "-o", "json", *arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else done.stderr

    @property
    def local(self) -> Path:
        return Path(self.environment["XDG_STATE_HOME"]) / "deployer/local/penguins-production"

    def pids(self) -> dict[str, int]:
        """Return resource → process, by the notes of those that run."""
        return {
            note.stem: int(note.read_text().split()[0]) for note in sorted(self.local.glob("*.pid"))
        }

    def ours(self) -> list[str]:
        """Return the command lines of all processes that know of this folder."""
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                variables = (each / "environ").read_bytes()
                line = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if (
                str(self.folder.parent).encode() in variables
                and int(each.name) != os.getpid()
                and line
            ):
                found.append(line)
        return found


@contextmanager
def bench(folder: Path, package: Path, settings: str = "") -> Iterator[Bench]:
    """Yield a bench with a published version; nothing of it runs afterwards."""
    work = folder / "work"
    (work / "store").mkdir(parents=True)
    homes = {
        name: str(folder / name.lower())
        for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    }
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("DEPLOYER_", "PULUMI_", "AWS_")) or key == "DEPLOYER_PULUMI"
    }
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    (work / "deployer.toml").write_text(
        f'[clouds.here]\nurl = "{(work / "store").as_uri()}"\n'
        '[infra]\nmodel = "penguins"\nowner = "ml-team"\n'
        f"[serve]\ndrain = 0\n{settings}",
        "utf-8",
    )
    made = Bench(work, {**kept, **homes, "NO_COLOR": "1"})
    pushed = subprocess.run(
        [sys.executable, "-m", "deployer", "push", str(package), "penguins:champion", "-q"],
        cwd=work,
        env=made.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert pushed.returncode == 0, pushed.stderr
    try:
        yield made
    finally:
        sweep_all(made.local, within=5.0)


def ask(url: str, path: str, *, key: str = "", body: Any = None) -> tuple[int, Any]:
    """Return status and JSON of a request."""
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{url}{path}", data, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


def prediction(package: Path) -> tuple[Any, str]:
    """Return a request of one row, and the label that it is answered with."""
    _, golden = golden_of_folder(package)
    return json.loads(request_body(package)), golden.rows[0].label


def kill(pid: int) -> None:
    """Kill a server with its workers, as a crash of the machine would."""
    os.killpg(pid, signal.SIGKILL)
    assert wait_for(lambda: not _runs(pid), 10)


class Started:
    """A command that runs, and the engine that it has started."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._engine = 0

    @property
    def code(self) -> int:
        return self._process.returncode

    def hold_after(self, said: str) -> int:
        """Stop the engine once the command has said something; return the engine's process."""
        assert self._process.stderr is not None
        lines = []
        for line in self._process.stderr:
            lines.append(line)
            if said in line:
                break
        engines = [each for each in _children(self._process.pid) if _name(each) == "pulumi"]
        assert len(engines) == 1, "".join(lines)
        self._engine = engines[0]
        os.kill(self._engine, signal.SIGSTOP)
        return self._engine

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def go_on(self) -> str:
        """Let the engine go on to its end; return what the command says."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._engine, signal.SIGCONT)
        return self._process.communicate(timeout=WITHIN)[1]


@contextmanager
def started(bench: Bench, name: str, *arguments: str) -> Iterator[Started]:
    """Yield a command on the local stack that runs; neither it nor its engine is left over."""
    process = subprocess.Popen(
        bench.command(name, "--clouds", "local", *arguments),
        cwd=bench.folder,
        env=bench.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Started(process)
    finally:
        for each in _children(process.pid):
            os.kill(each, signal.SIGKILL)
        if process.poll() is None:
            process.kill()
        process.communicate()


def _children(pid: int) -> list[int]:
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _stat(each, 1) == str(pid)]


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _stat(process: Path, field: int) -> str:
    """Return a field of proc_pid_stat(5), counted after the name; "" if it is gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[field]
    except OSError:
        return ""


def steps(outcome: Sequence[Any]) -> dict[str, str]:
    """Return name → operation of what one stack's act did."""
    (only,) = outcome
    return {each["name"]: each["op"] for each in only.get("steps", [])}


def _runs(pid: int) -> bool:
    return _stat(Path(f"/proc/{pid}"), 0) not in ("", "Z", "X")
