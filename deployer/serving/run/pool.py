"""Worker processes: started, told what to do, brought back when they die."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from deployer.errors import DeployerError, ExitCode, FailedError
from deployer.serving.run.state import BEAT, DRAIN, EVENTS, LOOK, Event

__all__ = ["Pool", "Worker", "worker_environment"]

QUICK = 10.0  # seconds; a worker that dies sooner has not recovered from the death before
CRASHES = 5  # quick ones in a row, after which it is no use
HUNG = 10  # signs of life that a worker may leave out
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
# mallopt(3): glibc gives freed memory back to the system at once and asks for it again, page by page,
# with the next large request: half a millisecond for one of 500 KB. Up to this much is kept.
_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
_SECRETS = ("AWS_", "AZURE_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "DEPLOYER_SIGNING_")


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a worker's environment: without what only a reader of clouds needs."""
    kept = {name: each for name, each in environment.items() if not name.startswith(_SECRETS)}
    # One thread per process for what is not ours: N workers are N times that.
    return {**_MEMORY, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **kept}


class Worker:
    """One place in the pool, and the process that fills it now.

    Attributes:
        index: of the place.
        pid: of the process; 0 for none.
        loaded: model → digest that it answers with.
        listening: whether it takes requests.
        missed: signs of life that it left out.

    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.pid = 0
        self.loaded: dict[str, str] = {}
        self.listening = False
        self.missed = 0
        self.started = 0.0
        self.process: asyncio.subprocess.Process | None = None

    def write(self, command: bytes) -> None:
        """Tell the process something, if there is one."""
        process = self.process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            with suppress(OSError, RuntimeError):
                process.stdin.write(command)


class Pool:
    """The worker processes of a server.

    Args:
        count: of processes.
        launch: path of the file that they are started with.
        hear: called with each event of each worker.
        lost: called with a worker whose process died, and why.
        ended: called with the process id of one that is gone, however it went.

    """

    def __init__(
        self,
        count: int,
        launch: Path,
        *,
        hear: Callable[[Worker, Event], None],
        lost: Callable[[Worker, str], None],
        ended: Callable[[int], None],
    ) -> None:
        self.workers = [Worker(index) for index in range(count)]
        self._launch = launch
        self._hear = hear
        self._lost = lost
        self._ended = ended
        self._ending = False
        self._over = asyncio.Event()
        self._up = False
        self._keepers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start all processes, and keep them up."""
        self._keepers = [asyncio.create_task(self._keep(worker)) for worker in self.workers]

    async def failure(self) -> None:
        """Wait until workers cannot be kept up.

        Raises:
            DeployerError: says why.

        """
        done, _ = await asyncio.wait(self._keepers, return_when=asyncio.FIRST_COMPLETED)
        for keeper in done:
            keeper.result()

    def look(self) -> None:
        """Have all read the state file."""
        for worker in self.workers:
            worker.write(LOOK)

    async def drain(self, patience: float) -> bool:
        """Have all end after their last request; return whether they did within `patience` s."""
        self._end()
        for worker in self.workers:
            worker.write(DRAIN)
        _, late = await asyncio.wait(self._keepers, timeout=patience)
        return not late

    async def kill(self) -> None:
        """End all at once, and wait until they have ended."""
        self._end()
        for worker in self.workers:
            if worker.process is not None and worker.process.returncode is None:
                with suppress(ProcessLookupError):
                    worker.process.kill()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def _end(self) -> None:
        """Bring nothing back any more."""
        self._ending = True
        self._over.set()

    async def _keep(self, worker: Worker) -> None:
        """Have a process run in this place until the pool ends."""
        crashes = 0
        while True:
            fatal = await self._run(worker)
            if self._ending:
                return
            if fatal is not None and not self._up:
                raise _error(fatal)
            quick = time.monotonic() - worker.started < QUICK
            crashes = crashes + 1 if quick else 1
            if crashes > CRASHES:
                raise FailedError(
                    f"worker {worker.index + 1} died {crashes} times in a row",
                    hint="see the messages above; is there enough memory?",
                )
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (crashes - 1))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), pause)
                return

    async def _run(self, worker: Worker) -> Event | None:
        """Run a process to its end; return what it could not go on with, if it said so."""
        reading, writing = os.pipe()
        try:
            # -P: modules of the current folder are not ours. A session of its own: Ctrl-C in a
            # terminal is for the supervisor to hear.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "deployer.serving.run.worker",
                str(self._launch), str(writing),
                stdin=asyncio.subprocess.PIPE, stdout=sys.__stderr__, pass_fds=(writing,),
                start_new_session=True, env=worker_environment(os.environ),
            )  # fmt: skip
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        worker.process, worker.pid, worker.started = process, process.pid, time.monotonic()
        worker.missed = 0
        if self._ending:
            process.kill()
        watching = asyncio.create_task(_watch(worker, process))
        try:
            fatal = await self._listen(worker, reading)
            code = await process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            raise
        finally:
            watching.cancel()
            worker.loaded, worker.listening, worker.pid = {}, False, 0
        if self._ending:
            return fatal
        self._ended(process.pid)
        if fatal is None or self._up:
            hung = f"it hung for {HUNG * BEAT:g} s" if worker.missed > HUNG else _why(code)
            self._lost(worker, fatal.message if fatal is not None else hung)
        return fatal

    async def _listen(self, worker: Worker, reading: int) -> Event | None:
        """Hear what a process says, to its end; return what it could not go on with."""
        fatal = None
        reader = asyncio.StreamReader(limit=1 << 20)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb")
        )
        try:
            async for line in reader:
                try:
                    event = EVENTS.decode(line)
                except msgspec.DecodeError:
                    continue  # cut short by its death
                worker.missed = 0
                if event.kind == "alive":
                    continue
                if event.kind == "loaded":
                    worker.loaded[event.name] = event.digest
                elif event.kind == "listening":
                    worker.listening = True
                    self._up = self._up or all(each.listening for each in self.workers)
                elif event.kind == "fatal":
                    fatal = event
                self._hear(worker, event)
        finally:
            transport.close()
        return fatal


async def _watch(worker: Worker, process: asyncio.subprocess.Process) -> None:
    """Kill a process that listens and gives no sign of life.

    Signs are counted, not seconds: while the machine, or all of it, stands still, none is missed.
    """
    while worker.missed <= HUNG:
        await asyncio.sleep(BEAT)
        worker.missed += worker.listening
    with suppress(ProcessLookupError):
        process.kill()


def _why(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _error(event: Event) -> DeployerError:
    """Return the error that a worker could not go on with."""
    error = FailedError(event.message, where=event.where, hint=event.hint)
    for kind in DeployerError.__subclasses__():
        if kind.exit_code == event.exit_code and kind is not FailedError:
            return kind(event.message, where=event.where, hint=event.hint)
    with suppress(ValueError):
        error.exit_code = ExitCode(event.exit_code)
    return error
