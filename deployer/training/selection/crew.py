"""Processes that fit candidates; they may be started before there is anything to fit."""

import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING, Any, Self

from deployer.errors import FailedError
from deployer.training.selection.fitting import Data, Outcome, Task, predict_fold

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["Crew", "Worker"]


class Crew:
    """Some processes. Whoever starts them ends them, whatever happened.

    Args:
        size: how many.

    """

    def __init__(self, size: int) -> None:
        self.workers: list[Worker] = []
        if not size:
            return
        from joblib.externals.loky.backend import (  # type: ignore[import-untyped]  # noqa: PLC0415
            get_context,
        )

        # Neither forked, for a copy of a process with OpenMP threads hangs (GCC's libgomp), nor
        # spawned, which runs the main script once more.
        context = get_context("loky")
        self.workers = [Worker(context) for _ in range(size)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the processes, whatever they do; they hold nothing that must be kept."""
        for worker in self.workers:
            worker.end()
        self.workers = []


class Worker:
    """A process that does one task at a time."""

    def __init__(self, context: Any) -> None:
        self.task: Task | None = None
        self.pipe, theirs = Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def give(self, path: str) -> None:
        """Tell where the data is."""
        self._send(path)

    def take(self, waiting: list[Task], stopped: Callable[[], bool]) -> None:
        """Begin the last of the tasks, unless it is over."""
        self.task = None
        if waiting and not stopped():
            self.task = waiting.pop()
            self._send(self.task)

    def _send(self, what: Task | str) -> None:
        try:
            self.pipe.send(what)
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
        """End the process."""
        self._process.terminate()
        self._process.join()
        self.pipe.close()


def _died() -> FailedError:
    return FailedError(
        "a process that fitted a candidate died, for lack of memory perhaps",
        hint="use fewer --jobs, fewer --candidates, or --sample",
    )


def _serve(pipe: "Connection[Outcome, Any]") -> None:
    """Do tasks until the parent ends. Ctrl-C is for the parent, which ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _import()
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    # Without a parent there is nobody to tell.
    with suppress(EOFError, OSError):
        data: Data = joblib.load(pipe.recv(), mmap_mode="r")
        while True:
            pipe.send(predict_fold(data, pipe.recv()))


def _import() -> None:
    """Import what every task needs, while the parent may still be reading."""
    import pandas  # noqa: F401, ICN001, PLC0415
    import sklearn.compose  # noqa: PLC0415
    import sklearn.linear_model  # noqa: F401, PLC0415
