from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from deployer.routing.shares import weighted
from infra.router.model import Endpoint, Router
from infra.router.plan import left_out, place


def router(*endpoints: Endpoint) -> Router:
    return Router(model="penguins", endpoints=endpoints)


STABLE = Endpoint("stable", "http://a")
STANDBY = Endpoint("standby", "http://b", priority=1)
CANARY = Endpoint("canary", "http://c", canary=True)


def shares(found: Router) -> dict[str, float]:
    """What each endpoint gets of the requests while all are well, by the renderers' own plan."""
    placed = place(found)
    first = [each.endpoint for each in placed if each.level == 0]
    if found.mode != "weighted":
        return {each.name: 1.0 for each in first[:1]}
    total = sum(each.weight for each in first)
    return {each.name: each.weight / total for each in first}


def test_without_a_share_the_canary_gets_nothing_and_all_else_is_as_it_was() -> None:
    found = weighted(router(STABLE, STANDBY, CANARY), 0)
    assert found.mode == "priority"
    assert [each.weight for each in found.endpoints] == [100, 100, 0]
    assert "canary" in left_out(found)


def test_the_canary_gets_its_share_and_the_standby_stays_ready() -> None:
    found = shares(weighted(router(STABLE, STANDBY, CANARY), 25))
    assert abs(found["canary"] - 0.25) < 0.01
    assert abs(found["stable"] - 0.75) < 0.01
    assert 0 < found["standby"] < 0.01


def test_a_canary_that_cannot_be_used_leaves_its_share() -> None:
    for broken in (replace(CANARY, proven=False), replace(CANARY, resident=False)):
        found = weighted(router(STABLE, STANDBY, broken), 50)
        assert shares(found) == {"stable": 1.0}


@given(
    st.integers(1, 100),
    st.lists(st.integers(1, 250), min_size=1, max_size=4),
    st.lists(st.integers(1, 250), min_size=1, max_size=3),
)
def test_any_share_is_met_and_every_weight_fits_haproxy(
    share: int, stable: list[int], canaries: list[int]
) -> None:
    endpoints = [Endpoint(f"s{i}", f"http://s{i}", weight=w) for i, w in enumerate(stable)]
    endpoints += [
        Endpoint(f"c{i}", f"http://c{i}", weight=w, canary=True) for i, w in enumerate(canaries)
    ]
    found = weighted(router(*endpoints), share)
    got = sum(part for name, part in shares(found).items() if name.startswith("c"))
    assert abs(got - share / 100) < 0.03
    assert all(1 <= each.weight <= 256 for each in found.endpoints)
