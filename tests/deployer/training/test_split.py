"""The split: every row once, every class on the fitted side, and the same for the same seed."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.training.split import Split, stratified_split


def split_of(labels: Sequence[str], *, test_size: float, seed: int) -> Split:
    return stratified_split(np.array(labels, dtype=object), test_size=test_size, seed=seed)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(2, 30), min_size=2, max_size=6),
    test_size=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_row_is_on_one_side(counts: list[int], test_size: float, seed: int) -> None:
    labels = [f"c{i}" for i, count in enumerate(counts) for _ in range(count)]
    try:
        split = split_of(labels, test_size=test_size, seed=seed)
    except UsageError:
        return
    assert sorted([*split.train, *split.test]) == list(range(len(labels)))
    assert split.train.tolist() == sorted(split.train)
    assert {labels[i] for i in split.train} == set(labels)
    again = split_of(labels, test_size=test_size, seed=seed)
    assert np.array_equal(split.test, again.test)


def test_shares_are_kept_and_the_seed_matters() -> None:
    labels = ["a"] * 80 + ["b"] * 20
    split = split_of(labels, test_size=0.25, seed=0)
    assert Counter(labels[i] for i in split.test) == {"a": 20, "b": 5}
    assert not np.array_equal(split.test, split_of(labels, test_size=0.25, seed=1).test)


@pytest.mark.parametrize(
    ("labels", "test_size", "message", "hint"),
    [
        ("aaaabbbbcccc", 0.1, "holds out 2, fewer than the 3 classes", "--test-size 0.25 or more"),
        ("aaaabbbb", 0.9, "0 of 8 rows to fit for 2 classes", "smaller --test-size"),
        ("a" * 40 + "bb", 0.9, "rows to fit, none of class 'b'", "smaller --test-size"),
    ],
)
def test_refusals(labels: str, test_size: float, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        split_of(list(labels), test_size=test_size, seed=0)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_the_advised_test_size_is_enough() -> None:
    labels = [str(i % 7) for i in range(95)]
    with pytest.raises(UsageError) as caught:
        split_of(labels, test_size=0.01, seed=0)
    advised = float(caught.value.hint.split()[2])
    assert split_of(labels, test_size=advised, seed=0).test.size
