"""All of it: candidates and their settings, compared on the same folds."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from deployer.errors import UsageError
from deployer.packaging.documents import Costs, Search
from deployer.training.families import FAMILIES
from deployer.training.selection.board import Board
from deployer.training.selection.crew import Crew
from deployer.training.selection.fitting import Data
from deployer.training.selection.folds import encode, make_folds
from deployer.training.selection.model import Progress, Selection
from deployer.training.selection.pool import Runner, usable_cores
from deployer.training.selection.rounds import Rounds, Strategy, make_plan
from deployer.training.selection.scoring import Question
from deployer.training.selection.settings import grid_settings, random_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STRATEGIES", "select"]

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


def select(
    frame: Any,
    labels: "NDArray[Any]",
    *,
    classes: Sequence[str],
    kinds: Mapping[str, Any],
    families: Sequence[str],
    strategy: Strategy,
    trials: int,
    folds: int,
    metric: str,
    positive: str | None = None,
    costs: Costs | None = None,
    budget: float | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
    select_k: int | None = None,
    pca: float | None = None,
    crew: Crew | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Selection:
    """Return the best setting of the best family, by cross-validation on the rows given.

    Every family is fitted at its defaults first, on all rows. Then follow, unless the strategy is
    ``none``, the settings of a grid or drawn at random; with ``halving`` the latter are dropped on
    samples of the rows first (:func:`~deployer.training.selection.halving.schedule`). All
    candidates have the same folds. Of equals, the family that comes first in FAMILIES wins, and
    in a family the setting that was tried first.

    The outcome is the same for any number of jobs. With a budget that ends the search it depends
    on the speed of the machine.

    Args:
        frame: data frame of the N training rows; no held-out row.
        labels: their classes, text of shape (N,).
        classes: all classes, sorted.
        kinds: of the frame's columns.
        families: names of FAMILIES to compare.
        strategy: where the settings come from.
        trials: settings per family, its defaults included; for ``random`` and ``halving``.
        folds: how many.
        metric: a name of METRICS or ``expected_cost``, as :func:`choose_metric` returns it.
        positive: the class that errors are counted against; two classes only.
        costs: of errors; for ``expected_cost``.
        budget: seconds after which no more settings are begun; None for no end. The defaults of
            every family are fitted in any case.
        seed: of folds, settings, samples and estimators.
        jobs: processes at most; None for as many as there are usable cores.
        progress: where to tell how far it is.
        select_k: columns to keep after preprocessing, or None for all.
        pca: components to keep, or their share of the variance, or None for no PCA.
        crew: processes to use, in place of starting some.
        clock: returns seconds.

    Raises:
        UsageError: a family that does not exist, too few rows, or no candidate could be fitted.
        FailedError: a process died.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    end = math.inf if budget is None else clock() + budget
    names = _known(families)
    labels = np.asarray(labels, dtype=object)
    divided = make_folds(labels, classes, folds=folds, seed=seed)
    question = Question(metric, tuple(classes), positive, costs)
    data = Data(
        # One block per type of number, in this process and in others: the same sums.
        frame=frame.copy(),
        labels=labels,
        codes=encode(labels, classes),
        of_row=divided.of_row,
        rank=divided.rank,
        classes=tuple(classes),
        kinds=dict(kinds),
        seed=seed,
        select=select_k,
        pca=pca,
    )
    settings = {name: _settings(data, name, strategy, trials, seed) for name in names}
    board = Board(data, folds=divided.count, question=question, families=names)
    plan = make_plan(settings, strategy, data, folds=divided.count)
    rounds = Rounds(board, settings, plan, folds=divided.count, progress=progress)
    with Runner(data, jobs=jobs or usable_cores(), planned=rounds.total, crew=crew) as runner:
        ended = rounds.run(runner, lambda: clock() >= end)
    return _selection(board, strategy, divided.count, divided.warnings, ended=ended)


def _known(families: Sequence[str]) -> list[str]:
    for name in families:
        if name not in FAMILIES:
            near = get_close_matches(name.lower(), FAMILIES, n=1)
            advice = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"there is no candidate '{name}'",
                hint=f"{advice}candidates are {', '.join(FAMILIES)}",
            )
    if not families:
        raise UsageError("no candidates are named", hint=f"candidates are {', '.join(FAMILIES)}")
    return [name for name in FAMILIES if name in families]


def _settings(
    data: Data, name: str, strategy: Strategy, trials: int, seed: int
) -> list[dict[str, Any]]:
    if strategy == "none":
        return [{}]
    family = FAMILIES[name]
    defaults = data.pipeline(name).get_params()
    if strategy == "grid":
        return grid_settings(family.grid, defaults)
    return random_settings(family.distributions, defaults, family=name, trials=trials, seed=seed)


def _selection(
    board: Board, strategy: Strategy, folds: int, warnings: list[str], *, ended: bool
) -> Selection:
    trials = board.trials()
    best = trials[0]
    if best.mean is None:
        extreme = "look for columns with extreme values, or leave them out with --drop"
        raise UsageError(
            f"no candidate could be fitted; {FAMILIES[best.family].title}: {best.problem}",
            hint="use a smaller --pca" if "n_components" in best.problem else extreme,
        )
    told = [*warnings, *board.notes]
    told += [f"{FAMILIES[each.family].title}: {text}" for each in trials for text in each.warnings]
    if ended:
        told.append(
            "the time budget ended before all settings were tried; a repeat may try more or fewer "
            "and choose another model"
        )
    return Selection(
        search=Search(
            strategy=strategy,
            folds=folds,
            budget_ended=ended,
            candidates=tuple(each.document() for each in trials),
        ),
        best=best,
        out_of_fold=board.out_of_fold,
        trials=tuple(trials),
        warnings=told,
    )
