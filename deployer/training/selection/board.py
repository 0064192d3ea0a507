"""What has come back: settings with their scores, and the best so far."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.training.families import FAMILIES
from deployer.training.selection.fitting import Data, Outcome, Task
from deployer.training.selection.model import Params, Trial
from deployer.training.selection.scoring import FoldScores, Question, score_folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Board", "Result"]


@dataclass(frozen=True)
class Result:
    """A setting of a family, after all its folds."""

    task: Task
    scores: FoldScores | None
    problem: str
    warnings: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Greater is better; what has a problem is worse than anything."""
        return -math.inf if self.scores is None else self.scores.mean


class Board:
    """Collects outcomes, in any order, and keeps what is needed of them.

    Args:
        data: the training rows.
        folds: how many folds there are.
        question: the metric and what it takes.
        families: in the order that decides between equals, the simplest first.

    """

    def __init__(
        self, data: Data, *, folds: int, question: Question, families: Sequence[str]
    ) -> None:
        self._data = data
        self._folds = folds
        self._question = question
        self._order = {name: i for i, name in enumerate(families)}
        self._pending: dict[tuple[str, int, float], dict[int, Outcome]] = {}
        self._results: dict[str, dict[int, Result]] = {name: {} for name in families}
        self._tried: dict[str, set[int]] = {name: set() for name in families}
        self._best: tuple[tuple[float, int, int], Result, NDArray[Any]] | None = None
        self.notes: list[str] = []

    def add(self, task: Task, outcome: Outcome) -> Result | None:
        """Take an outcome; return the setting's result if it was the last of its folds."""
        self._tried[task.family].add(task.setting)
        key = (task.family, task.setting, task.share)
        outcomes = self._pending.setdefault(key, {})
        outcomes[task.fold] = outcome
        if len(outcomes) < self._folds:
            return None
        result = self._finish(task, [outcomes[fold] for fold in sorted(outcomes)])
        del self._pending[key]
        return result

    def note(self) -> str:
        """Return the best setting on all rows so far and its score, in words."""
        if self._best is None:
            return ""
        best = self._best[1]
        title = FAMILIES[best.task.family].title
        return f"best: {title}, {self._question.title} {self._question.sign * best.mean:.4g}"

    @property
    def out_of_fold(self) -> "NDArray[Any]":
        """The best setting's probabilities for all rows, shape (N, classes)."""
        assert self._best is not None  # noqa: S101 - the caller has looked
        return self._best[2]

    def trials(self) -> list[Trial]:
        """Return every family at its best, the best first, those with a problem last."""
        best = [self._best_of(family) for family in self._order]
        best.sort(key=lambda each: -each[1] if each[1] > -math.inf else math.inf)
        return [trial for trial, _ in best]

    def _finish(self, task: Task, outcomes: Sequence[Outcome]) -> Result:
        warned = _counted([each.warnings for each in outcomes])
        problems = [each.problem for each in outcomes if each.problem]
        scores = None
        if not problems:
            rows = self._data.sample(task.share)
            probabilities = self._together(outcomes, rows)
            scores = self._score(rows, probabilities)
            problems = [] if scores else [self._question.undefined]
        result = Result(task, scores, problems[0] if problems else "", warned)
        if task.share < 1:
            return result
        self._results[task.family][task.setting] = result
        if scores:
            self._consider(result, probabilities)
            if scores.note and scores.note not in self.notes:
                self.notes.append(scores.note)
        return result

    def _score(self, rows: "NDArray[Any]", probabilities: "NDArray[Any]") -> FoldScores | None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return score_folds(
                    self._question,
                    codes=self._data.codes[rows],
                    probabilities=probabilities,
                    of_row=self._data.of_row[rows],
                    folds=self._folds,
                )
            except ValueError:
                # Such as probabilities that do not add up to 1.
                return None

    def _consider(self, result: Result, probabilities: "NDArray[Any]") -> None:
        rank = (result.mean, -self._order[result.task.family], -result.task.setting)
        if self._best is None or rank > self._best[0]:
            self._best = (rank, result, probabilities)

    def _together(self, outcomes: Sequence[Outcome], rows: "NDArray[Any]") -> "NDArray[Any]":
        import numpy as np  # noqa: PLC0415 - slow to import

        of_row = self._data.of_row[rows]
        probabilities = np.empty((len(of_row), len(self._data.classes)), dtype=np.float64)
        for fold, outcome in enumerate(outcomes):
            probabilities[of_row == fold] = outcome.probabilities
        return probabilities

    def _best_of(self, family: str) -> tuple[Trial, float]:
        results = [result for _, result in sorted(self._results[family].items())]
        tried = len(self._tried[family])
        # The first of equals: the defaults before what was searched.
        best = max(results, key=lambda each: each.mean)
        params: Params = best.task.params
        scores = best.scores
        trial = Trial(
            family=family,
            params=dict(params),
            folds=scores.folds if scores else (),
            mean=scores.mean if scores else None,
            std=scores.std if scores else None,
            tried=tried,
            problem=best.problem,
            warnings=best.warnings,
        )
        return trial, best.mean


def _counted(told: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return each different warning once, and in how many folds it came."""
    different = dict.fromkeys(each for fold in told for each in fold)
    return tuple(
        f"{each} (in {sum(each in fold for fold in told)} of {len(told)} folds)"
        for each in different
    )
