"""Real Envoy and real HAProxy, from generated configuration, while real servers fail.

Both proxies stand before the same servers and get the same load at the same time. Latencies count
from the moment that a request was due. The full matrix, five runs of 1,000 requests each, is
``python -m benchmarks.failover``.
"""

import asyncio
from collections.abc import Iterator

import pytest

from deployer.drills.proxy.client import FaultProxy
from tests.deployer.routing.failover_kit import (
    Backends,
    Fault,
    Running,
    faults,
    make_versions,
    routers,
    run_fault,
    run_outage,
    run_storm,
    until,
)
from tests.infra.proxies_kit import envoy, haproxy

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(600)]

REQUESTS = 700
LONGEST = 1.5
SLOWEST_503 = 0.3
RECOVERY = 4.0
STORM_SECONDS = 10.0
STORM_FACTOR = 1.3


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    envoy()
    haproxy()
    folder = tmp_path_factory.mktemp("failover")
    one, two = make_versions(folder)
    with FaultProxy(folder / "faults") as proxy:
        found = Backends(folder, one, two, proxy)
        try:
            found.start()
            yield found
        finally:
            found.stop()


@pytest.fixture(scope="module")
def direct(backends: Backends, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Running]]:
    with routers(tmp_path_factory.mktemp("direct"), backends.direct, backends.one) as found:
        yield found


@pytest.fixture(scope="module")
def shimmed(
    backends: Backends, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Running]]:
    with routers(tmp_path_factory.mktemp("shimmed"), backends.shimmed, backends.one) as found:
        yield found


@pytest.mark.parametrize("fault", faults(), ids=lambda each: each.name)
def test_no_request_is_lost_when_the_primary_fails_and_comes_back(
    fault: Fault, backends: Backends, request: pytest.FixtureRequest
) -> None:
    running = request.getfixturevalue("shimmed" if fault.shimmed else "direct")
    for run in asyncio.run(run_fault(backends, running, fault, requests=REQUESTS)):
        assert len(run.result.outcomes) >= REQUESTS
        assert run.moved > REQUESTS / 8, f"the fault was no fault: {run.line()}"
        assert run.failed == 0, f"{run.line()}: {run.result.failed([backends.digest])[:5]}"
        assert run.result.longest <= LONGEST, run.line()


def test_all_down_is_told_at_once_and_ends_soon(backends: Backends, shimmed: list[Running]) -> None:
    for outage in asyncio.run(run_outage(backends, shimmed)):
        assert set(outage.kinds) == {"503"}, outage
        assert outage.slowest <= SLOWEST_503, outage
        assert outage.recovery <= RECOVERY, outage


def test_retries_do_not_become_a_storm(backends: Backends, shimmed: list[Running]) -> None:
    for each in shimmed:
        sent, arrived = asyncio.run(run_storm(backends, each, seconds=STORM_SECONDS))
        assert arrived <= STORM_FACTOR * sent, f"{each.proxy}: {arrived} for {sent}"


def test_a_controller_that_is_killed_leaves_failing_over_intact(
    backends: Backends, direct: list[Running]
) -> None:
    one = direct[0]
    before = one.place.status()
    assert before is not None
    one.kill_controller()
    fault = next(each for each in faults() if each.name == "kill -9")
    for run in asyncio.run(run_fault(backends, [one], fault, requests=REQUESTS)):
        assert run.failed == 0, run.line()
        assert run.result.longest <= LONGEST, run.line()
    one.start()
    until(lambda: one.traffic() == {"first", "second"}, "all endpoints get requests")
    after = one.place.status()
    assert after is not None
    assert (after.pid, after.url) == (before.pid, before.url), "it took the proxy over"
