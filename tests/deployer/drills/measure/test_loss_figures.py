"""RPO, objects, phases and percentiles are what their definitions say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.drills.evidence.records import Event, Kept, Request
from deployer.drills.measure.compute import figures
from deployer.drills.measure.figures import Damaged, Figures
from deployer.drills.measure.phases import percentile
from tests.deployer.drills.measure.evidence_kit import (
    GOOD,
    OTHER,
    TICK,
    event,
    evidence,
    loads,
    phases,
    request,
    scenario,
)

CLOUDS = ("aws", "gcp", "azure")
FAULT = 100.0


def published(at: float, version: int, digest: str, clouds: tuple[str, ...]) -> Event:
    name = f"m:{version}"
    return event(
        at, "published", name, model="m", version=version, digest=digest, clouds=list(clouds)
    )


def measured(publishes: list[Event], versions: dict[str, dict[str, str]]) -> Figures:
    return figures(scenario(), evidence([*phases(FAULT), *publishes], [], versions))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Event], dict[str, dict[str, str]]]:
    publishes = draw(
        st.lists(
            st.builds(
                published,
                st.integers(80, 130).map(float),
                st.integers(1, 4),
                st.sampled_from([GOOD, OTHER]),
                st.lists(st.sampled_from(CLOUDS), unique=True).map(tuple),
            ),
            max_size=6,
        )
    )
    held = st.dictionaries(
        st.integers(1, 4).map(lambda number: f"m:{number}"), st.sampled_from([GOOD, OTHER])
    )
    return publishes, draw(st.dictionaries(st.sampled_from(CLOUDS), held))


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_rpo_is_what_asking_every_cloud_for_every_acknowledgement_finds(
    world: tuple[list[Event], dict[str, dict[str, str]]],
) -> None:
    publishes, versions = world
    missing: dict[tuple[str, str], set[str]] = {}
    when: dict[tuple[str, str], float] = {}
    clouds: dict[tuple[str, str], set[str]] = {}
    for each in publishes:
        key = (each.name, each.detail["digest"])
        when[key] = min(when.get(key, 1e9), each.at)
        clouds.setdefault(key, set()).update(each.detail["clouds"])
        for cloud in each.detail["clouds"]:
            if versions.get(cloud, {}).get(each.name) != key[1]:
                missing.setdefault(key, set()).add(cloud)
    moved = {}
    for key in missing:
        for number in (4, 3, 2, 1):
            name = f"m:{number}"
            everywhere = all(versions.get(c, {}).get(name) == key[1] for c in clouds[key])
            if everywhere and when.get((name, key[1]), 1e9) > when[key]:
                moved[key] = name
    found = measured(publishes, versions)
    gone = {key: each for key, each in missing.items() if key not in moved}
    assert found.rpo == len(gone)
    assert {(e.name, e.digest): set(e.clouds) for e in found.lost} == gone
    assert {(e.name, e.digest): e.now for e in found.renumbered} == moved
    assert found.rpo_age == max([0.0, *(FAULT - when[key] for key in gone)])
    assert found.published == len(when)


@settings(deadline=None, max_examples=60)
@given(worlds(), st.sampled_from(CLOUDS))
def test_a_cloud_that_is_lost_never_makes_the_rpo_smaller(
    world: tuple[list[Event], dict[str, dict[str, str]]], gone: str
) -> None:
    publishes, versions = world
    before = measured(publishes, versions)
    after = measured(publishes, {name: held for name, held in versions.items() if name != gone})
    assert before.rpo is not None
    assert after.rpo is not None
    assert after.rpo >= before.rpo


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_a_publish_is_kept_renumbered_or_lost_and_never_two_of_these(
    world: tuple[list[Event], dict[str, dict[str, str]]],
) -> None:
    publishes, versions = world
    found = measured(publishes, versions)
    lost = {(each.name, each.digest) for each in found.lost}
    moved = {(each.name, each.digest) for each in found.renumbered}
    assert not lost & moved
    assert all(each.name != each.now for each in found.renumbered)
    # What is renumbered only ever lowers the count: without it the number alone would decide.
    kept = {each.name for each in publishes} - {name for name, _ in lost | moved}
    assert all(
        versions.get(cloud, {}).get(each.name) == each.detail["digest"]
        for each in publishes if each.name in kept for cloud in each.detail["clouds"]
    )  # fmt: skip


def held(*names: str, digest: str = GOOD) -> dict[str, str]:
    return dict.fromkeys(names, digest)


SPLIT = published(105, 2, GOOD, ("aws",))
OURS = published(104, 2, OTHER, ("gcp", "azure"))
RENUMBERED = {
    "the old home's publish has a number of its own": (
        [OURS, SPLIT],
        {cloud: {"m:2": OTHER, "m:3": GOOD} for cloud in CLOUDS},
        [],
        [("m:2", "m:3")],
    ),
    "it is under that number elsewhere, and not where it was acknowledged": (
        [SPLIT], {"gcp": held("m:3")}, ["m:2"], [],
    ),
    "two clouds have it under two numbers": (
        [published(90, 2, GOOD, ("aws", "gcp"))],
        {"aws": held("m:3"), "gcp": held("m:4")},
        ["m:2"],
        [],
    ),
    "one of two still has it under the first": (
        [published(90, 2, GOOD, ("aws", "gcp"))],
        {"aws": held("m:2"), "gcp": held("m:3")},
        ["m:2"],
        [],
    ),
    "another model has the same content": ([SPLIT], {"aws": {"n:3": GOOD}}, ["m:2"], []),
    "an older publish of the same content does not stand for a newer one": (
        [published(80, 1, GOOD, ("aws",)), published(90, 2, GOOD, ("aws",))],
        {"aws": held("m:1")},
        ["m:2"],
        [],
    ),
    "a later acknowledgement of the new number does no harm": (
        [SPLIT, published(110, 3, GOOD, ("aws",))],
        {"aws": held("m:3")},
        [],
        [("m:2", "m:3")],
    ),
    "the lowest of several numbers is told, as numbers go": (
        [SPLIT], {"aws": held("m:10", "m:9")}, [], [("m:2", "m:9")],
    ),
    "it is whole, and there once more": (
        [published(90, 1, GOOD, ("aws",))], {"aws": held("m:1", "m:2")}, [], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("publishes", "versions", "lost", "renumbered"), RENUMBERED.values(), ids=RENUMBERED
)
def test_the_same_digest_under_another_number_is_not_lost(
    publishes: list[Event],
    versions: dict[str, dict[str, str]],
    lost: list[str],
    renumbered: list[tuple[str, str]],
) -> None:
    found = measured(publishes, versions)
    assert [each.name for each in found.lost] == lost
    assert [(each.name, each.now) for each in found.renumbered] == renumbered
    assert found.rpo == len(lost)


def test_a_publish_is_missing_where_it_was_acknowledged_and_only_there() -> None:
    publishes = [published(90, 1, GOOD, ("aws", "gcp")), published(95, 2, OTHER, ("aws",))]
    versions = {"aws": {"m:1": GOOD, "m:2": GOOD}, "azure": {"m:1": GOOD}}
    found = measured(publishes, versions)
    assert [(each.name, each.clouds, each.age) for each in found.lost] == [
        ("m:1", ("gcp",), 10.0),
        ("m:2", ("aws",), 5.0),
    ]
    assert (found.rpo, found.rpo_age) == (2, 10.0)


def test_clouds_that_were_not_read_are_no_proof() -> None:
    events = [*phases(FAULT), published(90, 1, GOOD, ("aws",))]
    made = evidence(events)
    blind = type(made)(made.events, made.requests, made.passed, None)
    found = figures(scenario(), blind)
    assert found.rpo is found.rpo_age is None
    assert "the clouds were not read afterwards" in found.gaps


def test_damaged_objects_are_named() -> None:
    objects = {
        "aws": (Kept("a", 10, GOOD, GOOD), Kept("b", 20, GOOD, OTHER)),
        "gcp": (Kept("a", 30, OTHER),),
    }
    found = figures(scenario(), evidence(phases(FAULT), [], {}, objects))
    assert (found.objects, found.bytes) == (3, 60)
    assert found.damaged == (Damaged("aws", "b"),)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 50).map(float), min_size=1, max_size=300).map(sorted))
def test_percentiles_are_the_least_value_that_enough_do_not_exceed(values: list[float]) -> None:
    for percent in (50, 95, 99, 100):
        enough = [
            each for each in values
            if 100 * sum(other <= each for other in values) >= percent * len(values)
        ]  # fmt: skip
        assert percentile(values, percent) == min(enough)


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile([], 50) is None


@settings(deadline=None, max_examples=60)
@given(loads())
def test_each_request_is_in_one_phase(made: tuple[list[Request], int]) -> None:
    requests, tick = made
    fault = tick * TICK
    found = figures(scenario(), evidence(phases(fault, recovery=fault + 0.5), requests))
    assert sum(each.requests for each in found.phases) == found.requests == len(requests)
    assert sum(each.failed for each in found.phases) == found.failed == sum(found.kinds.values())
    for each in found.phases:
        assert sum(each.kinds.values()) == each.failed
        inside = [
            r.seconds * 1000 for r in requests
            if fault + each.begin <= r.due < fault + each.begin + each.seconds
            or (each.phase == "prepare" and r.due < fault - 20)
        ]  # fmt: skip
        assert len(inside) == each.requests
        slowest = max(inside, default=None)
        assert each.slowest == (None if slowest is None else pytest.approx(slowest, abs=1e-3))


def test_phases_by_hand() -> None:
    requests = [
        *(request(95 + n / 100, 0.001 * (n + 1)) for n in range(100)),
        request(99.5, 0.5, 503),
        request(100.5, 2.0, 200, OTHER),
        request(101.0, 0.25, 200, ""),
        Request(101.5, 10.0, 0, "", "given up"),
        Request(102.0, 0.0, 0),
        request(450.0),
    ]
    found = figures(scenario(), evidence(phases(FAULT), requests))
    prepare, steady, method, recovery, after, rollback = found.phases
    assert (prepare.phase, prepare.begin, prepare.seconds, prepare.requests) == (
        "prepare", -20.0, 10.0, 0,
    )  # fmt: skip
    assert prepare.p50 is prepare.slowest is None
    assert (steady.requests, steady.failed) == (100, 0)
    assert (steady.p50, steady.p95, steady.p99, steady.slowest) == (50.0, 95.0, 99.0, 100.0)
    assert (method.begin, method.seconds, method.requests, method.failed) == (-1.0, 101.0, 5, 5)
    assert method.kinds == {
        "HTTP 503": 1, "given up": 1, "no answer": 1, "no digest": 1, "wrong digest": 1,
    }  # fmt: skip
    assert (method.p50, method.slowest) == (500.0, 10_000.0)
    assert recovery.requests == after.requests == 0
    assert (rollback.phase, rollback.requests) == ("rollback", 1)


def test_without_accepted_versions_any_answer_is_right() -> None:
    events = [each for each in phases(FAULT) if each.kind != "accepted"]
    requests = [request(101, 0.1, 200, OTHER), request(102, 0.1, 200, ""), request(103, 0.1, 500)]
    assert figures(scenario(), evidence(events, requests)).kinds == {"HTTP 500": 1}


def test_the_last_word_on_what_is_accepted_holds() -> None:
    more = event(150, "accepted", "1, 2", digests=[GOOD, OTHER])
    requests = [request(101, 0.1, 200, OTHER)]
    assert figures(scenario(), evidence([*phases(FAULT), more], requests)).failed == 0
    assert figures(scenario(), evidence(phases(FAULT), requests)).failed == 1
