"""Shuffling a column that a model relies on costs it; shuffling another does not."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from deployer.evaluation.importances import importances


class Said(NamedTuple):
    labels: NDArray[Any]
    probabilities: NDArray[np.float64]


CALLS: list[int] = []


def predict(arrays: Mapping[str, NDArray[Any]]) -> Said:
    """Answer by `strong` for the most part, by `weak` a little, by `idle` not at all."""
    CALLS.append(len(arrays["strong"]))
    score = 3 * arrays["strong"][:, 0] + 0.7 * arrays["weak"][:, 0]
    chance = 1 / (1 + np.exp(-score))
    labels = np.where(chance >= 0.5, "yes", "no").astype(object)
    return Said(labels, np.column_stack([1 - chance, chance]))


def rows(count: int) -> tuple[dict[str, NDArray[Any]], NDArray[Any]]:
    generator = np.random.default_rng(1)
    arrays = {name: generator.normal(size=(count, 1)) for name in ("idle", "weak", "strong")}
    return arrays, predict(arrays).labels


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "roc_auc"])
def test_columns_in_the_order_of_what_they_do(metric: str) -> None:
    arrays, labels = rows(500)
    found = importances(predict, arrays, labels, ["no", "yes"], metric=metric, positive="yes")
    assert [each.column for each in found] == ["strong", "weak", "idle"]
    assert found[0].mean > 3 * found[1].mean > 0
    assert (found[2].mean, found[2].std) == (0, 0)
    assert found[0].std > 0


def test_the_same_seed_repeats_and_a_column_has_shuffles_of_its_own() -> None:
    arrays, labels = rows(300)
    first = importances(predict, arrays, labels, ["no", "yes"], seed=3)
    assert importances(predict, arrays, labels, ["no", "yes"], seed=3) == first
    assert importances(predict, arrays, labels, ["no", "yes"], seed=4) != first


def test_the_mean_is_over_repeats_of_what_shuffling_does() -> None:
    arrays, labels = rows(200)
    found = importances(predict, arrays, labels, ["no", "yes"], seed=0, repeats=3)
    falls = []
    generator = np.random.Generator(np.random.PCG64([0, 2]))
    for _ in range(3):
        shuffled = {**arrays, "strong": generator.permutation(arrays["strong"])}
        falls.append(1 - np.mean(predict(shuffled).labels == labels))
    assert found[0].mean == pytest.approx(np.mean(falls))
    assert found[0].std == pytest.approx(np.std(falls))


def test_rows_and_columns_are_bounded() -> None:
    arrays, labels = rows(5000)
    CALLS.clear()
    importances(predict, arrays, labels, ["no", "yes"], max_rows=400, repeats=2)
    assert CALLS == [400] * 7
    wide = {**arrays, **{f"more {index}": arrays["idle"] for index in range(147)}}
    CALLS.clear()
    done: list[int] = []
    importances(predict, wide, labels, ["no", "yes"], progress=done.append)
    assert sum(CALLS) * len(wide) <= 110_000_000
    assert min(CALLS) >= 100
    assert sum(done) == 150


def test_nothing_is_said_where_the_metric_is_not_defined() -> None:
    arrays, _ = rows(50)
    labels = np.array(["yes"] * 50, dtype=object)
    assert (
        importances(predict, arrays, labels, ["no", "yes"], metric="roc_auc", positive="yes") == ()
    )
