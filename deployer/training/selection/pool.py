"""Tasks in this process, or in several where the work is worth starting them."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Pipe, wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from deployer.errors import FailedError
from deployer.training.selection.fitting import Data, Outcome, Task, predict_fold

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["MANY_CELLS", "START_SECONDS", "Runner", "usable_cores"]

# What it costs until a process has imported scikit-learn and pandas and can begin.
START_SECONDS = 2.5
# From this many cells on, every family takes longer than that: 30,000 rows of 50 columns take about
# 2 seconds per fit of softmax regression or a tree.
MANY_CELLS = 1_000_000


def usable_cores() -> int:
    """Return how many processors this process may use, as containers and affinity allow."""
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    return int(joblib.cpu_count())


class Runner:
    """Runs tasks. Leaving it ends every process that it started, whatever happened.

    With many cells, processes are started at once. Else the first tasks run in this process; what
    they took tells what the rest will take, and only if processes would save more time than they
    take to start are they started. They read the data from one file that they map into memory, so
    that numbers are not copied per process or task.

    Args:
        data: what the tasks have in common.
        jobs: processes at most; with 1 all runs in this process.
        planned: how many tasks there will be in all.

    """

    def __init__(self, data: Data, *, jobs: int, planned: int) -> None:
        self._data = data
        self._jobs = jobs
        self._left = planned
        self._spent = 0.0
        self._done = 0
        self._workers: list[_Worker] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.end()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def parallel(self) -> bool:
        """Whether processes were started."""
        return bool(self._workers)

    def run(
        self, tasks: Sequence[Task], *, stopped: Callable[[], bool]
    ) -> Iterator[tuple[Task, Outcome]]:
        """Yield tasks with their outcomes, in any order, until all are done or `stopped` says so.

        Tasks that have begun when it does are finished and yielded.

        Raises:
            FailedError: a process died.

        """
        waiting = list(reversed(tasks))
        while waiting and not self._worth_starting():
            if stopped():
                return
            task = waiting.pop()
            began = time.perf_counter()
            outcome = predict_fold(self._data, task)
            self._spent += time.perf_counter() - began
            self._done += 1
            self._left -= 1
            yield task, outcome
        if waiting:
            yield from self._run_parallel(waiting, stopped)

    def _worth_starting(self) -> bool:
        if self._workers:
            return True
        if self._jobs == 1:
            return False
        if self._data.frame.size >= MANY_CELLS:
            return True
        if not self._done:
            return False
        expected = self._spent / self._done * self._left
        return expected * (1 - 1 / self._jobs) > START_SECONDS

    def _run_parallel(
        self, waiting: list[Task], stopped: Callable[[], bool]
    ) -> Iterator[tuple[Task, Outcome]]:
        if not self._workers:
            self._start()
        for worker in self._workers:
            worker.take(waiting, stopped)
        while busy := [each for each in self._workers if each.task is not None]:
            # A pipe whose process died is ready too, with its end.
            ready = wait([each.pipe for each in busy])
            for worker in (each for each in busy if each.pipe in ready):
                task, outcome = worker.answer()
                # Before anybody looks at the outcome: the process need not wait for that.
                worker.take(waiting, stopped)
                self._left -= 1
                yield task, outcome

    def _start(self) -> None:
        import joblib  # noqa: PLC0415 - slow to import
        from joblib.externals.loky.backend import (  # type: ignore[import-untyped]  # noqa: PLC0415
            get_context,
        )

        self._folder = tempfile.TemporaryDirectory(prefix="deployer-")
        path = Path(self._folder.name) / "data"
        joblib.dump(self._data, path)
        # Neither forked, for a copy of a process with OpenMP threads hangs (GCC's libgomp), nor
        # spawned, which runs the main script once more.
        context = get_context("loky")
        self._workers = [
            _Worker(context, str(path)) for _ in range(max(1, min(self._jobs, self._left)))
        ]


class _Worker:
    """A process that does one task at a time."""

    def __init__(self, context: Any, path: str) -> None:
        self.task: Task | None = None
        self.pipe, theirs = Pipe()
        self._process = context.Process(target=_serve, args=(theirs, path), daemon=True)
        self._process.start()
        theirs.close()

    def take(self, waiting: list[Task], stopped: Callable[[], bool]) -> None:
        """Begin the last of the tasks, unless it is over."""
        self.task = None
        if waiting and not stopped():
            self.task = waiting.pop()
            try:
                self.pipe.send(self.task)
            except OSError as error:
                raise _died() from error

    def answer(self) -> tuple[Task, Outcome]:
        """Return the task with its outcome."""
        assert self.task is not None  # noqa: S101 - who asks has looked
        try:
            return self.task, self.pipe.recv()
        except (EOFError, OSError) as error:
            raise _died() from error

    def end(self) -> None:
        """End the process, whatever it does; it holds nothing that must be kept."""
        self._process.terminate()
        self._process.join()
        self.pipe.close()


def _died() -> FailedError:
    return FailedError(
        "a process that fitted a candidate died, for lack of memory perhaps",
        hint="use fewer --jobs, fewer --candidates, or --sample",
    )


def _serve(pipe: "Connection[Outcome, Task]", path: str) -> None:
    """Do tasks until the parent ends. Ctrl-C is for the parent, which ends this process."""
    import joblib  # noqa: PLC0415 - slow to import

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    data: Data = joblib.load(path, mmap_mode="r")
    # Without a parent there is nobody to tell.
    with suppress(EOFError, OSError):
        while True:
            pipe.send(predict_fold(data, pipe.recv()))
