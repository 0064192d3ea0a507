"""The threshold table against scikit-learn at each threshold."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from deployer.evaluation.thresholds import cheapest_threshold, threshold_table
from deployer.packaging.documents import Costs
from tests.deployer.evaluation.evaluation_kit import Predicted, made_up


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_row_is_scikit_learns_own(cancer: Predicted, dtype: type) -> None:
    known = cancer.cast(dtype)
    true = known.labels == known.classes[1]
    table = threshold_table(known.outcomes(), own=0.37)
    for each in table:
        said = known.probabilities[:, 1] >= dtype(each.threshold)
        (negative, alarm), (missed, hit) = confusion_matrix(true, said, labels=[False, True])
        found = each.true_negative, each.false_positive, each.false_negative, each.true_positive
        assert found == (negative, alarm, missed, hit)
        precision, recall, f1, _ = precision_recall_fscore_support(
            true, said, average="binary", zero_division=0
        )
        assert (each.precision, each.recall, each.f1) == (precision, recall, f1)
        assert each.cost is None
    thresholds = [each.threshold for each in table]
    assert thresholds == sorted(set(thresholds))
    assert {0.37, 0.5, 0.01, 0.99} <= set(thresholds)
    assert 20 <= len(table) <= 100


def test_a_row_at_the_threshold_counts_as_positive() -> None:
    outcomes = Predicted(
        np.array(["a", "b"], dtype=object),
        np.array(["b", "b"], dtype=object),
        np.array([[0.7, 0.3], [0.3, 0.7]], dtype=np.float32),
        ["a", "b"],
    ).outcomes()
    # 0.7 is a little more than the float32 that the model gives.
    (found,) = (each for each in threshold_table(outcomes, own=0.7) if each.threshold == 0.7)
    assert (found.true_positive, found.false_positive) == (1, 0)


@pytest.mark.parametrize(("alarm", "miss"), [(1, 20), (20, 1), (1, 1)])
def test_no_threshold_is_cheaper_than_the_cheapest(alarm: float, miss: float) -> None:
    known = made_up(300, 2, skill=1)
    costs = Costs(false_positive=alarm, false_negative=miss)
    best = cheapest_threshold(known.outcomes(), costs)
    true = known.labels == "c1"

    def cost(threshold: float) -> float:
        said = known.probabilities[:, 1] >= threshold
        return float(alarm * (said & ~true).sum() + miss * (~said & true).sum())

    everywhere = [cost(each) for each in np.append(known.probabilities[:, 1], [0, 1])]
    assert cost(best) == min(everywhere)
    table = {each.threshold: each.cost for each in threshold_table(known.outcomes(), costs=costs)}
    assert table[best] == pytest.approx(cost(best) / 300)
    assert min(each for each in table.values() if each is not None) == table[best]
