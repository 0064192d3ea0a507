"""The threshold: the cheapest of all, compared with trying every one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.packaging.documents import Costs
from deployer.training.selection.threshold import choose_threshold, cost_of

# Few different values, so that ties and the ends 0 and 1 come often, and neighbouring floats.
PROBABILITIES = st.one_of(
    st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0, math.nextafter(0.5, 1), math.nextafter(1, 0)]),
    st.floats(0, 1),
)
COST = st.one_of(st.sampled_from([0.1, 1.0, 20.0]), st.floats(0.01, 100))


def costing(false_positive: float, false_negative: float) -> Costs:
    return Costs(false_positive=false_positive, false_negative=false_negative)


def brute_force(is_positive: list[bool], probabilities: list[float], costs: Costs) -> float:
    """Return the least cost over every threshold that answers differently."""
    rows = list(zip(is_positive, probabilities, strict=True))
    cuts = {0.0, 1.0, *probabilities}
    return min(
        sum(
            costs.false_positive if answered else costs.false_negative
            for positive, probability in rows
            if (answered := probability >= cut) != positive
        )
        / len(rows)
        for cut in cuts
    )


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(st.booleans(), PROBABILITIES), min_size=1, max_size=25),
    false_positive=COST,
    false_negative=COST,
)
def test_no_threshold_is_cheaper(
    rows: list[tuple[bool, float]], false_positive: float, false_negative: float
) -> None:
    costs = costing(false_positive, false_negative)
    is_positive = [positive for positive, _ in rows]
    probabilities = np.array([probability for _, probability in rows])
    labels = np.array(["yes" if each else "no" for each in is_positive], dtype=object)
    threshold = choose_threshold(labels, probabilities, "yes", costs)
    assert 0 <= threshold <= 1
    cost = cost_of(labels == "yes", probabilities, costs, threshold)
    assert cost == pytest.approx(
        brute_force(is_positive, probabilities.tolist(), costs), rel=1e-9, abs=0
    )


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(st.booleans(), PROBABILITIES), min_size=1, max_size=25),
    ratio=st.floats(0.01, 100),
)
def test_the_order_of_rows_and_the_unit_of_cost_do_not_matter(
    rows: list[tuple[bool, float]], ratio: float
) -> None:
    labels = np.array([str(positive) for positive, _ in rows], dtype=object)
    probabilities = np.array([probability for _, probability in rows])
    threshold = choose_threshold(labels, probabilities, "True", costing(1, ratio))
    assert threshold == choose_threshold(
        labels[::-1], probabilities[::-1], "True", costing(1, ratio)
    )
    assert threshold == choose_threshold(labels, probabilities, "True", costing(4, 4 * ratio))


def test_of_equals_the_nearest_to_theory() -> None:
    labels = np.array(["no", "no", "yes", "yes"], dtype=object)
    probabilities = np.array([0.1, 0.2, 0.6, 0.7])
    assert choose_threshold(labels, probabilities, "yes", costing(1, 1)) == 0.5
    assert choose_threshold(labels, probabilities, "yes", costing(1, 3)) == 0.25
    # 1 / 21 would answer all with yes; everything in (0.2, 0.6] costs nothing.
    assert choose_threshold(labels, probabilities, "yes", costing(1, 20)) == pytest.approx(0.4)


def test_theory_may_be_a_probability_and_several_ranges_may_be_cheapest() -> None:
    labels = np.array(["no", "yes"], dtype=object)
    assert choose_threshold(labels, np.array([0.2, 0.5]), "yes", costing(1, 1)) == 0.5
    # (0.3, 0.45] and (0.6, 0.7] cost one error each; the middle of the first is nearer to 0.5.
    labels = np.array(["no", "yes", "no", "yes"], dtype=object)
    probabilities = np.array([0.3, 0.45, 0.6, 0.7])
    assert choose_threshold(labels, probabilities, "yes", costing(1, 1)) == pytest.approx(0.375)
    # Mirrored, the second is nearer.
    probabilities = np.array([0.3, 0.4, 0.55, 0.7])
    assert choose_threshold(labels, probabilities, "yes", costing(1, 1)) == pytest.approx(0.625)


def test_always_and_never() -> None:
    probabilities = np.array([0.2, 0.4, 0.6])
    everything = np.array(["yes"] * 3, dtype=object)
    assert choose_threshold(everything, probabilities, "yes", costing(9, 1)) == 0
    assert choose_threshold(everything, probabilities, "no", costing(1, 9)) == 1
    # Theory is taken where it says the same.
    assert choose_threshold(everything, probabilities, "yes", costing(1, 9)) == 0.1
    assert choose_threshold(everything, probabilities, "no", costing(9, 1)) == 0.9


def test_calibrated_probabilities_lead_to_theory() -> None:
    random = np.random.default_rng(0)
    probabilities = random.uniform(size=200_000)
    labels = np.where(random.uniform(size=200_000) < probabilities, "yes", "no").astype(object)
    for false_positive, false_negative in [(1, 1), (1, 4), (3, 1)]:
        costs = costing(false_positive, false_negative)
        theory = false_positive / (false_positive + false_negative)
        assert choose_threshold(labels, probabilities, "yes", costs) == pytest.approx(
            theory, abs=0.03
        )


def test_no_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="needs rows"):
        choose_threshold(np.array([], dtype=object), np.array([]), "yes", costing(1, 1))
