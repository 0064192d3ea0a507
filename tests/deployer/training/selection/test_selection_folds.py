"""Folds: every row once, as scikit-learn deals them, rare classes included."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from deployer.errors import UsageError
from deployer.training.selection.folds import make_folds

LABELS = st.lists(st.sampled_from("abcde"), min_size=2, max_size=60)
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=100, deadline=None)
@given(labels=LABELS, folds=st.integers(2, 8), seed=SEEDS)
def test_every_row_is_held_out_once_and_classes_are_spread(
    labels: list[str], folds: int, seed: int
) -> None:
    array = np.array(labels, dtype=object)
    classes = sorted(set(labels))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = make_folds(array, classes, folds=folds, seed=seed)
    assert found.count == min(folds, len(labels))
    assert found.of_row.shape == (len(labels),)
    assert set(found.of_row) == set(range(found.count))
    for label in classes:
        held_out = np.bincount(found.of_row[array == label], minlength=found.count)
        assert held_out.max() - held_out.min() <= 1
        rare = 0 < held_out.sum() < found.count
        assert any(f"'{label}'" in each for each in found.warnings) == rare
    sizes = np.bincount(found.of_row)
    assert sizes.max() - sizes.min() <= 1
    assert len(found.warnings) <= 2


@settings(max_examples=60, deadline=None)
@given(labels=LABELS, folds=st.integers(2, 6), seed=SEEDS)
def test_folds_are_those_of_scikit_learn_wherever_it_takes_the_table(
    labels: list[str], folds: int, seed: int
) -> None:
    counts = [labels.count(each) for each in set(labels)]
    if max(counts) < folds:
        return
    array = np.array(labels, dtype=object)
    found = make_folds(array, sorted(set(labels)), folds=folds, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = StratifiedKFold(folds, shuffle=True, random_state=seed).split(array, array)
        for fold, (_, test) in enumerate(theirs):
            assert np.flatnonzero(found.of_row == fold).tolist() == test.tolist()


@settings(max_examples=60, deadline=None)
@given(labels=LABELS, shares=st.lists(st.floats(0.01, 1), min_size=2, max_size=2), seed=SEEDS)
def test_samples_are_stratified_and_nested(
    labels: list[str], shares: list[float], seed: int
) -> None:
    array = np.array(labels, dtype=object)
    found = make_folds(array, sorted(set(labels)), folds=3, seed=seed)
    small, large = (found.rank < share for share in sorted(shares))
    assert not (small & ~large).any()
    assert (found.rank < 1).all()
    for label in set(labels):
        for fold in range(found.count):
            cell = (array == label) & (found.of_row == fold)
            if cell.any():
                taken = (cell & small).sum()
                assert taken == np.ceil(min(shares) * cell.sum())


def test_the_seed_matters_and_repeats() -> None:
    labels = np.array(list("aabb") * 20, dtype=object)
    one, two = (make_folds(labels, ["a", "b"], folds=5, seed=0) for _ in range(2))
    assert (one.of_row == two.of_row).all()
    assert (one.rank == two.rank).all()
    other = make_folds(labels, ["a", "b"], folds=5, seed=1)
    assert (one.of_row != other.of_row).any()


def test_rare_classes_are_named_in_one_warning() -> None:
    labels = np.array(["a"] * 20 + ["b"] * 3 + ["c"], dtype=object)
    found = make_folds(labels, ["a", "b", "c"], folds=5, seed=0)
    (warning,) = found.warnings
    assert warning == (
        "classes 'b' (3 rows), 'c' (1 row) have fewer training rows than the 5 folds: some folds "
        "are scored without them; the only row of a class is answered by a model that never saw it"
    )
    many = np.array([f"c{i}" for i in range(9)] + ["z"] * 9, dtype=object)
    found = make_folds(many, sorted(set(many)), folds=3, seed=0)
    assert "'c4' (1 row) and 4 more have fewer" in found.warnings[0]


def test_fewer_rows_than_folds_use_fewer_folds_and_say_so() -> None:
    labels = np.array(["a", "a", "b", "b"], dtype=object)
    found = make_folds(labels, ["a", "b"], folds=10, seed=0)
    assert found.count == 4
    assert found.warnings[0] == "4 training rows are fewer than 10 folds: 4 folds are used"


@pytest.mark.parametrize(("rows", "folds", "said"), [(1, 5, "1 training row"), (9, 1, "--folds 1")])
def test_what_cannot_be_divided_is_refused(rows: int, folds: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_folds(np.array(["a"] * rows, dtype=object), ["a"], folds=folds, seed=0)
