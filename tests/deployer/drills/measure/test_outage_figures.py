"""RTO, time to first success and to the last failure are what their definitions say."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.drills.evidence.records import Event, Request
from deployer.drills.measure.compute import figures
from deployer.drills.measure.figures import Figures
from deployer.drills.measure.service import RUN
from tests.deployer.drills.measure.evidence_kit import (
    OTHER,
    TICK,
    event,
    evidence,
    loads,
    phases,
    request,
    scenario,
)


def measured(requests: Sequence[Request], fault: float, *more: Event) -> Figures:
    return figures(scenario(), evidence([*phases(fault), *more], requests))


def is_good(each: Request) -> bool:
    return each.status == 200 and each.digest != OTHER and not each.error


def naive(requests: Sequence[Request], fault: float) -> float | None:
    """The definition, word by word: try each request as the first of 50 consecutive successes."""
    ordered = sorted(requests, key=lambda each: each.due)
    for first in range(len(ordered)):
        run = ordered[first : first + RUN]
        if len(run) < RUN or not all(is_good(each) for each in run) or run[0].due < fault:
            continue
        later = ordered[first:]
        if any(not is_good(each) for each in later):
            continue  # a failure after it: the outage was not over
        return run[0].due + run[0].seconds - fault
    return None


@settings(deadline=None, max_examples=60)
@given(loads(), st.randoms(use_true_random=False))
def test_rto_is_what_trying_every_request_finds(
    made: tuple[list[Request], int], random: Random
) -> None:
    requests, tick = made
    fault = tick * TICK
    expected = naive(requests, fault)
    random.shuffle(requests)
    found = measured(requests, fault)
    assert found.recovered_by == "requests"
    assert found.rto == (None if expected is None else pytest.approx(expected, abs=1e-6))


@settings(deadline=None, max_examples=60)
@given(loads())
def test_the_times_of_an_outage_are_in_order(made: tuple[list[Request], int]) -> None:
    requests, tick = made
    fault = tick * TICK
    found = measured(requests, fault)
    under_way = [each for each in requests if each.due + each.seconds >= fault]
    failed = [each for each in under_way if not is_good(each)]
    assert (found.last_failure is None) == (not failed)
    if found.last_failure is not None:
        end = max(each.due + each.seconds for each in failed)
        assert found.last_failure == pytest.approx(end - fault, abs=1e-6)
    if found.rto is not None:
        assert found.rto >= 0
        assert found.first_success is not None
        assert found.first_success <= found.rto


@settings(deadline=None, max_examples=60)
@given(loads(in_order=True), st.data())
def test_a_further_failure_never_makes_the_rto_shorter(
    made: tuple[list[Request], int], data: st.DataObject
) -> None:
    """True where answers come in order; else a slow success that fails could hide its slowness."""
    requests, tick = made
    if not requests:
        return
    before = measured(requests, tick * TICK)
    which = data.draw(st.integers(0, len(requests) - 1))
    worse = list(requests)
    worse[which] = request(requests[which].due, requests[which].seconds, 503)
    after = measured(worse, tick * TICK)
    assert after.failed == before.failed + is_good(requests[which])
    assert after.failing >= before.failing
    if before.rto is None:
        assert after.rto is None
    else:
        assert after.rto is None or after.rto >= before.rto


@settings(deadline=None, max_examples=60)
@given(loads(), st.integers(0, 40))
def test_what_failed_and_was_over_before_the_fault_does_not_count(
    made: tuple[list[Request], int], early: int
) -> None:
    requests, tick = made
    fault = tick * TICK
    old = [Request(-1 - n * TICK, TICK / 2, 0, "", "reset") for n in range(early)]
    assert measured([*old, *requests], fault).rto == measured(requests, fault).rto
    assert measured([*old, *requests], fault).failed == measured(requests, fault).failed + early


@settings(deadline=None, max_examples=60)
@given(loads())
@example(made=([], 3))
def test_failing_is_the_union_of_what_failed_requests_stand_for(
    made: tuple[list[Request], int],
) -> None:
    requests, tick = made
    ticks = set()
    for each in requests:
        if not is_good(each):
            begin = round(each.due / TICK)
            ticks |= set(range(begin, begin + max(1, round(each.seconds / TICK))))
    assert measured(requests, tick * TICK).failing == pytest.approx(len(ticks) * TICK, abs=1e-6)


def test_a_loss_by_hand() -> None:
    # Due at 0.1, 0.2, …; the fault at 1.05; those due from 1.1 to 1.5 fail; answers take 0.02 s.
    requests = [request(n / 10, 0.02, 503 if 11 <= n <= 15 else 200) for n in range(1, 16 + RUN)]
    found = measured(requests, 1.05)
    assert found.rto == pytest.approx(1.6 + 0.02 - 1.05)
    assert found.first_success == found.rto
    assert found.last_failure == pytest.approx(1.5 + 0.02 - 1.05)
    assert (found.requests, found.failed, found.kinds) == (65, 5, {"HTTP 503": 5})
    assert measured(requests[:-1], 1.05).rto is None


def test_a_request_under_way_at_the_fault_counts_with_its_failure() -> None:
    before = Request(0.9, 0.3, 0, "", "reset")
    rest = [request(1 + n / 10, 0.02) for n in range(RUN)]
    found = measured([before, *rest], 1.0)
    assert found.last_failure == pytest.approx(0.2)
    assert found.rto == pytest.approx(0.02)


def test_a_quick_refusal_stands_for_the_time_until_the_next_request() -> None:
    refused = [request(1 + n * TICK, 0.001, 503) for n in range(32)]
    assert measured(refused, 1.0).failing == pytest.approx(0.5)
    apart = [request(1 + n, 0.001, 503) for n in range(4)]
    assert measured(apart, 1.0).failing == pytest.approx(4 * TICK)


def test_no_failure_at_all_is_the_answer_of_the_first_request_after_the_fault() -> None:
    requests = [
        request(0.99, 0.5),
        request(1.0, 0.4),
        *(request(1 + n, 0.1) for n in range(1, RUN)),
    ]
    found = measured(requests, 1.0)
    assert found.rto == pytest.approx(0.4)
    assert found.first_success == pytest.approx(0.4)
    assert found.last_failure is None
    assert found.failing == 0


def test_time_to_first_success_is_from_the_first_failure_on() -> None:
    requests = [
        request(1.0, 0.01), request(1.1, 0.01, 503), request(1.2, 0.5), request(1.3, 0.01),
        request(1.4, 0.01, 503), *(request(1.5 + n / 10, 0.01) for n in range(RUN)),
    ]  # fmt: skip
    found = measured(requests, 1.0)
    assert found.first_success == pytest.approx(0.31)
    assert found.rto == pytest.approx(0.51)


def test_detection_is_the_first_notice_after_the_fault() -> None:
    early, late, later = (event(at, "detected", who) for at, who in ((4, "a"), (6, "b"), (7, "c")))
    found = measured([], 5.0, early, late, later)
    assert (found.detection, found.detected_by) == (1.0, "b")
    assert measured([], 5.0, early).detection is None
    assert measured([], 5.0, early).detected_by == ""


def test_the_first_of_several_faults_counts() -> None:
    requests = [request(1 + n / 10, 0.02) for n in range(RUN)]
    found = measured(requests, 1.0, event(2.0, "fault", "another"))
    assert found.rto == pytest.approx(0.02)


def by_checks(*more: Event) -> Figures:
    return figures(scenario(endpoints=False), evidence([*phases(10.0), *more]))


def test_without_endpoints_checks_tell_the_rto() -> None:
    # Recovery from 110, after from 210: see phases().
    steps = [
        event(12, "command", "push"), event(120, "command", "repair"), event(215, "check", "a", True),
        event(213, "check", "b", True), event(311, "check", "rollback's", False),
    ]  # fmt: skip
    found = by_checks(*steps)
    assert found.recovered_by == "checks"
    assert found.rto == 205.0
    assert by_checks(*steps[:2]).rto == 110.0
    assert by_checks(event(12, "command"), event(12, "check", "early", True)).rto is None
    assert by_checks(*steps, event(214, "check", "c", False)).rto is None


def test_without_a_fault_there_is_no_rto() -> None:
    whole = [each for each in phases(10.0) if each.kind != "fault"]
    requests = [request(10 + n / 10) for n in range(RUN)]
    found = figures(scenario(), evidence(whole, requests))
    assert found.rto is found.detection is found.first_success is None
    assert not found.passed
    assert found.gaps == ("nothing was broken",)
