"""Tools installed on first use: once for all processes, and wholly or not at all."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from deployer.emulators.process import spawn
from deployer.errors import FailedError

__all__ = ["install_once", "locked", "run_installer"]

_STAMP = ".complete"
_TAIL = 400


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`; another process waits.

    The system drops the lock with its holder, so a killed process blocks nobody.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install_once(target: Path, key: str, build: Callable[[Path], None], *, move: bool) -> Path:
    """Return the folder `target`, filled by `build` unless it is complete for `key` already.

    Args:
        target: where the tool lives.
        key: what it was built from; another key means to build it again.
        build: fills the folder that it is given.
        move: build in a folder beside `target` and rename it; otherwise, for what cannot be
            moved, build in place.

    """
    if _complete(target, key):
        return target
    with locked(target.with_name(f"{target.name}.lock")):
        if _complete(target, key):
            return target
        for old in (target, *target.parent.glob(f".{target.name}.*")):
            shutil.rmtree(old, ignore_errors=True)
        if not move:
            target.mkdir(parents=True)
            build(target)
            (target / _STAMP).write_text(key, encoding="utf-8")
            return target
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as beside:
            built = Path(beside) / "tool"
            built.mkdir()
            build(built)
            (built / _STAMP).write_text(key, encoding="utf-8")
            built.rename(target)
    return target


def _complete(target: Path, key: str) -> bool:
    try:
        return (target / _STAMP).read_text(encoding="utf-8") == key
    except OSError:
        return False


def run_installer(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], doing: str
) -> None:
    """Run an installer in `folder` to its end, silently; it dies with this process.

    Raises:
        FailedError: it failed; the message holds the last of what it said.

    """
    logs = folder.parent
    name = f"{folder.name}.install"
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=logs) as scratch:
        surroundings = {**os.environ, **environment, "TMPDIR": scratch}
        held = spawn(command, environment=surroundings, folder=logs, name=name, cwd=folder)
        try:
            code = held.wait()
        except BaseException:
            held.stop()
            raise
    log = logs / f"{name}.log"
    said = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-_TAIL:]
    log.unlink()
    held.exit_file.unlink(missing_ok=True)
    if code:
        raise FailedError(f"{doing} failed: {said}", hint="check the network and run it again")
