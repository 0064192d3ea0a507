"""The order of the tasks: every family's defaults, then the other settings, rung by rung."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from deployer.training.selection.board import Board, Result
from deployer.training.selection.fitting import Data, Task
from deployer.training.selection.halving import Rung, schedule
from deployer.training.selection.model import Progress
from deployer.training.selection.pool import Runner

__all__ = ["Rounds", "Strategy", "make_plan"]

Strategy = Literal["none", "grid", "random", "halving"]
Settings = Mapping[str, Sequence[dict[str, Any]]]
Plan = Mapping[str, Sequence[Rung]]


def make_plan(settings: Settings, strategy: Strategy, data: Data, *, folds: int) -> Plan:
    """Return the rungs of what comes after the defaults, per family that has more settings."""
    more = {name: len(each) - 1 for name, each in settings.items() if len(each) > 1}
    if strategy != "halving":
        return {name: [Rung(count, 1.0)] for name, count in more.items()}
    rows, classes = len(data.labels), len(data.classes)
    return {
        name: schedule(count, rows=rows, folds=folds, classes=classes)
        for name, count in more.items()
    }


class Rounds:
    """All tasks of a search.

    Args:
        board: takes what comes back.
        settings: of each family, the defaults first.
        plan: of :func:`make_plan`.
        folds: how many.
        progress: where to tell how far it is.

    """

    def __init__(
        self,
        board: Board,
        settings: Settings,
        plan: Plan,
        *,
        folds: int,
        progress: Progress | None,
    ) -> None:
        self._board = board
        self._settings = settings
        self._plan = plan
        self._folds = folds
        self._progress = progress

    @property
    def total(self) -> int:
        """How many tasks there are."""
        later = sum(rung.settings for rungs in self._plan.values() for rung in rungs)
        return self._folds * (len(self._settings) + later)

    def run(self, runner: Runner, over: Callable[[], bool]) -> bool:
        """Run all, and return whether the time was over before the tasks were.

        The defaults are run in any case.
        """
        if self._progress is not None:
            self._progress.begin(self.total, "fits")
        try:
            return self._run(runner, over)
        finally:
            if self._progress is not None:
                self._progress.finish()

    def _run(self, runner: Runner, over: Callable[[], bool]) -> bool:
        defaults = [(name, 0, 1.0) for name in self._settings]
        self._round(runner, defaults, lambda: False)
        left: dict[str, Sequence[int]] = {
            name: range(1, len(self._settings[name])) for name in self._plan
        }
        return any(
            not self._rung(runner, i, left, over)
            for i in range(max((len(rungs) for rungs in self._plan.values()), default=0))
        )

    def _rung(
        self,
        runner: Runner,
        i: int,
        left: dict[str, Sequence[int]],
        over: Callable[[], bool],
    ) -> bool:
        """Run the i-th rung, and keep in `left` who survives it; return whether it was run."""
        rungs = {name: rungs for name, rungs in self._plan.items() if i < len(rungs)}
        tried = [
            (name, setting, rungs[name][i].share)
            for name, setting in _in_turns({name: left[name] for name in rungs})
        ]
        results = self._round(runner, tried, over)
        for name, each in rungs.items():
            if i + 1 < len(each):
                left[name] = _survivors(results, name, each[i + 1].settings)
        return len(results) == len(tried)

    def _round(
        self,
        runner: Runner,
        tried: Sequence[tuple[str, int, float]],
        stopped: Callable[[], bool],
    ) -> list[Result]:
        tasks = [
            Task(name, setting, self._settings[name][setting], fold, share)
            for name, setting, share in tried
            for fold in range(self._folds)
        ]
        results = []
        for task, outcome in runner.run(tasks, stopped=stopped):
            result = self._board.add(task, outcome)
            if result is not None:
                results.append(result)
            if self._progress is not None:
                self._progress.advance(1, self._board.note())
        return results


def _in_turns(settings: Mapping[str, Sequence[int]]) -> Iterable[tuple[str, int]]:
    """Yield a setting of each family, then another of each: an early end treats all alike."""
    for i in range(max((len(each) for each in settings.values()), default=0)):
        for name, each in settings.items():
            if i < len(each):
                yield name, each[i]


def _survivors(results: Sequence[Result], family: str, count: int) -> list[int]:
    """Return the best settings, in the order in which they were drawn."""
    own = [each for each in results if each.task.family == family]
    own.sort(key=lambda each: (-each.mean, each.task.setting))
    return sorted(each.task.setting for each in own[:count])
