"""Which endpoints get requests, and in what order."""

import json
from dataclasses import replace

import pytest

from infra.router.areas import area, distance
from infra.router.envoy import render_envoy, render_envoy_files
from infra.router.errors import NoEndpointError
from infra.router.haproxy import render_haproxy
from infra.router.model import Endpoint, Router
from infra.router.plan import left_out, pick_attempts, place
from tests.infra.router_kit import two


def levels(router: Router) -> dict[str, int]:
    return {one.endpoint.name: one.level for one in place(router)}


def endpoints(*given: tuple[str, str, int]) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(name, f"http://{name}.example", region=region, priority=priority)
        for name, region, priority in given
    )


def test_priorities_become_levels_without_gaps() -> None:
    router = Router("m", endpoints(("c", "", 7), ("a", "", 2), ("b", "", 2), ("d", "", 9)))
    assert levels(router) == {"a": 0, "b": 0, "c": 1, "d": 2}


def test_a_level_that_nobody_is_left_of_is_closed_up() -> None:
    first, second = two().endpoints
    router = replace(two(), endpoints=(replace(first, proven=False), second))
    assert levels(router) == {"two": 0}


def test_weighted_puts_all_on_one_level_heaviest_first() -> None:
    given = tuple(
        replace(each, weight=weight)
        for each, weight in zip(endpoints(("a", "", 0), ("b", "", 5)), (5, 95), strict=True)
    )
    assert list(levels(Router("m", given, mode="weighted")).items()) == [("b", 0), ("a", 0)]


def test_locality_goes_outward_and_by_priority_within() -> None:
    router = Router(
        "m",
        endpoints(
            ("far", "us-east-1", 0),
            ("unknown", "", 0),
            ("near", "eu-central-1", 0),
            ("spare", "europe-west3", 1),
            ("here", "europe-west3", 0),
            ("azure", "germanywestcentral", 0),
        ),
        mode="locality",
        region="europe-west3",
    )
    assert levels(router) == {"here": 0, "spare": 1, "near": 2, "azure": 2, "far": 3, "unknown": 3}


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-central-1", "europe"),
        ("europe-west3", "europe"),
        ("uksouth", "europe"),
        ("northeurope", "europe"),
        ("us-gov-east-1", "america"),
        ("eastus2", "america"),
        ("centralus", "america"),
        ("Canada Central", "america"),
        ("northamerica-northeast1", "america"),
        ("brazilsouth", "south-america"),
        ("australiaeast", "asia"),
        ("southeastasia", "asia"),
        ("ap-southeast-2", "asia"),
        ("southafricanorth", "africa"),
        ("uaenorth", "middle-east"),
        ("chinaeast2", "china"),
        ("", ""),
        ("moon", ""),
        ("xx-moon-1", ""),
    ],
)
def test_parts_of_the_world(region: str, expected: str) -> None:
    assert area(region) == expected


def test_what_is_not_known_is_far() -> None:
    assert distance("moon", "mars") == 2
    assert distance("", "") == 2
    assert distance("EU-central-1", "eu-central-1") == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"proven": False}, "golden"),
        ({"resident": False}, "residency"),
        ({"weight": 0}, "weight"),
        ({"canary": True}, "canary"),
    ],
)
def test_who_gets_nothing_and_why(change: dict[str, object], reason: str) -> None:
    first, second = two().endpoints
    router = replace(two(), endpoints=(first, replace(second, **change)))  # type: ignore[arg-type]
    assert list(left_out(router)) == ["two"]
    assert reason in left_out(router)["two"]
    for text in (
        render_envoy(router),
        render_haproxy(router),
        *render_envoy_files(router, "/x").values(),
    ):
        assert "8082" not in text


def test_a_canary_gets_its_share_by_weights() -> None:
    first, second = two().endpoints
    router = replace(two(), endpoints=(first, replace(second, canary=True)), mode="weighted")
    assert left_out(router) == {}


def test_an_error_says_why_nobody_is_left() -> None:
    first, second = two().endpoints
    router = replace(
        two(), endpoints=(replace(first, proven=False), replace(second, resident=False))
    )
    for render in (render_envoy, render_haproxy):
        with pytest.raises(NoEndpointError, match=r"one: its golden.*; two: the model's residency"):
            render(router)
    with pytest.raises(ValueError, match="there is none"):
        render_envoy(replace(two(), endpoints=()))


@pytest.mark.parametrize(
    ("weights", "attempts"), [((1, 1), 3), ((99, 1), 101), ((50, 30, 20), 6), ((10**6, 1), 10_000)]
)
def test_a_retry_draws_until_it_got_another(weights: tuple[int, ...], attempts: int) -> None:
    given = tuple(Endpoint(f"e{n}", f"http://e{n}", weight=w) for n, w in enumerate(weights))
    router = Router("m", given, mode="weighted")
    assert pick_attempts(router) == attempts
    assert f'"host_selection_retry_max_attempts": {attempts}' in render_envoy(router)


def test_weights_keep_their_proportion_in_haproxy() -> None:
    given = (Endpoint("a", "http://a", weight=9000), Endpoint("b", "http://b", weight=1000))
    text = render_haproxy(Router("m", given, mode="weighted"))
    assert "weight 256" in text
    assert "weight 28" in text


def test_weights_are_each_endpoints_however_many_addresses_it_has() -> None:
    given = (Endpoint("a", "http://a", weight=95), Endpoint("b", "http://b", weight=5))
    document = json.loads(render_envoy(Router("m", given, mode="weighted")))
    (cluster,) = document["static_resources"]["clusters"]
    groups = cluster["load_assignment"]["endpoints"]
    assert [each["load_balancing_weight"] for each in groups] == [95, 5]
    assert cluster["common_lb_config"]["locality_weighted_lb_config"] == {}
