import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.routing.canary.bounds import quantile, quantile_bounds, wilson
from deployer.routing.canary.judging import Evidence, Limits, judge
from deployer.routing.statistics import Counts

LIMITS = Limits()
FAST = [0.010 + 0.0001 * (i % 10) for i in range(100)]
GOOD = Evidence(
    canary=Counts(1000, 2),
    stable=Counts(1000, 2),
    canary_seconds=FAST,
    stable_seconds=FAST,
    rows=200,
    different=1,
    available=200,
)


def test_a_good_version_passes() -> None:
    assert judge(GOOD, LIMITS).passed


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (replace(GOOD, canary=Counts(1000, 40)), "40 of 1000 requests failed"),
        (replace(GOOD, canary_seconds=[2 * each for each in FAST]), "p50 is"),
        (replace(GOOD, different=20), "20 of 200 rows"),
    ],
)
def test_a_bound_that_is_clearly_crossed_is_told(bad: Evidence, said: str) -> None:
    assert said in judge(bad, LIMITS).crossed


def test_a_slow_tail_alone_is_crossed_too() -> None:
    tail = [each if i % 8 else 10 * each for i, each in enumerate(FAST * 10)]
    seen = replace(GOOD, canary_seconds=tail, stable_seconds=FAST * 10)
    assert "p95 is" in judge(seen, LIMITS).crossed


def test_an_absolute_bound_of_the_latency() -> None:
    limits = replace(LIMITS, latency_ratio=None, p99=0.005)
    assert "p99 is 10.9 ms, allowed are 5.0 ms" in judge(GOOD, limits).crossed
    assert judge(GOOD, replace(limits, p99=0.050)).passed


@pytest.mark.parametrize(
    ("unclear", "said"),
    [
        (replace(GOOD, canary=Counts(20, 0)), "only 20 of 30 requests"),
        (replace(GOOD, canary=Counts(40, 1)), "1 of 40 requests failed"),
        (replace(GOOD, canary_seconds=FAST[:5]), "only 5 of 30 latencies"),
        (replace(GOOD, rows=150), "only 150 of 200 rows"),
        (replace(GOOD, rows=10, different=1, available=10), "1 of 10 rows"),
        (replace(GOOD, rows=0, different=0), "only 0 of 200 rows"),
    ],
)
def test_what_is_not_shown_is_neither_passed_nor_crossed(unclear: Evidence, said: str) -> None:
    verdict = judge(unclear, LIMITS)
    assert not verdict.crossed
    assert said in verdict.open


def test_chance_alone_hardly_ever_ends_a_rollout() -> None:
    """A version at half of its bound, judged after every request of 2,000, in 200 rollouts."""
    chance = random.Random(7)
    ended = 0
    for _ in range(200):
        failed = 0
        for count in range(1, 2001):
            failed += chance.random() < LIMITS.error_rate / 2
            if failed and judge(Evidence(canary=Counts(count, failed)), LIMITS).crossed:
                ended += 1
                break
    assert ended <= 2


def test_a_version_that_fails_every_request_is_told_after_three() -> None:
    assert judge(Evidence(canary=Counts(3, 3)), LIMITS).crossed


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_of_a_share_holds_it(hits: int, more: int) -> None:
    count = hits + more
    low, high = wilson(hits, count)
    assert 0 <= low <= hits / count <= high <= 1


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = wilson(10, 100, z=1.96)
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says() -> None:
    chance = random.Random(3)
    inside = 0
    for _ in range(300):
        values = [chance.random() for _ in range(200)]
        low, high = quantile_bounds(values, 0.5)
        assert low is not None
        assert high is not None
        inside += low <= 0.5 <= high
    assert inside >= 297


def test_few_values_do_not_bound_a_tail() -> None:
    assert quantile_bounds([1.0] * 20, 0.95)[1] is None
    assert quantile_bounds([1.0] * 3, 0.5)[0] is None
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
