"""Candidates that fail are rows of the table with a reason, and not the end of the search."""

import multiprocessing
import os
import signal
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning

from deployer.errors import FailedError, UsageError
from deployer.training.families import FAMILIES, Family
from deployer.training.selection import Selection, board, fitting, pool, search, select
from tests.deployer.training.selection.selection_rows import Rows


class Odd(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Fails, warns or answers nonsense, as `how` says."""

    def __init__(self, how: str = "fine") -> None:
        self.how = how

    def fit(self, x: Any, y: Any) -> "Odd":
        self.classes_ = np.unique(y)
        if self.how == "raises":
            raise ValueError("this much and\nno more")
        if self.how == "memory":
            raise MemoryError
        if self.how == "warns":
            warnings.warn("not there yet", ConvergenceWarning, stacklevel=1)
        return self

    def predict_proba(self, x: Any) -> Any:
        if self.how == "late":
            raise ZeroDivisionError("too late")
        if self.how == "twice":
            return np.full((len(x), len(self.classes_)), 1.0)
        value = np.nan if self.how == "nan" else 1 / len(self.classes_)
        return np.full((len(x), len(self.classes_)), value)


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add families that go wrong, each in the way of its name."""

    def family(name: str) -> Family:
        return Family(
            name=name,
            title=f"Family {name}",
            make=lambda seed, rows, classes: Odd(name),
            needs_scaling=False,
        )

    names = ("raises", "memory", "warns", "late", "nan", "fine", "twice")
    for module in (fitting, board, search):
        monkeypatch.setattr(
            module, "FAMILIES", {**FAMILIES, **{each: family(each) for each in names}}
        )


def run(rows: Rows, *families: str, metric: str = "accuracy", **changes: Any) -> Selection:
    return select(
        rows.frame,
        rows.labels,
        classes=rows.classes,
        kinds=rows.kinds,
        families=families,
        metric=metric,
        **{"strategy": "none", "trials": 1, "folds": 3, "jobs": 1, **changes},
    )


@pytest.mark.usefixtures("odd")
def test_a_failure_is_a_row_with_a_reason(wine: Rows) -> None:
    found = run(wine, "raises", "memory", "late", "nan", "softmax")
    assert [each.family for each in found.trials] == ["softmax", "raises", "memory", "late", "nan"]
    assert found.best.family == "softmax"
    assert found.best.problem == ""
    for trial, problem in zip(
        found.search.candidates[1:],
        [
            "this much and",
            "MemoryError",
            "ZeroDivisionError: too late",
            "probabilities that are no numbers",
        ],
        strict=True,
    ):
        assert problem in trial.problem
        assert "\n" not in trial.problem
        assert (trial.mean, trial.std, trial.folds, trial.tried) == (None, None, (), 1)


@pytest.mark.usefixtures("odd")
def test_only_failures_are_an_error_with_the_reason(wine: Rows) -> None:
    with pytest.raises(UsageError, match=r"no candidate could be fitted; Family raises: .*this"):
        run(wine, "raises", "nan")


@pytest.mark.usefixtures("odd")
def test_what_a_metric_refuses_is_a_problem(wine: Rows) -> None:
    found = run(wine, "twice", "softmax", metric="roc_auc_ovr_macro")
    assert found.trials[-1].family == "twice"
    assert "is not defined on these rows" in found.trials[-1].problem


@pytest.mark.usefixtures("odd")
def test_warnings_of_fits_are_told_once(wine: Rows) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = run(wine, "warns")
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("Family warns: ")
    assert found.warnings[0].endswith("(in 3 of 3 folds)")
    assert len(found.best.warnings) == 1


@pytest.mark.slow
def test_a_process_that_dies_is_one_clear_line(wine: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "START_SECONDS", 0)

    class Killing:
        def begin(self, total: int, what: str) -> None: ...
        def finish(self) -> None: ...
        def advance(self, n: int, note: str = "") -> None:
            for child in multiprocessing.active_children():
                os.kill(child.pid or 0, signal.SIGKILL)

    with pytest.raises(FailedError, match="a process that fitted a candidate died") as caught:
        run(wine, "softmax", jobs=2, folds=10, progress=Killing())
    assert "--jobs" in caught.value.hint
    assert multiprocessing.active_children() == []
