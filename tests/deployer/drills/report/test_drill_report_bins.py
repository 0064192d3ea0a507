"""Slices of time: no request is lost or counted twice, and the numbers are those of a naive count."""

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.drills.evidence.records import Passed, Request
from deployer.drills.report.bins import MOST, bins, closeup, edges_for, percentile, width_for

REQUESTS = st.lists(
    st.builds(
        Request,
        due=st.floats(900, 1400, allow_nan=False).map(lambda value: round(value, 6)),
        seconds=st.floats(0.0001, 12).map(lambda value: round(value, 6)),
        status=st.sampled_from([200, 200, 503, 0]),
        digest=st.sampled_from(["aa", "bb"]),
    ),
    min_size=1,
    max_size=60,
)


def kind(request: Request) -> str:
    return "" if request.status == 200 else f"HTTP {request.status}"


@settings(deadline=None)
@given(REQUESTS)
def test_every_request_is_in_one_slice(requests: list[Request]) -> None:
    found = bins(requests, [], span=(0, 1), zero=1000.0, kind=kind, names={"aa": "m:1"})
    assert found is not None
    for i, (low, high) in enumerate(pairwise(found.edges)):
        last = i == len(found.edges) - 2
        # Edges are rounded to microseconds, as the requests are.
        inside = [
            each
            for each in requests
            if low - 1e-9 <= round(each.due - 1000, 6) < high - 1e-9
            or (last and round(each.due - 1000, 6) >= high - 1e-9)
        ]
        right = sum(not kind(each) for each in inside)
        assert found.right[i] == right
        assert sum(counts[i] for counts in found.failed.values()) == len(inside) - right
        assert sum(counts[i] for counts in found.answered.values()) == right
        if inside:
            slowest = max(each.seconds for each in inside) * 1000
            assert math.isclose(found.slowest[i] or 0.0, slowest, abs_tol=1e-3)
        else:
            assert found.p50[i] is found.p99[i] is found.slowest[i] is None
    total = sum(found.right) + sum(map(sum, found.failed.values()))
    assert total == len(requests)
    assert len(found.right) <= MOST
    assert set(found.answered) <= {"m:1", "bb"}


@settings(deadline=None)
@given(st.floats(-500, 500), st.floats(0, 1000), st.sampled_from([0.25, 1.0, 60.0]))
def test_edges_ascend_and_end_with_the_load(low: float, length: float, width: float) -> None:
    edges = edges_for(low, low + length, width)
    assert all(a < b for a, b in pairwise(edges))
    assert edges[0] == round(low, 6) + 0.0
    if length > 1e-5:
        assert math.isclose(edges[-1], low + length, abs_tol=1e-6)
    if low < -width and low + length > width:
        assert 0.0 in edges  # the fault begins a slice: what was before it is not in it
    for a, b in pairwise(edges[1:-1]):
        assert math.isclose(b - a, width, rel_tol=1e-6)


def test_slices_are_not_too_many() -> None:
    assert width_for(20) == 0.25
    assert width_for(3600) == 10.0
    assert 30 * 86_400 / width_for(30 * 86_400) <= MOST


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 100))
def test_percentiles_are_by_nearest_rank(values: list[int], per_cent: int) -> None:
    found = percentile(sorted(values), per_cent)
    enough = [
        value
        for value in values
        if sum(other <= value for other in values) * 100 >= per_cent * len(values)
    ]
    assert found == min(enough)


def test_who_answered_is_told_by_endpoint_where_enough_was_seen() -> None:
    requests = [Request(1000 + i / 10, 0.01, 200, "aa") for i in range(40)]
    passed = [
        Passed(each.due, "endpoint:primary", "POST", "/v2/models/m/infer", status=200)
        for each in requests
    ]
    health = [Passed(1000 + i, "endpoint:standby", "GET", "/v2/health/ready", status=200)
              for i in range(4)]  # fmt: skip
    refused = [Passed(1001, "endpoint:standby", "POST", "/v2/models/m/infer", status=503)]
    store = [Passed(1001, "store:aws", "GET", "/key", status=503, rules=(1,))]

    seen = bins(
        requests, [*passed, *health, *refused, *store], span=(0, 1), zero=1001, kind=kind, names={}
    )
    assert seen is not None
    assert seen.by == "endpoint"
    assert {name: sum(counts) for name, counts in seen.answered.items()} == {"primary": 40}
    assert {name: sum(counts) for name, counts in seen.stores.items()} == {"aws": 1}
    assert sum(seen.changed) == 1

    half = bins(requests, passed[:20], span=(0, 1), zero=1001, kind=kind, names={"aa": "m:1"})
    assert half is not None
    assert half.by == "version"
    assert {name: sum(counts) for name, counts in half.answered.items()} == {"m:1": 40}


def test_without_anything_there_are_no_slices() -> None:
    assert bins([], [], span=(0, 1), zero=0, kind=kind, names={}) is None
    assert closeup([], zero=0, until=1, kind=kind) is None


def test_a_closeup_shows_every_request_or_none() -> None:
    requests = [Request(i / 100, 0.01, 503 if 500 <= i < 520 else 200) for i in range(2000)]
    near = closeup(requests[::-1], zero=5.0, until=0.5, kind=kind)
    assert near is not None
    assert (near.start, near.end) == (-1.0, 2.0)
    assert near.due[0] == -1.0
    assert near.due[-1] == 2.0
    assert len(near.due) == len(near.ms) == len(near.kind) == 301
    assert near.kinds == ("", "HTTP 503")
    assert sum(near.kind) == 20
    assert closeup(requests * 6, zero=5.0, until=0.5, kind=kind) is None
