"""The quick bootstrap against the naive one: the same rows, scikit-learn on each resample."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from deployer.evaluation.bootstrap import cells_resampled, interval, intervals
from deployer.evaluation.measure import confusion_of, measure
from deployer.evaluation.metrics import METRICS, metrics_for
from deployer.evaluation.outcomes import Outcomes
from deployer.evaluation.ranking import EXACT_ROWS, Rankings
from deployer.evaluation.resampled import label_scores, part_of, recalls, resampled_scores
from deployer.evaluation.statistics import by_class, collect, resampled_rows
from tests.deployer.evaluation.evaluation_kit import made_up

RESAMPLES = 6


def select(outcomes: Outcomes, rows: NDArray[np.int64]) -> Outcomes:
    return replace(
        outcomes,
        true=outcomes.true[rows],
        predicted=outcomes.predicted[rows],
        probabilities=outcomes.probabilities[rows],
    )


def naive(outcomes: Outcomes, name: str, seed: int) -> list[float]:
    ordered = by_class(outcomes)
    values = [
        METRICS[name].of(select(ordered, rows))
        for rows in resampled_rows(len(outcomes), RESAMPLES, seed)
    ]
    return [np.nan if value is None else value for value in values]


@pytest.mark.parametrize("digits", [None, 1], ids=["distinct", "ties"])
@pytest.mark.parametrize("rows", [15, 150])
@pytest.mark.parametrize("classes", [2, 4])
def test_every_score_of_every_resample_is_the_naive_one(
    classes: int, rows: int, digits: int | None
) -> None:
    outcomes = made_up(rows, classes, seed=rows + classes, digits=digits).outcomes()
    (statistics,) = collect((outcomes,), resamples=RESAMPLES, seed=7)
    for metric in metrics_for(classes, positive=classes == 2):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = resampled_scores(statistics, metric.name, positive=outcomes.positive)
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(
            found, naive(outcomes, metric.name, 7), rtol=0, atol=1e-13, err_msg=metric.name
        )


def test_counting_one_part_only_changes_no_number() -> None:
    outcomes = made_up(80, 3, digits=2).outcomes()
    (whole,) = collect((outcomes,), resamples=RESAMPLES, seed=1)
    for metric in metrics_for(3, positive=False):
        (part,) = collect((outcomes,), resamples=RESAMPLES, seed=1, parts={part_of(metric.name)})
        expected = resampled_scores(whole, metric.name)
        assert np.array_equal(resampled_scores(part, metric.name), expected), metric.name


def test_probabilities_of_four_bytes_give_the_same_intervals_but_for_rounding() -> None:
    known = made_up(200, 3)
    wide = measure(*known.arguments, resamples=200)
    narrow = measure(*known.cast(np.float32).arguments, resamples=200)
    for name, score in wide.scores.items():
        assert narrow.scores[name].low == pytest.approx(score.low, abs=1e-5)
        assert narrow.scores[name].high == pytest.approx(score.high, abs=1e-5)


def test_intervals_repeat_for_a_seed_and_differ_for_another() -> None:
    known = made_up(100, 3)
    first = measure(*known.arguments, resamples=100, seed=4)
    assert measure(*known.arguments, resamples=100, seed=4) == first
    assert measure(*known.arguments, resamples=100, seed=5) != first


def test_an_interval_holds_its_score_and_shrinks_with_rows() -> None:
    few, many = (measure(*made_up(rows, 3).arguments, resamples=300) for rows in (200, 3200))
    for name, score in few.scores.items():
        more = many.scores[name]
        assert score.low is not None
        assert score.high is not None
        assert more.low is not None
        assert more.high is not None
        assert score.low < score.high
        if name != "calibration_error":  # it is biased: noise can only add to it
            assert score.value is not None
            assert score.low < score.value < score.high
        # A quarter, because sixteen times the rows.
        assert 0.12 < (more.high - more.low) / (score.high - score.low) < 0.5, name


def test_an_interval_of_95_percent_covers_the_truth_about_as_often() -> None:
    world = made_up(40_000, 3, seed=1)
    truth = {
        name: METRICS[name](*world.arguments)
        for name in ("accuracy", "f1_macro", "roc_auc_ovr_macro")
    }
    generator = np.random.default_rng(0)
    covered = dict.fromkeys(truth, 0)
    trials = 80
    for _ in range(trials):
        rows = generator.integers(0, len(world.labels), 250)
        outcomes = world.select(rows).outcomes()
        (statistics,) = collect(
            (outcomes,), resamples=100, seed=int(rows[0]), parts={"confusion", "ranking"}
        )
        for name, value in truth.items():
            low, high = interval(resampled_scores(statistics, name), 0.95)
            assert value is not None
            assert low is not None
            assert high is not None
            covered[name] += low <= value <= high
    for name, count in covered.items():
        assert 0.88 <= count / trials <= 0.995, (name, count / trials)


def test_scores_that_are_rarely_defined_have_no_interval() -> None:
    assert interval(np.array([0.5, np.nan, np.nan]), 0.95) == (None, None)
    assert interval(np.array([np.nan, np.nan]), 0.95) == (None, None)
    assert interval(np.array([0.25, 0.75, np.nan]), 0.5) == (0.375, 0.625)


def test_a_class_without_rows_has_no_interval_and_spoils_no_other() -> None:
    known = made_up(90, 3)
    some = known.select(np.flatnonzero(known.labels != "c1")).outcomes()
    (statistics,) = collect((some,), resamples=50, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ends = intervals(statistics, confidence=0.9, positive=None)
    undefined = {name for name, (low, _) in ends.items() if low is None}
    assert undefined == {"roc_auc_ovr_macro", "average_precision_macro"}
    each = recalls(statistics.confusion)
    assert np.isnan(each[:, 1]).all()
    assert not np.isnan(each[:, [0, 2]]).any()


def test_drawing_cells_is_drawing_rows() -> None:
    outcomes = made_up(400, 3, skill=1).outcomes()
    confusion = confusion_of(outcomes)
    drawn = cells_resampled(confusion, resamples=2000, generator=np.random.default_rng(0))
    assert drawn.shape == (2000, 3, 3)
    assert (drawn.sum(axis=(1, 2)) == 400).all()
    (statistics,) = collect((outcomes,), resamples=2000, seed=1, parts={"confusion"})
    for name in ("accuracy", "f1_macro", "matthews"):
        cells = label_scores(drawn, name)
        rows = resampled_scores(statistics, name)
        assert cells.mean() == pytest.approx(rows.mean(), abs=0.003)
        assert cells.std() == pytest.approx(rows.std(), rel=0.08)


def rare_class(rows: int) -> Outcomes:
    generator = np.random.default_rng(0)
    true = (generator.random(rows) < 0.01).astype(np.int64)
    said = 1 / (1 + np.exp(5 - 2.2 * true - generator.normal(size=rows)))
    predicted = (said > 0.5).astype(np.int64)
    return Outcomes(true, predicted, np.column_stack([1 - said, said]), ("no", "yes"), 1)


@pytest.mark.parametrize(
    "outcomes", [made_up(12_000, 3).outcomes(), rare_class(20_000)], ids=["three", "rare"]
)
def test_close_ranks_of_many_rows_change_far_less_than_the_interval(outcomes: Outcomes) -> None:
    rows = len(outcomes)
    ordered = by_class(outcomes)
    size = len(outcomes.classes)
    exact = Rankings(ordered, micro=True, exact=rows)
    close = Rankings(ordered, micro=True)
    assert rows > EXACT_ROWS
    np.testing.assert_allclose(close.precisions(), exact.precisions(), rtol=0, atol=1e-12)
    found: dict[str, list[list[float]]] = {"exact": [], "close": []}
    for drawn in resampled_rows(rows, 20, 0):
        counts = np.bincount(drawn, minlength=rows).astype(np.float64)
        for name, rankings in (("exact", exact), ("close", close)):
            wins, precision = np.zeros((size, size)), np.full(size, np.nan)
            micro = rankings.count(counts, wins, precision)
            support = np.bincount(ordered.true, weights=counts)
            area = wins[-1, :-1].sum() / (support[-1] * support[:-1].sum())
            found[name].append([micro, *precision, area])
    one, other = np.array(found["exact"]), np.array(found["close"])
    width = 4 * one.std(axis=0)
    assert (np.abs(one - other).max(axis=0) < 0.1 * width).all()
    assert (np.abs(one - other).mean(axis=0) < 0.05 * width).all()
    assert (one != other).any()
