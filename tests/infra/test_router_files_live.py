"""Files that a running Envoy follows."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import urllib3

from infra.contract import EXPECT_HEADER
from infra.router.envoy import render_envoy_files
from infra.router.model import Router
from tests.infra.endpoint_kit import StandIn, stand_ins
from tests.infra.proxied_kit import (
    OTHER,
    OURS,
    envoy_command,
    router_of,
    weighted,
)
from tests.infra.proxies_kit import running, wait_for
from tests.infra.router_client_kit import INFER, Client


def test_envoy_takes_up_new_files_within_two_seconds_and_loses_nothing(tmp_path: Path) -> None:
    with stand_ins("one", "two", digest=OURS) as (one, two_):
        router = weighted(router_of(one, two_, mode="weighted"), 100, 1)
        folder = tmp_path / "router"
        folder.mkdir()
        _write(router, folder)
        client = Client(router.port)
        lost: list[object] = []
        stop = threading.Event()

        def load() -> None:
            mine = Client(router.port)
            while not stop.wait(0.005):
                try:
                    reply = mine.ask()
                    if reply.status != 200:
                        lost.append(reply)
                except urllib3.exceptions.HTTPError as error:
                    lost.append(error)

        with running(envoy_command(folder / "bootstrap.json"), tmp_path / "log"):
            wait_for(client.answers, "Envoy passes a request on")
            wait_for(lambda: client.answers() and two_.predictions, "both are used")
            threads = [threading.Thread(target=load) for _ in range(3)]
            for thread in threads:
                thread.start()
            try:
                changes = (
                    (weighted(router, 1, 100), two_),
                    (weighted(router, 100, 1), one),
                    (replace(router, endpoints=router.endpoints[1:]), two_),
                    (replace(router, digests=(OURS, OTHER)), None),
                    (replace(router, endpoints=router.endpoints[:1]), one),
                )
                for changed, most in changes:
                    _write(changed, folder)
                    _wait_until_in_force(one, two_, changed, most)
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
        assert lost == []


def _wait_until_in_force(one: StandIn, two_: StandIn, router: Router, most: StandIn | None) -> None:
    if most is None:
        expected = ",".join(router.digests)
        wait_for(
            lambda: (
                one.headers[INFER].get(EXPECT_HEADER) == expected
                and two_.headers["/v2/models/penguins/ready"].get(EXPECT_HEADER) == expected
            ),
            "the new digests are asked for",
        )
        return
    least = two_ if most is one else one

    def shifted() -> bool:
        before = (most.predictions, least.predictions)
        wait_for(lambda: most.predictions + least.predictions >= sum(before) + 30, "30 requests")
        return most.predictions - before[0] > 3 * (least.predictions - before[1])

    wait_for(shifted, f"{most.name} gets most")


def _write(router: Router, folder: Path) -> None:
    for name, text in render_envoy_files(router, str(folder)).items():
        new = folder / f"{name}.new"
        new.write_text(text, "utf-8")
        os.replace(new, folder / name)  # noqa: PTH105 - the rename is what Envoy waits for
