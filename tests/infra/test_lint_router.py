"""Each rule about a router fires for what it is about, and for nothing else."""

from dataclasses import replace

import pytest

from infra.router.lint import lint_router
from infra.router.model import Endpoint, Router
from tests.infra.router_kit import two

FIRST, SECOND = two().endpoints
THIRD = Endpoint("three", "http://127.0.0.1:8083", "azure", "westeurope", priority=2)
THREE = replace(two(), endpoints=(FIRST, SECOND, THIRD))


def third(**fields: object) -> Router:
    changed = replace(THIRD, **fields)  # type: ignore[arg-type]
    return replace(THREE, endpoints=(FIRST, SECOND, changed))


def sized(*capacities: float | None, peak: float | None = None) -> Router:
    endpoints = tuple(
        replace(each, capacity=capacity)
        for each, capacity in zip(THREE.endpoints, capacities, strict=False)
    )
    return replace(THREE, endpoints=endpoints, peak=peak)


@pytest.mark.parametrize(
    ("router", "rules"),
    [
        (THREE, []),
        (replace(THREE, endpoints=()), ["no-endpoint"]),
        (replace(THREE, endpoints=(FIRST,)), ["single-endpoint"]),
        (third(proven=False), ["not-proven"]),
        (third(resident=False), ["not-resident"]),
        (third(weight=0), ["weight-zero"]),
        (third(canary=True), ["canary-left-out"]),
        (replace(third(canary=True), mode="weighted"), []),
        (third(url=FIRST.url), ["same-address"]),
        (third(url="http://127.0.0.1:8000"), ["retries-layered"]),
        (replace(third(url="http://127.0.0.1:8000"), host="0.0.0.0"), ["retries-layered"]),
        (
            replace(third(url="https://m.example.com"), dns_name="m.example.com", host="0.0.0.0"),
            ["retries-layered", "dns-port", "dns-port"],
        ),
        (
            replace(two(), endpoints=(FIRST, replace(SECOND, cloud="aws"))),
            ["one-cloud"],
        ),
        (
            replace(two(), endpoints=(FIRST, replace(SECOND, cloud="aws", region="eu-central-1"))),
            ["one-cloud", "one-region"],
        ),
        (sized(100, 100, 100), []),
        (sized(100, 40, 40), ["standby-too-small"]),
        (sized(100, 40, 40, peak=80), []),
        (sized(100, 40, 40, peak=81), ["standby-too-small"]),
        (sized(100, None, 40, peak=1000), []),
        (replace(THREE, per_try=2.0, timeout=3.9), ["timeout-too-short"]),
        (replace(THREE, per_try=2.0, timeout=4.0), []),
        (third(url="http://m.example.com"), ["plain-http"]),
        (third(url="http://203.0.114.9"), ["plain-http"]),
        (third(url="https://m.example.com"), []),
        (
            replace(
                THREE,
                dns_name="m.example.com",
                endpoints=(
                    Endpoint("a", "https://a.example", "a"),
                    Endpoint("b", "https://b.example", "b"),
                ),
            ),
            ["dns-only"],
        ),
    ],
)
def test_exactly_these_rules(router: Router, rules: list[str]) -> None:
    found = lint_router(router)
    assert [each.rule for each in found] == rules
    assert all(each.message and each.hint for each in found)
