"""A running router before endpoints that are reached by https, with an authority of our own."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.contract import infer_path
from tests.deployer.drills.tls_front_kit import tls_front
from tests.deployer.routing.failover_kit import (
    MODEL,
    Running,
    Server,
    make_versions,
    request_body,
    routers,
    until,
)
from tests.deployer.routing.load_kit import Load, Result, Target
from tests.fakes.authority import Authority
from tests.infra.proxies_kit import envoy, haproxy

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]

RATE = 30.0


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    envoy()
    haproxy()
    return make_versions(tmp_path_factory.mktemp("versions"))[0]


@pytest.fixture
def server(package: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, package, "server")
    try:
        server.launch()
        until(server.ready, "the server is ready", 60)
        yield server
    finally:
        server.kill()


async def steadily(
    running: list[Running], package: Path, gone: contextlib.ExitStack
) -> list[Result]:
    """Ask all routers, let an endpoint go in the middle, and return the answers."""
    loads = [Load(Target(each.url, infer_path(MODEL), request_body(package)), RATE)
             for each in running]  # fmt: skip
    tasks = [asyncio.create_task(each.run()) for each in loads]

    async def answers(more: int) -> None:
        wanted = [len(each.result.outcomes) + more for each in loads]
        async with asyncio.timeout(30):
            while any(
                len(each.result.outcomes) < count for each, count in zip(loads, wanted, strict=True)
            ):
                await asyncio.sleep(0.05)

    await answers(40)
    await asyncio.to_thread(gone.close)
    await answers(80)
    for each in loads:
        each.stop()
    return await asyncio.gather(*tasks)


@pytest.mark.parametrize("trust", ["ca_file", "SSL_CERT_FILE"])
def test_no_request_is_lost_when_an_https_endpoint_goes(
    trust: str, package: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    named = f'ca_file = "{authority.trusted}"' if trust == "ca_file" else ""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted) if not named else "")
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        fronts = {
            "first": first.enter_context(tls_front(authority.context("localhost"), server.port)),
            "second": stack.enter_context(tls_front(authority.context("localhost"), server.port)),
        }
        running = stack.enter_context(
            routers(
                tmp_path / "routers",
                {name: f"https://localhost:{port}" for name, port in fronts.items()},
                package,
                more=dict.fromkeys(fronts, named),
            )
        )
        results = asyncio.run(steadily(running, package, first))
        for each, result in zip(running, results, strict=True):
            assert set(result.kinds()) == {"200"}, (each.proxy, result.kinds())
            assert each.requests("first") > 0
            assert each.requests("second") > 0


def test_one_that_is_signed_by_nobody_known_is_told_and_gets_nothing(
    package: Path, server: Server, tmp_path: Path
) -> None:
    ours, other = Authority(tmp_path), Authority(tmp_path, "other")
    with (
        tls_front(other.context("localhost"), server.port) as first,
        tls_front(ours.context("localhost"), server.port) as second,
        routers(
            tmp_path / "routers",
            {"first": f"https://localhost:{first}", "second": f"https://localhost:{second}"},
            package,
            more=dict.fromkeys(("first", "second"), f'ca_file = "{ours.trusted}"'),
            used={"second"},
        ) as running,
    ):
        for router in running:
            found = router.place.status()
            assert found is not None
            [reason] = [each.reason for each in found.endpoints if each.name == "first"]
            assert "no trust in its certificate" in reason
