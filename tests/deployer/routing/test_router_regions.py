"""A running router, a model bound to regions, and an endpoint outside of them that gets no row."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.proxy.client import FaultProxy
from infra.contract import infer_path
from tests.deployer.routing.failover_kit import (
    MODEL,
    Running,
    Server,
    Shim,
    make_versions,
    request_body,
    routers,
    until,
)
from tests.infra.proxies_kit import envoy, haproxy

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]

REGIONS = {"us": "us-east-1", "frankfurt": "eu-central-1", "belgium": "europe-west1"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    envoy()
    haproxy()
    return make_versions(tmp_path_factory.mktemp("versions"))[0]


@pytest.fixture
def shims(package: Path, tmp_path: Path) -> Iterator[dict[str, Shim]]:
    server = Server(tmp_path, package, "server")
    try:
        server.launch()
        until(server.ready, "the server is ready", 60)
        with FaultProxy(tmp_path / "faults") as proxy:
            yield {name: Shim(proxy, server.port, server.port, name) for name in REGIONS}
    finally:
        server.kill()


def ask(router: Running, package: Path) -> int:
    """Return the status of a prediction."""
    request = urllib.request.Request(
        router.url + infer_path(MODEL),
        request_body(package),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("mode", ['mode = "priority"', 'mode = "locality"\nregion = "us-east-1"'])
def test_no_row_leaves_the_regions_of_the_model(
    mode: str, package: Path, shims: dict[str, Shim], tmp_path: Path
) -> None:
    bound = f'{mode}\n[models.{MODEL}]\nresidency = ["eu"]'
    with routers(
        tmp_path / "routers",
        {name: shim.url for name, shim in shims.items()},  # the one outside is the first of them
        package,
        extra=bound,
        more={name: f'region = "{region}"' for name, region in REGIONS.items()},
        used={"frankfurt", "belgium"},
    ) as running:
        for router in running:
            assert [ask(router, package) for _ in range(10)] == [200] * 10
            [us] = [each for each in router.place.status().endpoints if each.name == "us"]  # type: ignore[union-attr]
            assert (us.traffic, us.resident) == (False, False)
        shims["frankfurt"].mode("dead")
        for router in running:
            assert [ask(router, package) for _ in range(10)] == [200] * 10
        shims["belgium"].mode("dead")
        for router in running:
            until(lambda each=router: ask(each, package) == 503, "nobody is left")  # type: ignore[misc]
            assert [ask(router, package) for _ in range(10)] == [503] * 10
        for name in ("frankfurt", "belgium"):
            shims[name].mode("pass")
        for router in running:
            until(lambda each=router: ask(each, package) == 200, "they are back")  # type: ignore[misc]
        # Not even a golden row, with which the others were tried.
        assert shims["us"].count() == 0
        assert min(shims["frankfurt"].count(), shims["belgium"].count()) > 0
        for router in running:
            log = (router.folder / f"router-{router.proxy}.log").read_text("utf-8")
            assert "us gets no requests: the model's residency does not allow us-east-1" in log
