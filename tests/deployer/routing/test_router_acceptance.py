from hypothesis import given
from hypothesis import strategies as st

from deployer.routing.acceptance import (
    GRACE,
    PATIENCE,
    SETTLE,
    Accepted,
    Seen,
    apply,
    decide,
    digests_of,
)
from deployer.routing.shares import Split
from infra.router.model import Endpoint, Router

OLD, NEW, ODD = "0" * 64, "1" * 64, "2" * 64
FIRST = Endpoint("first", "http://a")
SECOND = Endpoint("second", "http://b", priority=1)
THIRD = Endpoint("third", "http://c", priority=2)
CANARY = Endpoint("canary", "http://d", canary=True)
ALL = (SECOND, FIRST, CANARY)
NONE = Split()
DOWN = Seen(False)


def good(digest: str) -> Seen:
    return Seen(True, digest, True)


def bad(digest: str) -> Seen:
    return Seen(True, digest, False, "different")


def unknown(digest: str) -> Seen:
    return Seen(True, digest, None)


def test_the_primary_says_which_version_and_equals_get_requests() -> None:
    found = decide(ALL, Accepted(), {"first": good(OLD), "second": good(OLD)}, NONE, 0)
    assert (found.wanted, set(found.proven)) == (OLD, {"first", "second"})
    assert digests_of(found, NONE) == (OLD,)


def test_a_standby_of_another_version_or_with_other_answers_gets_nothing() -> None:
    for standby in (good(NEW), bad(OLD), unknown(OLD), unknown(NEW)):
        found = decide(ALL, Accepted(), {"first": good(OLD), "second": standby}, NONE, 0)
        assert found.proven == {"first"}, standby


def test_a_standby_loses_its_requests_when_its_answers_change() -> None:
    before = decide(ALL, Accepted(), {"first": good(OLD), "second": good(OLD)}, NONE, 0)
    for standby in (bad(OLD), good(ODD), unknown(ODD)):
        after = decide(ALL, before, {"first": good(OLD), "second": standby}, NONE, 1)
        assert after.proven == {"first"}, standby


def test_a_version_without_a_known_package_is_not_accepted_from_the_primary() -> None:
    before = decide(ALL, Accepted(), {"first": good(OLD), "second": good(OLD)}, NONE, 0)
    after = decide(ALL, before, {"first": bad(ODD), "second": good(OLD)}, NONE, 100)
    assert (after.wanted, set(after.proven)) == (OLD, {"second"})


def test_one_that_is_silent_keeps_what_it_had() -> None:
    before = decide(ALL, Accepted(), {"first": good(OLD), "second": good(OLD)}, NONE, 0)
    after = decide(ALL, before, {"first": DOWN, "second": good(OLD)}, NONE, 1000)
    assert after.proven == {"first", "second"}
    assert after.wanted == OLD
    never = decide(ALL, Accepted(), {"first": good(OLD), "second": DOWN}, NONE, 0)
    assert never.proven == {"first"}


def test_a_primary_that_the_others_contradict_gets_nothing_and_is_followed_only_later() -> None:
    both = {"first": good(OLD), "second": good(OLD)}
    split = {"first": good(NEW), "second": good(OLD)}
    found = decide(ALL, Accepted(), both, NONE, 0)
    for now in (100.0, 101.0, 100 + SETTLE - 1):
        found = decide(ALL, found, split, NONE, now)
        assert digests_of(found, NONE) == (OLD,)
        assert (set(found.proven), found.doubt) == ({"second"}, NEW)
    later = decide(ALL, found, split, NONE, 100 + SETTLE)
    assert later.wanted == NEW
    # Who changes its mind meanwhile is waited for anew.
    other = decide(ALL, found, {**split, "first": good(ODD)}, NONE, 100 + SETTLE)
    assert (other.wanted, other.doubt) == (OLD, ODD)


def test_once_half_of_them_or_none_contradict_the_primary_is_followed_at_once() -> None:
    before = Accepted(wanted=OLD, proven=frozenset({"first", "second", "third"}))
    three = (FIRST, SECOND, THIRD)
    for second, third, wanted in (
        (good(OLD), good(OLD), OLD),
        (good(NEW), good(OLD), NEW),
        (good(ODD), good(OLD), OLD),
        (good(NEW), good(NEW), NEW),
        (DOWN, good(OLD), OLD),
        (bad(OLD), unknown(OLD), NEW),
        (DOWN, DOWN, NEW),
    ):
        seen = {"first": good(NEW), "second": second, "third": third}
        assert decide(three, before, seen, NONE, 5).wanted == wanted, seen


