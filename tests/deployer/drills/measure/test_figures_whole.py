"""What makes a drill pass, and that evidence survives being written and read."""

import msgspec
import pytest

from deployer.drills.evidence.records import Event, Kept, Request
from deployer.drills.measure.compute import figures
from deployer.drills.measure.evidence import Evidence
from deployer.drills.measure.figures import Figures, Missed, Objective
from deployer.drills.scenario.model import Objectives
from tests.deployer.drills.measure.evidence_kit import (
    GOOD,
    OTHER,
    event,
    evidence,
    phases,
    request,
    scenario,
)

FAULT = 50.0
WANTED = Objectives(rto=1.0, rpo=0, max_failed=1, slowest=0.5)


def good_events() -> list[Event]:
    return [
        *phases(FAULT),
        event(45, "check", "steady", True),
        event(40, "published", "m:1", digest=GOOD, clouds=["aws"]),
        event(260, "check", "whole", True),
        event(360, "rollback", "undone", True),
    ]


def good_requests() -> list[Request]:
    first = [request(49, 0.1), Request(50.1, 0.2, 0, "", "reset")]
    return [*first, *(request(50.2 + n / 10, 0.1) for n in range(60))]


def good() -> Evidence:
    kept = {"aws": (Kept("blob", 5, GOOD, GOOD),)}
    return evidence(good_events(), good_requests(), {"aws": {"m:1": GOOD}}, kept)


def test_a_drill_in_which_all_is_well_passes() -> None:
    found = figures(scenario(WANTED), good())
    assert found.passed
    assert (found.gaps, found.missed, found.errors, found.checks_failed) == ((), (), (), ())
    assert (found.rto, found.rpo, found.failed, found.slowest) == (0.3, 0, 1, 0.2)
    assert (found.checks_passed, found.rollbacks, found.published) == (2, 1, 1)
    assert [(each.objective, each.wanted, each.got, each.met) for each in found.judged] == [
        ("rto", 1.0, 0.3, True), ("rpo", 0.0, 0.0, True), ("max_failed", 1.0, 1.0, True),
        ("slowest", 0.5, 0.2, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        event(261, "check", "lost", False),
        event(261, "error", "broke", False),
        event(361, "rollback", "stuck", False),
    ],
    ids=lambda each: each.kind,
)
def test_whatever_went_wrong_makes_it_fail(bad: Event) -> None:
    made = good()
    worse = msgspec.structs.replace(made, events=(*made.events, bad))
    found = figures(scenario(WANTED), worse)
    assert not found.passed
    named = found.checks_failed + found.errors + found.rollbacks_failed
    assert named == (bad.name,)


def test_a_damaged_object_makes_it_fail() -> None:
    kept = {"aws": (Kept("blob", 5, GOOD, OTHER),)}
    made = evidence(good_events(), good_requests(), {"aws": {"m:1": GOOD}}, kept)
    assert not figures(scenario(WANTED), made).passed


@pytest.mark.parametrize(
    ("objectives", "missed"),
    [
        (Objectives(rto=0.29, max_failed=1), Missed("rto", 0.29, 0.3)),
        (Objectives(max_failed=0), Missed("max_failed", 0.0, 1.0)),
        (Objectives(max_failed=1, slowest=0.19), Missed("slowest", 0.19, 0.2)),
    ],
)
def test_a_missed_objective_makes_it_fail(objectives: Objectives, missed: Missed) -> None:
    found = figures(scenario(objectives), good())
    assert found.missed == (missed,)
    assert not found.passed


def test_a_lost_publish_misses_the_rpo() -> None:
    made = evidence(good_events(), good_requests(), {"aws": {"m:1": OTHER}})
    assert figures(scenario(WANTED), made).missed == (Missed("rpo", 0.0, 1.0),)
    assert figures(scenario(msgspec.structs.replace(WANTED, rpo=1)), made).missed == ()


def test_what_was_not_stated_is_told_and_not_judged() -> None:
    nothing = Objectives(rto=None, rpo=None, max_failed=None, slowest=None)
    found = figures(scenario(nothing), good())
    assert (found.judged, found.rto) == ((), 0.3)
    assert found.passed


def test_service_that_does_not_come_back_misses_any_rto() -> None:
    made = evidence(good_events(), good_requests()[:30], {"aws": {"m:1": GOOD}})
    found = figures(scenario(WANTED), made)
    assert Missed("rto", 1.0, None) in found.missed


def test_objectives_of_requests_do_not_apply_without_endpoints() -> None:
    made = evidence(good_events(), [], {"aws": {"m:1": GOOD}})
    found = figures(scenario(msgspec.structs.replace(WANTED, rto=300.0), endpoints=False), made)
    assert {each.objective for each in found.judged} == {"rto", "rpo"}
    assert found.passed
    assert found.gaps == ()


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("begun", "its beginning is missing"),
        ("done", "its end is missing: the drill was cut off"),
        ("after", "it did not come to look at what was left (phase after)"),
        ("fault", "nothing was broken"),
        ("requests", "nothing was asked after the fault"),
        ("integrity", "the clouds were not read afterwards"),
    ],
)
def test_evidence_with_a_gap_never_passes(lacking: str, said: str) -> None:
    made = good()
    events = tuple(e for e in made.events if lacking not in (e.kind, e.name))
    made = msgspec.structs.replace(made, events=events)
    if lacking == "requests":
        made = msgspec.structs.replace(made, requests=made.requests[:1])
    if lacking == "integrity":
        made = msgspec.structs.replace(made, integrity=None)
    unwatched = Objectives(rpo=None, max_failed=None)
    found = figures(scenario(unwatched), made)
    assert found.gaps == (said,)
    assert not found.passed


@pytest.mark.parametrize("detail", [{"where": "staging"}, {"emulated": False}])
def test_a_staging_estate_needs_no_look_at_its_clouds(detail: dict[str, object]) -> None:
    made = good()
    begun = msgspec.structs.replace(made.events[0], detail=detail)
    events = tuple(each for each in (begun, *made.events[1:]) if each.kind != "published")
    staged = Evidence(events, made.requests, (), None)
    found = figures(scenario(WANTED), staged)
    assert (found.gaps, found.rpo) == ((), 0)
    assert found.passed


def test_no_evidence_is_no_proof() -> None:
    found = figures(scenario(WANTED), Evidence())
    assert not found.passed
    assert len(found.gaps) == 6
    objectives: set[Objective] = {each.objective for each in found.missed}
    assert objectives == {"rto", "slowest"}


def test_figures_are_the_same_after_json() -> None:
    found = figures(scenario(WANTED), good())
    encoded = msgspec.json.encode(found)
    again = msgspec.json.decode(encoded, type=Figures)
    assert again == found
    assert msgspec.json.encode(again) == encoded


def test_times_are_told_in_microseconds() -> None:
    requests = [request(50 + 1 / 3 + n / 10, 1 / 7) for n in range(60)]
    found = figures(scenario(), evidence(good_events(), requests))
    assert found.rto == 0.47619
    assert found.slowest == 0.142857
    assert found.phases[2].p50 == 142.857
