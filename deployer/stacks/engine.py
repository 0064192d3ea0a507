"""The `pulumi` command: where it is, and how it is run so that Ctrl-C ends it cleanly."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.errors import MissingError

if TYPE_CHECKING:
    from pulumi.automation import CommandResult, PulumiCommand

__all__ = ["OLDEST", "VARIABLE", "Interrupts", "command", "pulumi_command"]

VARIABLE = "DEPLOYER_PULUMI"
OLDEST = (3, 250, 0)
"""The oldest engine that the SDK of ours speaks with."""

_BUILT = Path(__file__).parents[2] / ".tools" / "pulumi" / "bin" / "pulumi"
_HINT = "run: make pulumi; or see https://www.pulumi.com/docs/install and have it on PATH"
_ASK_WITHIN = 30.0
_GONE_WITHIN = 10.0


def pulumi_command() -> Path:
    """Return the absolute path of the engine's command.

    ``DEPLOYER_PULUMI`` names it, else it is on PATH, else what ``make pulumi`` got.

    Raises:
        MissingError: there is none.

    """
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingError("no such command", where=f"{VARIABLE}={named}", hint=_HINT)
        return Path(found).absolute()
    found = shutil.which("pulumi")
    if found is not None and _has_host(Path(found)):
        return Path(found).absolute()
    if os.access(_BUILT, os.X_OK):
        return _BUILT
    raise MissingError("pulumi, which makes endpoints, is not installed", hint=_HINT)


def _has_host(path: Path) -> bool:
    """Whether it can run programs in Python: one alone on PATH would fail only later."""
    host = "pulumi-language-python"
    return path.resolve().with_name(host).exists() or shutil.which(host) is not None


class Interrupts:
    """Engines that run now, so that all of them can be told to come to an end.

    Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._asked = 0

    @property
    def asked(self) -> bool:
        """Whether somebody wants an end."""
        return self._asked > 0

    def interrupt(self) -> None:
        """Have every engine finish the steps under way and save; the second time, end at once."""
        with self._lock:
            self._asked += 1
            for process in self._running:
                process.send_signal(signal.SIGINT)

    def enter(self, process: "subprocess.Popen[str]") -> None:
        """Remember one that was started."""
        with self._lock:
            self._running.add(process)
            if self._asked:
                process.send_signal(signal.SIGINT)

    def leave(self, process: "subprocess.Popen[str]") -> None:
        """Forget one that has ended."""
        with self._lock:
            self._running.discard(process)


def command(path: Path, interrupts: Interrupts) -> "PulumiCommand":
    """Return the SDK's way to run the engine at `path`.

    Each engine gets a session of its own: a terminal's Ctrl-C reaches us alone, and we tell it.

    Raises:
        MissingError: it cannot be run, or is too old.

    """
    from pulumi.automation import CommandResult, PulumiCommand  # noqa: PLC0415 - slow to import
    from pulumi.automation.errors import create_command_error  # noqa: PLC0415 - as above
    from semver import VersionInfo  # noqa: PLC0415 - as above

    # Told of an engine that was killed, which we tell ourselves.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pulumi\.automation")
    version = VersionInfo.parse(_version(path))
    if version.to_tuple()[:3] < OLDEST:
        least = ".".join(map(str, OLDEST))
        raise MissingError(f"pulumi {version} is older than {least}", where=str(path), hint=_HINT)

    class Command(PulumiCommand):
        def __init__(self) -> None:  # the SDK's would look for it below a folder `bin`
            self.command = str(path)
            self.version = version

        def run(
            self,
            args: list[str],
            cwd: str,
            additional_env: Mapping[str, str],
            on_output: Callable[[str], Any] | None = None,
            on_error: Callable[[str], Any] | None = None,
        ) -> CommandResult:
            environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
            beside = str(path.parent)
            environment["PATH"] = os.pathsep.join([beside, environment.get("PATH", "")])
            whole = [str(path), "--non-interactive", *args]
            result = _run(whole, cwd, environment, interrupts, on_output, on_error)
            if result.code:
                raise create_command_error(result)
            return result

    return Command()


def _run(
    arguments: Sequence[str],
    cwd: str,
    environment: Mapping[str, str],
    interrupts: Interrupts,
    on_output: Callable[[str], Any] | None,
    on_error: Callable[[str], Any] | None,
) -> "CommandResult":
    from pulumi.automation import CommandResult  # noqa: PLC0415 - slow to import

    said: dict[str, list[str]] = {"out": [], "err": []}

    def follow(name: str, stream: Any, tell: Callable[[str], Any] | None) -> None:
        for line in stream:
            said[name].append(line.rstrip())
            if tell is not None:
                tell(line.rstrip())

    with subprocess.Popen(  # noqa: S603 - an argument list, no shell
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=dict(environment),
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        interrupts.enter(process)
        try:
            errors = threading.Thread(target=follow, args=("err", process.stderr, on_error))
            errors.start()
            follow("out", process.stdout, on_output)
            errors.join()
            process.wait()
        finally:
            interrupts.leave(process)
    if process.returncode < 0:
        _sweep(process.pid)
    return CommandResult(
        stdout="\n".join(said["out"]), stderr="\n".join(said["err"]), code=process.returncode
    )


def _sweep(session: int) -> None:
    """End what an engine that was killed leaves behind: its language host and its plugins.

    They are in its session, each in a group of its own; endpoints on this machine are in others.
    Where there is no /proc they end by themselves at the next call that the engine does not take.
    """
    deadline = time.monotonic() + _GONE_WITHIN
    while (left := list(_members(session))) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _members(session: int) -> Iterator[int]:
    """Yield the processes of a session that have not ended."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            # The name, in brackets, may hold spaces and brackets itself; see proc_pid_stat(5).
            fields = stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] not in "ZX":
                yield int(stat.parent.name)


def _version(path: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - as above
            [str(path), "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=_ASK_WITHIN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"it cannot be run: {error}", where=str(path), hint=_HINT) from error
    found = re.match(r"v?(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)", done.stdout.strip())
    if found is None:
        raise MissingError("it does not tell its version", where=str(path), hint=_HINT)
    return found[1]
