"""A proxy with generated configuration in front of two small servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from infra.router.envoy import render_envoy
from infra.router.haproxy import render_haproxy
from infra.router.model import Router
from tests.infra.endpoint_kit import StandIn, free_port, stand_ins
from tests.infra.proxies_kit import envoy, haproxy, running, wait_for
from tests.infra.router_client_kit import Client
from tests.infra.router_kit import DIGESTS, two

__all__ = ["OTHER", "OURS", "Proxy", "envoy_command", "pair", "proxied", "router_of", "weighted"]

Proxy = Literal["envoy", "haproxy"]
OURS, OTHER = DIGESTS


def router_of(*servers: StandIn, **fields: object) -> Router:
    return replace(
        two(servers[0].port, servers[1].port, digests=(OURS,)),
        port=free_port(),
        admin_port=free_port(),
        **fields,  # type: ignore[arg-type]
    )


def envoy_command(path: Path) -> list[str]:
    return [
        envoy(), "-c", str(path), "--concurrency", "1", "--use-dynamic-base-id", "-l", "warning",
    ]  # fmt: skip


@contextmanager
def proxied(proxy: Proxy, router: Router, folder: Path) -> Iterator[Client]:
    if proxy == "envoy":
        path = folder / "envoy.json"
        path.write_text(render_envoy(router), "utf-8")
        command = envoy_command(path)
    else:
        path = folder / "haproxy.cfg"
        path.write_text(render_haproxy(router), "utf-8")
        command = [haproxy(), "-db", "-f", str(path)]
    client = Client(router.port)
    with running(command, folder / "log"):
        wait_for(client.answers, f"{proxy} passes a request on; see {folder}/log")
        yield client


@contextmanager
def pair(proxy: Proxy, folder: Path) -> Iterator[tuple[StandIn, StandIn, Client]]:
    with (
        stand_ins("one", "two", digest=OURS) as (one, two_),
        proxied(proxy, router_of(one, two_), folder) as client,
    ):
        yield one, two_, client


def weighted(router: Router, *weights: int) -> Router:
    pairs = zip(router.endpoints, weights, strict=True)
    return replace(router, endpoints=tuple(replace(each, weight=w) for each, w in pairs))
