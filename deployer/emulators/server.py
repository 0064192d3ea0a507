"""Start one emulator and hold on to it: for tests, for drills, and for ``deployer emulators up``."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deployer.emulators.engines import engine_named
from deployer.emulators.model import BUCKET, Engine, EngineName, Progress, Record
from deployer.emulators.ports import free_ports, is_free, listener_inodes
from deployer.emulators.process import Held, Kept, poll_until, spawn
from deployer.errors import FailedError, TimedOutError

__all__ = ["Launching", "Server", "discard", "last_words", "running", "start", "stop_deadline"]

_TRIES = 3
# What an emulator may know of its surroundings: nothing that could hold a secret.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "LOGNAME",
              "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
              "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH")  # fmt: skip


def _silent(_message: str) -> None:
    """Report no progress."""


@dataclass
class Server:
    """An emulator that this process has started and, until it releases it, holds on a leash.

    If this process ends without :meth:`stop`, however it ends, the emulator is stopped.
    """

    record: Record
    _held: Held
    _temporary: Path | None = None

    @property
    def endpoint(self) -> str:
        """The URL that clients use."""
        return self.record.endpoint

    @property
    def port(self) -> int:
        """The port of the endpoint."""
        return self.record.port

    @property
    def pid(self) -> int:
        """The emulator's process id."""
        return self.record.process.emulator.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.record.process.alive

    @property
    def healthy(self) -> bool:
        """Whether it runs and answers."""
        return self.alive and engine_named(self.record.engine).healthy(self.endpoint)

    @property
    def log(self) -> str:
        """What it has printed so far."""
        path = Path(self.record.folder) / f"{self.record.engine}.log"
        return path.read_text(encoding="utf-8", errors="replace")

    def environment(self) -> dict[str, str]:
        """Return the variables that point the cloud's SDK at it."""
        return engine_named(self.record.engine).environment(self.endpoint)

    def create_bucket(self, name: str) -> None:
        """Create another bucket (on Azure a container); one that exists is left as it is.

        Raises:
            FailedError: the emulator refused.

        """
        engine_named(self.record.engine).create_bucket(self.endpoint, name)

    def stop(self) -> None:
        """Stop it and remove what was temporary; stopping twice does no harm."""
        self._held.stop(stop_deadline(self.record))
        discard(self.record)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def kill(self) -> None:
        """Kill it at once, as a crash would, and leave its files; :meth:`stop` then tidies up."""
        self._held.kill()

    def release(self) -> None:
        """Let it live on after this process."""
        self._held.release()


class Launching:
    """An emulator on its way up: begun at once, so that several can start at the same time.

    Args:
        engine: which one.
        data_dir: where its objects are kept, if it can keep them; None throws them away.
        port: the port to use; None for any free one.
        folder: where its log goes.

    """

    def __init__(
        self, engine: Engine, data_dir: Path | None, *, port: int | None, folder: Path
    ) -> None:
        self._engine = engine
        self._data = data_dir if engine.keeps_data else None
        self._port = port
        self._folder = folder
        self._begin()

    def finish(self) -> Server:
        """Wait until it answers; start it again if another process was quicker to take a port.

        Raises:
            FailedError: it does not start.
            TimedOutError: it runs but does not answer in time.

        """
        for attempt in range(_TRIES):
            try:
                _await_health(self.server, self._engine, self._folder)
            except FailedError:
                self.server.stop()
                taken = any(not is_free(port) for port in self._ports)
                if self._port is not None or not taken or attempt == _TRIES - 1:
                    raise
                self._begin()
            except BaseException:
                self.server.stop()
                raise
            else:
                return self.server
        raise AssertionError("the last attempt returns or raises")

    def _begin(self) -> None:
        self._ports = free_ports(self._engine.ports, self._port)
        self.server = _launch(self._engine, self._ports, self._data, self._folder)


def start(
    engine: EngineName,
    data_dir: Path | None = None,
    *,
    port: int | None = None,
    bucket: str | None = BUCKET,
    progress: Progress = _silent,
) -> Server:
    """Start an emulator on the loopback interface and wait until it answers.

    Its log goes to a temporary folder that :meth:`Server.stop` removes.

    Args:
        engine: which one.
        data_dir: where its objects are kept, if it can keep them; by default they are thrown away.
        port: the port to use, such as that of a killed one; by default any free one.
        bucket: the bucket to create; None for none.
        progress: told what takes long.

    Raises:
        MissingError: a tool or package that only the user can install is missing.
        FailedError: it does not start; the message holds the last of its log.
        TimedOutError: it runs but does not answer in time.

    """
    chosen = engine_named(engine)
    chosen.prepare(progress)
    folder = Path(tempfile.mkdtemp(prefix=f"deployer-{engine}-"))
    try:
        server = Launching(chosen, data_dir, port=port, folder=folder).finish()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    server._temporary = folder  # noqa: SLF001 - the rest of its construction
    try:
        if bucket:
            server.create_bucket(bucket)
    except BaseException:
        server.stop()
        raise
    return server


@contextlib.contextmanager
def running(engine: EngineName, data_dir: Path | None = None) -> Iterator[Server]:
    """Run an emulator for the time of a ``with`` block; see :func:`start`."""
    server = start(engine, data_dir)
    try:
        yield server
    finally:
        server.stop()


def stop_deadline(record: Record) -> float:
    """Return how many seconds it may take to stop: time to write matters only to kept data."""
    return 20.0 if record.keep else 2.0


def discard(record: Record) -> None:
    """Remove what a stopped emulator leaves behind, except data that is to be kept."""
    if not record.keep:
        shutil.rmtree(record.data, ignore_errors=True)
    for path in record.litter:
        Path(path).unlink(missing_ok=True)


def last_words(folder: Path, engine: str, lines: int = 3) -> str:
    """Return the last lines of an emulator's log on one line."""
    try:
        text = (folder / f"{engine}.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    told = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return " | ".join(told[-lines:])


def _launch(engine: Engine, ports: list[int], data: Path | None, folder: Path) -> Server:
    place = data or folder / f"{engine.name}-data"
    place.mkdir(parents=True, exist_ok=True)
    launch = engine.launch(ports, place, keep=data is not None)
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    held = spawn(
        launch.command,
        environment={**passed, **launch.environment},
        folder=folder,
        name=engine.name,
    )
    record = Record(
        engine=engine.name,
        cloud=engine.cloud,
        version=engine.version(),
        endpoint=engine.endpoint(ports[0]),
        port=ports[0],
        process=held.kept,
        folder=str(folder),
        data=str(place),
        keep=data is not None,
        litter=tuple(engine.litter(ports)),
        started=time.time(),
    )
    return Server(record, held)


def _await_health(server: Server, engine: Engine, folder: Path) -> None:
    """Wait until the emulator, and no other server that took its port, answers."""

    def settled() -> bool:
        return not server.alive or (
            engine.healthy(server.endpoint) and _listens(server.record.process, server.port)
        )

    in_time = poll_until(settled, engine.patience)
    said = last_words(folder, engine.name) or "it said nothing"
    if not server.alive:
        raise FailedError(f"{engine.name} ended while it started: {said}", where=engine.cloud)
    if not in_time:
        raise TimedOutError(
            f"{engine.name} did not answer within {engine.patience:.0f} s: {said}",
            where=engine.cloud,
        )


def _listens(process: Kept, port: int) -> bool:
    """Whether it is our process that listens on `port`, where the system tells."""
    inodes = listener_inodes(port)
    if inodes is None:
        return True
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{process.emulator.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(link.readlink()).removeprefix("socket:[").rstrip("]") in inodes:
                    return True
    return False
