"""Held-out rows reach nothing: neither fits, tuning, threshold nor choice. Planted leaks show."""

import inspect
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from deployer.packaging.documents import Costs
from deployer.packaging.skops_io import dump_skops
from deployer.training.families import FAMILIES, build_pipeline, fit
from deployer.training.selection import choose_metric, choose_threshold, fitting, select
from deployer.training.selection.fitting import predict_fold
from tests.deployer.training.selection.selection_rows import Rows, blobs

COSTS = Costs(false_positive=1, false_negative=4)


@dataclass
class Fit:
    """What one fit saw: row numbers of the whole table, and the labels that came with them."""

    rows: list[int]
    labels: list[str]
    predicted: list[int] = field(default_factory=list)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[Fit]:
    """Record each fit and each prediction of the selection; the data frame's index names rows."""
    seen: list[Fit] = []

    def recorded(pipeline: Any, frame: Any, labels: Any) -> list[str]:
        one = Fit(frame.index.tolist(), list(labels))
        seen.append(one)
        warned = fit(pipeline, frame, labels)
        predict = pipeline.predict_proba

        def predict_proba(frame: Any) -> Any:
            one.predicted += frame.index.tolist()
            return predict(frame)

        pipeline.predict_proba = predict_proba
        return warned

    monkeypatch.setattr(fitting, "fit", recorded)
    return seen


def leaks(fits: list[Fit], labels: NDArray[np.object_], training: NDArray[np.int64]) -> list[str]:
    """Return what is wrong: held-out rows seen, a row predicted by its own model, false labels."""
    allowed = set(training.tolist())
    found = []
    for one in fits:
        if not set(one.rows) | set(one.predicted) <= allowed:
            found.append("a held-out row was used")
        if set(one.rows) & set(one.predicted):
            found.append("a row was answered by a model fitted on it")
        if one.labels != labels[one.rows].tolist():
            found.append("a label belongs to another row")
    return found


def choose(rows: Rows, training: NDArray[np.int64], *, strategy: str = "random") -> tuple[Any, ...]:
    """Return all that training decides: choice, search, threshold, and the model's bytes."""
    frame, labels = rows.frame.iloc[training], rows.labels[training]
    counts = {each: int((labels == each).sum()) for each in rows.classes}
    choice = choose_metric("auto", counts, COSTS, "yes")
    selection = select(
        frame,
        labels,
        classes=rows.classes,
        kinds=rows.kinds,
        families=["softmax", "tree"],
        strategy=strategy,  # type: ignore[arg-type] # one of them
        trials=4,
        folds=4,
        metric=choice.metric,
        positive=choice.positive,
        costs=COSTS,
        jobs=1,
    )
    assert choice.positive is not None
    column = selection.out_of_fold[:, rows.classes.index(choice.positive)]
    threshold = choose_threshold(labels, column, choice.positive, COSTS)
    final = build_pipeline(
        FAMILIES[selection.best.family], rows.kinds, seed=0, rows=len(labels), classes=2
    ).set_params(**selection.best.params)
    fit(final, frame, labels.tolist())
    return (
        msgspec.json.encode(choice),
        msgspec.json.encode(selection.search),
        selection.out_of_fold.tobytes(),
        threshold,
        dump_skops(final),
    )


@pytest.fixture(scope="module")
def table() -> Rows:
    return blobs({"no": 900, "yes": 600}, seed=1)


@pytest.fixture(scope="module")
def training(table: Rows) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(0).permutation(len(table.labels))[:1100])


@pytest.mark.parametrize("strategy", ["none", "grid", "random", "halving"])
def test_every_fit_sees_training_rows_of_other_folds_only(
    table: Rows, training: NDArray[np.int64], fits: list[Fit], strategy: str
) -> None:
    choose(table, training, strategy=strategy)
    assert len(fits) >= 8
    assert leaks(fits, table.labels, training) == []
    on_all = [one for one in fits if len(one.rows) + len(one.predicted) == len(training)]
    for i in range(0, len(on_all), 4):
        predicted = [row for one in on_all[i : i + 4] for row in one.predicted]
        assert sorted(predicted) == training.tolist(), "every row is predicted once"


def test_a_held_out_row_that_is_passed_on_is_caught(
    table: Rows, training: NDArray[np.int64], fits: list[Fit]
) -> None:
    held_out = next(i for i in range(len(table.labels)) if i not in training)
    choose(table, np.append(training, held_out))
    assert "a held-out row was used" in leaks(fits, table.labels, training)


@pytest.mark.parametrize(
    ("right", "wrong", "caught"),
    [
        (
            "np.flatnonzero(taking & ~held_out)",
            "np.flatnonzero(taking)",
            "a row was answered by a model fitted on it",
        ),
        (
            "data.labels[fitted]",
            "data.labels[asked][: len(fitted)].repeat(9)[: len(fitted)]",
            "a label belongs to another row",
        ),
    ],
)
def test_a_leak_between_folds_is_caught(
    table: Rows,
    training: NDArray[np.int64],
    fits: list[Fit],
    monkeypatch: pytest.MonkeyPatch,
    right: str,
    wrong: str,
    caught: str,
) -> None:
    source = inspect.getsource(predict_fold)
    assert source.count(right) == 1
    planted: dict[str, Any] = {}
    exec(source.replace(right, wrong), fitting.__dict__, planted)
    monkeypatch.setattr("deployer.training.selection.pool.predict_fold", planted["predict_fold"])
    choose(table, training, strategy="none")
    assert caught in leaks(fits, table.labels, training)


def test_poisoned_hold_out_changes_nothing(table: Rows, training: NDArray[np.int64]) -> None:
    held_out = np.setdiff1d(np.arange(len(table.labels)), training)
    labels, frame = table.labels.copy(), table.frame.copy()
    labels[held_out] = np.where(labels[held_out] == "yes", "no", "yes")
    frame.iloc[held_out] = np.float32(1e6)
    poisoned = table._replace(frame=frame, labels=labels)
    clean = choose(table, training)
    assert choose(poisoned, training) == clean
    # One poisoned row among the training rows, and choice, search, predictions, bytes differ.
    leaking = choose(poisoned, np.append(training[1:], held_out[0]))
    assert [one != two for one, two in zip(leaking, clean, strict=True)].count(True) >= 3
