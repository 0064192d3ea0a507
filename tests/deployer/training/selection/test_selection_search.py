"""The search: the same result however it is run, the folds of scikit-learn, budget, ties."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold, cross_val_score

from deployer.errors import UsageError
from deployer.packaging.documents import Costs
from deployer.training.families import FAMILIES, build_pipeline, fit
from deployer.training.selection import Selection, pool, select
from tests.deployer.training.selection.selection_rows import Rows, blobs

QUICK = ["softmax", "tree"]


def run(rows: Rows, **changes: Any) -> Selection:
    options: dict[str, Any] = {
        "families": QUICK,
        "strategy": "none",
        "trials": 3,
        "folds": 3,
        "metric": "accuracy",
        "jobs": 1,
        **changes,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return select(rows.frame, rows.labels, classes=rows.classes, kinds=rows.kinds, **options)


def same(one: Selection, two: Selection) -> bool:
    return (
        one.search == two.search
        and one.trials == two.trials
        and one.warnings == two.warnings
        and one.out_of_fold.tobytes() == two.out_of_fold.tobytes()
    )


def test_folds_score_what_cross_val_score_scores(wine: Rows) -> None:
    found = run(wine, seed=3, folds=5)
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    for trial in found.trials:
        pipeline = build_pipeline(
            FAMILIES[trial.family], wine.kinds, seed=3, rows=len(wine.labels), classes=3
        )
        expected = cross_val_score(pipeline, wine.frame, wine.labels, cv=folds, scoring="accuracy")
        assert trial.folds == tuple(expected)
        assert trial.mean == pytest.approx(expected.mean())
        assert trial.std == pytest.approx(expected.std(ddof=1))
    assert found.best == max(found.trials, key=lambda each: each.mean or 0)
    assert [each.family for each in found.search.candidates] == [
        each.family for each in found.trials
    ]


def test_out_of_fold_rows_are_answered_by_a_model_of_the_other_folds(wine: Rows) -> None:
    found = run(wine, families=["softmax"], folds=5)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(wine.frame, wine.labels):
        pipeline = build_pipeline(
            FAMILIES["softmax"], wine.kinds, seed=0, rows=len(wine.labels), classes=3
        )
        fit(pipeline, wine.frame.iloc[train], wine.labels[train])
        expected = pipeline.predict_proba(wine.frame.iloc[test])
        assert found.out_of_fold[test].tobytes() == expected.astype(np.float64).tobytes()


@pytest.mark.parametrize("strategy", ["none", "grid", "random", "halving"])
def test_the_same_seed_gives_the_same_selection(two: Rows, strategy: str) -> None:
    one, again = (run(two, strategy=strategy, seed=5) for _ in range(2))
    assert same(one, again)
    assert one.search.strategy == strategy
    assert sorted(each.family for each in one.trials) == sorted(QUICK)


def test_another_seed_gives_another_selection_another_order_of_names_does_not(two: Rows) -> None:
    one = run(two, strategy="random", seed=5)
    assert not same(one, run(two, strategy="random", seed=6))
    assert same(one, run(two, strategy="random", seed=5, families=[*reversed(QUICK), "tree"]))


def test_more_processes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = blobs({"a": 700, "b": 500, "c": 400})
    options: dict[str, Any] = {"strategy": "halving", "trials": 5, "seed": 2, "folds": 2}
    one = run(rows, **options)
    started: list[bool] = []
    leave = pool.Runner.__exit__

    def watched(self: pool.Runner, *error: Any) -> None:
        started.append(self.parallel)
        leave(self, *error)

    monkeypatch.setattr(pool, "START_SECONDS", 0)
    monkeypatch.setattr(pool.Runner, "__exit__", watched)
    assert same(one, run(rows, jobs=2, **options))
    assert started == [True]


class StartedError(Exception):
    """Processes would have been started."""


def test_small_work_starts_no_processes_and_large_work_does(
    two: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: pool.Runner) -> None:
        raise StartedError

    monkeypatch.setattr(pool.Runner, "_start", start)
    run(two, jobs=8)
    monkeypatch.setattr(pool, "MANY_CELLS", two.frame.size)
    run(two, jobs=1)
    with pytest.raises(StartedError):
        run(two, jobs=2)
    monkeypatch.setattr(pool, "MANY_CELLS", two.frame.size + 1)
    monkeypatch.setattr(pool, "START_SECONDS", 0)
    with pytest.raises(StartedError):
        run(two, jobs=2)


def test_all_settings_are_tried_and_searching_never_loses_to_the_defaults(two: Rows) -> None:
    plain = {each.family: each.mean for each in run(two, metric="log_loss").trials}
    for strategy in ("grid", "random", "halving"):
        for trial in run(two, metric="log_loss", strategy=strategy).trials:
            grid = FAMILIES[trial.family].grid
            if strategy == "grid":
                points = len(list(itertools.product(*grid.values())))
                assert trial.tried in {points, points + 1}
            else:
                assert trial.tried == 3
            assert trial.mean is not None
            assert trial.mean >= (plain[trial.family] or 0)
            assert trial.mean < 0, "losses are told below 0, so that greater is better"


def ticks() -> Iterator[int]:
    return itertools.count()


def test_a_budget_ends_the_search_after_the_defaults(two: Rows) -> None:
    full = run(two, strategy="random", trials=4)
    assert not full.search.budget_ended
    assert not any("budget" in each for each in full.warnings)
    for budget in (-1.0, 0.0):
        clock = ticks()
        ended = run(
            two, strategy="random", trials=4, budget=budget, clock=lambda c=clock: float(next(c))
        )
        assert ended.search.budget_ended
        assert [each.tried for each in ended.trials] == [1, 1]
        assert "a repeat may try more or fewer" in ended.warnings[-1]
        assert [each.mean for each in ended.trials] == [each.mean for each in run(two).trials]
    # The clock is looked at once at the beginning and once before each fit after the defaults.
    clock = ticks()
    partly = run(two, strategy="random", trials=4, budget=8.5, clock=lambda: float(next(clock)))
    assert partly.search.budget_ended
    assert [each.tried for each in sorted(partly.trials, key=lambda each: each.family)] == [3, 2]
    enough = run(two, strategy="random", trials=4, budget=1e9)
    assert same(enough, full)


class Recorder:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def begin(self, total: int, what: str) -> None:
        self.calls.append(("begin", total, what))

    def advance(self, n: int, note: str = "") -> None:
        self.calls.append(("advance", n, note))

    def finish(self) -> None:
        self.calls.append(("finish",))


@pytest.mark.parametrize("strategy", ["none", "grid", "random", "halving"])
def test_progress_adds_up(two: Rows, strategy: str) -> None:
    progress = Recorder()
    found = run(two, strategy=strategy, progress=progress)
    (begin, *advances, finish) = progress.calls
    assert begin[0] == "begin"
    assert begin[1] == sum(each[1] for each in advances)
    assert finish == ("finish",)
    assert found.best.mean is not None
    title = FAMILIES[found.best.family].title
    assert advances[-1][2] == f"best: {title}, accuracy {found.best.mean:.4g}"


def test_halving_fits_many_on_few_rows_and_few_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = blobs({"a": 3000, "b": 1500})
    fitted: list[int] = []

    def counted(pipeline: Any, frame: Any, labels: Any) -> list[str]:
        fitted.append(len(labels))
        return fit(pipeline, frame, labels)

    monkeypatch.setattr("deployer.training.selection.fitting.fit", counted)
    found = run(rows, strategy="halving", trials=10, families=["tree"], folds=3)
    assert found.trials[0].tried == 10
    # The defaults on all rows, 9 on a ninth, 3 on a third, 1 on all; two thirds of them are fitted.
    sizes = [round(each / 1000, 1) for each in fitted]
    assert sizes == [3.0] * 3 + [0.3] * 27 + [1.0] * 9 + [3.0] * 3


def test_equals_go_to_the_simpler_family() -> None:
    rows = blobs({"a": 20, "b": 20})
    apart = rows._replace(frame=rows.frame + 100 * (rows.labels == "b")[:, None].astype("float32"))
    found = run(apart, families=["tree", "softmax"])
    assert [each.mean for each in found.trials] == [1.0, 1.0]
    assert found.best.family == "softmax"


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "roc_auc_ovr_macro", "matthews"])
@pytest.mark.parametrize(
    "counts",
    [
        {"a": 30, "b": 25, "c": 2},
        {"a": 30, "b": 25, "c": 1},
        {"a": 30, "b": 1},
        {"a": 1, "b": 1},
        {"a": 1, "b": 1, "c": 1, "d": 1},
        {"a": 2, "b": 2, "c": 2},
    ],
    ids=str,
)
def test_rare_classes(metric: str, counts: dict[str, int]) -> None:
    rows = blobs(counts)
    found = run(rows, metric=metric, families=["softmax"])
    assert found.out_of_fold.shape == (len(rows.labels), len(rows.classes))
    assert np.isfinite(found.out_of_fold).all()
    assert found.out_of_fold.sum(axis=1) == pytest.approx(1)
    for label, count in counts.items():
        if count == 1:
            column = rows.classes.index(label)
            assert found.out_of_fold[rows.labels == label, column] == 0
            assert any(f"'{label}' (1 row)" in each for each in found.warnings)


def test_a_metric_that_some_folds_cannot_define_says_so() -> None:
    found = run(
        blobs({"a": 30, "b": 25, "c": 2}), metric="roc_auc_ovr_macro", families=["tree"], folds=5
    )
    assert len(found.best.folds) == 2
    assert any("not defined in 3 of 5 folds, which lack a class" in each for each in found.warnings)
    pooled = run(blobs({"a": 30, "b": 25, "c": 1}), metric="roc_auc_ovr_macro", families=["tree"])
    assert pooled.best.folds == ()
    assert pooled.best.std is None
    assert pooled.best.mean is not None
    assert any("all rows at once" in each for each in pooled.warnings)


def test_expected_cost_decides_with_thresholds_of_other_folds(two: Rows) -> None:
    costs = Costs(false_positive=1, false_negative=20)
    found = run(two, metric="expected_cost", positive="yes", costs=costs)
    assert found.best.mean is not None
    assert -0.75 <= found.best.mean < 0, "no worse than always answering yes, on average"
    cheap = run(
        two,
        metric="expected_cost",
        positive="yes",
        costs=Costs(false_positive=1e-9, false_negative=1),
    )
    assert cheap.best.mean == pytest.approx(0, abs=1e-8)


def test_unknown_candidates_are_refused(two: Rows) -> None:
    with pytest.raises(UsageError, match="no candidate 'sofmax'") as caught:
        run(two, families=["sofmax"])
    assert caught.value.hint.startswith("did you mean softmax?")
    with pytest.raises(UsageError, match="no candidates"):
        run(two, families=[])
