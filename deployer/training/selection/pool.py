"""Tasks in this process, or in several where the work is worth starting them."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self

from deployer.training.selection.crew import Crew, Worker
from deployer.training.selection.fitting import Data, Outcome, Task, predict_fold

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
        crew: processes that were started already; they are its owner's to end.

    """

    def __init__(self, data: Data, *, jobs: int, planned: int, crew: Crew | None = None) -> None:
        self._data = data
        self._jobs = jobs
        self._left = planned
        self._spent = 0.0
        self._done = 0
        self._crew = crew
        self._own: Crew | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.end()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def parallel(self) -> bool:
        """Whether processes were started."""
        return self._folder is not None

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
        if self.parallel:
            return True
        if self._jobs == 1:
            return False
        if self._crew is not None or self._data.frame.size >= MANY_CELLS:
            return True
        if not self._done:
            return False
        expected = self._spent / self._done * self._left
        return expected * (1 - 1 / self._jobs) > START_SECONDS

    def _run_parallel(
        self, waiting: list[Task], stopped: Callable[[], bool]
    ) -> Iterator[tuple[Task, Outcome]]:
        workers = self._start()
        for worker in workers:
            worker.take(waiting, stopped)
        while busy := [each for each in workers if each.task is not None]:
            # A pipe whose process died is ready too, with its end.
            ready = wait([each.pipe for each in busy])
            for worker in (each for each in busy if each.pipe in ready):
                task, outcome = worker.answer()
                # Before anybody looks at the outcome: the process need not wait for that.
                worker.take(waiting, stopped)
                self._left -= 1
                yield task, outcome

    def _start(self) -> Sequence[Worker]:
        import joblib  # noqa: PLC0415 - slow to import

        crew = self._crew or self._own
        if crew is None:
            crew = self._own = Crew(max(1, min(self._jobs, self._left)))
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="deployer-")
            path = Path(self._folder.name) / "data"
            joblib.dump(self._data, path)
            for worker in crew.workers:
                worker.give(str(path))
        return crew.workers