def test_the_version_before_stays_accepted_for_a_while() -> None:
    both = {"first": good(OLD), "second": good(OLD)}
    before = decide(ALL, Accepted(), both, NONE, 0)
    moved = decide(ALL, before, {"first": good(NEW), "second": unknown(OLD)}, NONE, 100)
    assert digests_of(moved, NONE) == (NEW, OLD)
    assert moved.proven == {"first", "second"}
    just = decide(ALL, moved, {"first": good(NEW), "second": good(OLD)}, NONE, 100 + GRACE - 1)
    assert just.proven == {"first", "second"}
    later = decide(ALL, just, {"first": good(NEW), "second": good(OLD)}, NONE, 100 + GRACE + 1)
    assert digests_of(later, NONE) == (NEW,)
    assert later.proven == {"first"}


def test_if_nobody_has_an_accepted_version_the_most_common_good_one_is_adopted() -> None:
    endpoints = (FIRST, SECOND, THIRD)
    before = Accepted(wanted=OLD, proven=frozenset({"first"}))
    seen = {"first": DOWN, "second": good(NEW), "third": good(NEW)}
    found = decide(endpoints, before, seen, NONE, 5)
    assert (found.wanted, found.previous) == (NEW, OLD)
    assert found.proven == {"first", "second", "third"}


def test_a_version_whose_package_is_out_of_reach_is_adopted_only_as_a_last_resort() -> None:
    before = Accepted(wanted=OLD, proven=frozenset({"first"}))
    seen = {"first": unknown(NEW), "second": unknown(NEW)}
    waiting = decide(ALL, before, seen, NONE, 10)
    assert waiting.wanted == OLD
    still = decide(ALL, waiting, seen, NONE, 10 + PATIENCE - 1)
    assert still.wanted == OLD
    adopted = decide(ALL, still, seen, NONE, 10 + PATIENCE)
    assert adopted.wanted == NEW


def test_wrong_answers_are_never_adopted() -> None:
    seen = {"first": bad(NEW), "second": bad(NEW)}
    found = Accepted(wanted=OLD)
    for now in range(0, 100, 5):
        found = decide(ALL, found, seen, NONE, float(now))
    assert (found.wanted, found.proven) == (OLD, frozenset())


def test_a_canary_serves_what_the_rollout_says_and_nothing_else() -> None:
    seen = {"first": good(OLD), "second": good(OLD), "canary": good(NEW)}
    without = decide(ALL, Accepted(), seen, NONE, 0)
    assert without.proven == {"first", "second"}
    split = Split(5, NEW)
    during = decide(ALL, without, seen, split, 1)
    assert during.proven == {"first", "second", "canary"}
    assert digests_of(during, split) == (OLD, NEW)
    assert digests_of(during, Split(0, NEW)) == (OLD,)
    other = decide(ALL, without, {**seen, "canary": good(ODD)}, split, 1)
    assert "canary" not in other.proven


def test_one_outside_the_residency_gets_nothing_and_decides_nothing() -> None:
    outside = Endpoint("first", "http://a", resident=False)
    seen = {"first": good(ODD), "second": good(OLD)}
    found = decide((outside, SECOND), Accepted(), seen, NONE, 0)
    assert (found.wanted, set(found.proven)) == (OLD, {"second"})


def test_the_decision_reaches_the_router() -> None:
    router = Router(model="penguins", endpoints=ALL)
    found = apply(router, Accepted(wanted=OLD, proven=frozenset({"first"})), NONE)
    assert [each.name for each in found.endpoints if each.proven] == ["first"]
    assert found.digests == (OLD,)


SEEN = st.builds(
    Seen,
    ready=st.booleans(),
    digest=st.sampled_from([OLD, NEW, ODD]),
    repeats=st.sampled_from([True, False, None]),
)
STEPS = st.lists(
    st.tuples(
        st.fixed_dictionaries({"first": SEEN, "second": SEEN, "third": SEEN}), st.floats(0, 40)
    ),
    min_size=1,
    max_size=30,
)


@given(STEPS)
def test_whatever_happens_a_good_endpoint_is_never_locked_out_by_versions(
    steps: list[tuple[dict[str, Seen], float]],
) -> None:
    endpoints = (FIRST, SECOND, THIRD)
    found, now = Accepted(), 0.0
    for seen, pause in steps:
        now += pause
        before = found
        found = decide(endpoints, found, seen, NONE, now)
        able = [name for name, each in seen.items() if each.good]
        answering = [
            name
            for name, each in seen.items()
            if each.ready and each.repeats is not False and each.digest in digests_of(found, NONE)
        ]
        if able:
            assert answering, "a good endpoint is there, and no endpoint may answer"
        if seen["first"].good and not found.doubt:
            assert found.wanted == seen["first"].digest
            assert "first" in found.proven
        if found.doubt and now < found.doubted + SETTLE:
            assert found.wanted == before.wanted
            assert any(seen[name].digest == found.wanted for name in able)
        for name in found.proven:
            assert not (seen[name].ready and seen[name].repeats is False), "wrong answers"
        assert found.wanted or not before.wanted, "an accepted version is never forgotten"
