"""What is tried: defaults first, grids, draws, and the rungs of successive halving."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import loguniform, randint
from sklearn.dummy import DummyClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - unlocks the next
from sklearn.model_selection import HalvingRandomSearchCV

from deployer.training.selection.halving import FACTOR, MIN_ROWS, Rung, schedule
from deployer.training.selection.settings import grid_settings, random_settings

SPACE = {"classify__C": loguniform(1e-3, 1e3), "classify__tol": [1e-4, 1e-3]}
DEFAULTS = {"classify__C": 1.0, "classify__tol": 1e-4, "classify__max_iter": 100}


def test_a_grid_is_all_combinations_with_the_defaults_first_and_once() -> None:
    grid = {"classify__C": [0.1, 1.0], "classify__tol": [1e-4, 1e-2]}
    assert [tuple(each.values()) for each in grid_settings(grid, DEFAULTS)] == [
        (1.0, 1e-4),
        (0.1, 1e-4),
        (0.1, 1e-2),
        (1.0, 1e-2),
    ]
    assert grid_settings({}, DEFAULTS) == [{}]


def test_draws_repeat_and_do_not_depend_on_how_many_or_on_the_order_of_names() -> None:
    many = random_settings(SPACE, DEFAULTS, family="softmax", trials=12, seed=7)
    assert many[0] == {"classify__C": 1.0, "classify__tol": 1e-4}
    assert len(many) == 12
    few = random_settings(SPACE, DEFAULTS, family="softmax", trials=5, seed=7)
    assert few == many[:5]
    turned = dict(reversed(SPACE.items()))
    assert random_settings(turned, DEFAULTS, family="softmax", trials=12, seed=7) == many
    assert all(type(each["classify__C"]) is float for each in many)
    assert random_settings(SPACE, DEFAULTS, family="svm", trials=5, seed=7)[1:] != few[1:]
    assert random_settings(SPACE, DEFAULTS, family="softmax", trials=5, seed=8)[1:] != few[1:]


def test_a_small_space_is_not_drawn_from_twice() -> None:
    space = {"classify__tol": [1e-4, 1e-3, 1e-2]}
    drawn = random_settings(space, DEFAULTS, family="softmax", trials=50, seed=0)
    assert sorted(each["classify__tol"] for each in drawn) == [1e-4, 1e-3, 1e-2]
    assert random_settings({}, DEFAULTS, family="softmax", trials=50, seed=0) == [{}]
    assert len(random_settings(space, DEFAULTS, family="softmax", trials=1, seed=0)) == 1


@given(
    settings=st.integers(0, 500),
    rows=st.integers(2, 2_000_000),
    folds=st.integers(2, 10),
    classes=st.integers(2, 50),
)
def test_a_schedule_ends_on_all_rows(settings: int, rows: int, folds: int, classes: int) -> None:
    rungs = schedule(settings, rows=rows, folds=folds, classes=classes)
    if settings == 0:
        assert rungs == []
        return
    assert rungs[0].settings == settings
    assert rungs[-1].share == 1
    assert rungs[-1].settings >= 1
    for one, two in itertools.pairwise(rungs):
        assert two.settings == math.ceil(one.settings / FACTOR)
        assert two.share == pytest.approx(FACTOR * one.share)
    assert FACTOR ** (len(rungs) - 1) <= settings
    if len(rungs) > 1:
        smallest = rungs[0].share * rows
        assert smallest >= max(MIN_ROWS, 2 * folds * classes) * (1 - 1e-12)


def test_the_schedule_is_scikit_learn_s() -> None:
    rungs = schedule(19, rows=9000, folds=5, classes=2)
    assert rungs == [Rung(19, 3**-2), Rung(7, 3**-1), Rung(3, 1.0)]
    x = [[i % 7, i % 11] for i in range(9000)]
    search = HalvingRandomSearchCV(
        DummyClassifier(),
        {"random_state": randint(0, 10**6)},
        n_candidates=19,
        min_resources="exhaust",
        random_state=0,
        cv=2,
    ).fit(x, [i % 2 for i in range(9000)])
    assert [rung.settings for rung in rungs] == search.n_candidates_
    assert [round(rung.share * 9000) for rung in rungs] == search.n_resources_


def test_small_tables_have_one_rung() -> None:
    assert schedule(19, rows=3 * MIN_ROWS - 1, folds=5, classes=2) == [Rung(19, 1.0)]
    assert len(schedule(19, rows=3 * MIN_ROWS, folds=5, classes=2)) == 2
