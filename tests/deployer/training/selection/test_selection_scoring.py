"""Scores of folds, recomputed the plain way."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from deployer.packaging.documents import Costs
from deployer.training.selection.scoring import Question, score_folds
from deployer.training.selection.threshold import choose_threshold, cost_of

RANDOM = np.random.default_rng(0)
CODES = RANDOM.integers(0, 2, 60)
POSITIVE = np.clip(0.3 * CODES + RANDOM.uniform(size=60), 0, 1)
PROBABILITIES = np.column_stack([1 - POSITIVE, POSITIVE])
OF_ROW = np.arange(60) % 4


def test_a_loss_is_told_below_zero_with_the_spread_of_a_sample() -> None:
    question = Question("log_loss", ("no", "yes"))
    found = score_folds(question, codes=CODES, probabilities=PROBABILITIES, of_row=OF_ROW, folds=4)
    losses = [
        -log_loss(CODES[np.equal(OF_ROW, i)], PROBABILITIES[np.equal(OF_ROW, i)]) for i in range(4)
    ]
    assert found is not None
    assert found.folds == pytest.approx(losses)
    assert found.mean == pytest.approx(np.mean(losses))
    assert found.std == pytest.approx(np.std(losses, ddof=1))
    assert found.note == ""


def test_a_fold_s_cost_is_that_of_the_threshold_of_the_other_folds() -> None:
    costs = Costs(false_positive=1, false_negative=2)
    question = Question("expected_cost", ("no", "yes"), "yes", costs)
    found = score_folds(question, codes=CODES, probabilities=PROBABILITIES, of_row=OF_ROW, folds=4)
    labels = np.array(["no", "yes"], dtype=object)[CODES]
    expected: list[float] = []
    flattering: list[float] = []
    for i in range(4):
        own = np.equal(OF_ROW, i)
        for chosen_on, into in ((~own, expected), (own, flattering)):
            threshold = choose_threshold(labels[chosen_on], POSITIVE[chosen_on], "yes", costs)
            into.append(-cost_of(CODES[own] == 1, POSITIVE[own], costs, threshold))
    assert found is not None
    assert found.folds == pytest.approx(expected)
    assert np.mean(flattering) > np.mean(expected)


def test_one_defined_fold_is_no_comparison() -> None:
    codes = np.zeros(60, dtype=np.int64)
    codes[:4:4] = 1
    question = Question("roc_auc", ("no", "yes"), "yes")
    found = score_folds(question, codes=codes, probabilities=PROBABILITIES, of_row=OF_ROW, folds=4)
    assert found is not None
    assert (found.folds, found.std) == ((), None)
    assert "3 of 4 folds" in found.note
