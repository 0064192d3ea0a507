"""A rollout of a real version over real servers behind a real proxy, with requests all the while."""

import asyncio
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.drills.proxy.client import FaultProxy
from infra.contract import infer_path
from tests.deployer.routing.failover_kit import (
    DEPLOYER,
    MODEL,
    Shim,
    environment,
    make_versions,
    request_body,
    until,
)
from tests.deployer.routing.load_kit import Load, Result, Target
from tests.deployer.routing.rollout_kit import Site, site
from tests.infra.proxies_kit import envoy, haproxy

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]

RATE = 40.0


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    envoy()
    haproxy()
    return make_versions(tmp_path_factory.mktemp("versions"))


class Traffic:
    """Requests to a router in the background."""

    def __init__(self, url: str, model: Path) -> None:
        self._load = Load(Target(url, infer_path(MODEL), request_body(model)), RATE)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self._loop.run_until_complete(self._load.run())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._load.stop)
        self._thread.join(30)
        self._loop.close()

    @contextmanager
    def flowing(self) -> Iterator[Result]:
        self._thread.start()
        try:
            yield self._load.result
        finally:
            self.stop()


def digests(result: Result) -> Counter[str]:
    return Counter(each.digest for each in result.outcomes)


def answered(result: Result) -> None:
    assert set(result.kinds()) == {"200"}, result.kinds()


def test_a_good_version_goes_all_the_way_and_no_request_is_lost(
    versions: tuple[Path, Path], tmp_path: Path
) -> None:
    with site(tmp_path / "site", *versions, proxy="haproxy") as found:
        old = found.status.digests[0]
        with Traffic(found.status.url, versions[0]).flowing() as result:
            ended = found.rollout(
                "--steps", "50,100", "--interval", "5s", "--max-disagreement", "0.9",
                "--max-latency-ratio", "20",
            )  # fmt: skip
        assert ended.code == 0, ended.err + ended.out
        answered(result)
        report = ended.json
        new = report["digest"]
        assert (report["phase"], [each["verdict"] for each in report["reports"]]) == (
            "done",
            ["passed", "passed"],
        )
        counts = digests(result)
        assert set(counts) == {old, new}
        assert counts[new] > 5 * RATE, "half of one step and all of the other"
        half, _ = report["reports"]
        probes = half["rows"]  # at least one each
        assert half["requests"] > half["seconds"] * RATE * 0.3 + probes
        assert (found.alias("champion"), found.alias("canary")) == (2, 2)
        status = found.status
        assert status.split.canary == 0
        assert {each.digest for each in status.endpoints} == {new}


def test_a_version_that_fails_is_taken_back_and_no_request_is_lost(
    versions: tuple[Path, Path], tmp_path: Path
) -> None:
    with sick_canary(versions, tmp_path) as (found, shim):
        process = begin(found, "--steps", "50,100", "--interval", "20s")
        until(lambda: found.place.split().canary == 50, "the first step", 60)
        with Traffic(found.status.url, versions[0]).flowing() as result:
            shim.mode("sick")
            out, err = process.communicate(timeout=90)
        assert process.returncode == 5, (out, err)
        answered(result)
        assert "requests failed" in out
        assert (found.alias("champion"), found.alias("canary")) == (1, 1)
        assert found.place.split().canary == 0


def test_an_interrupted_rollout_takes_the_weights_back_and_goes_on(
    versions: tuple[Path, Path], tmp_path: Path
) -> None:
    quick = ("--steps", "50,100", "--max-disagreement", "0.9", "--max-latency-ratio", "20")
    with site(tmp_path / "site", *versions) as found:
        process = begin(found, *quick, "--interval", "60s")
        until(lambda: found.place.split().canary == 50, "the first step", 60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert found.place.split().canary == 0
        assert found.alias("champion") == 1
        ended = found.rollout(*quick, "--interval", "4s")
        assert ended.code == 0, ended.err
        assert ended.json["before"] == 1
        assert found.alias("champion") == 2


def begin(found: Site, *arguments: str) -> "subprocess.Popen[str]":
    command = [
        str(DEPLOYER), "rollout", f"{MODEL}@champion", "--to", "2", "--dir", str(found.place.path),
        "--yes", "-o", "json", *arguments,
    ]  # fmt: skip
    return subprocess.Popen(
        command, cwd=found.folder, env=environment(found.folder), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextmanager
def sick_canary(versions: tuple[Path, Path], folder: Path) -> Iterator[tuple[Site, Shim]]:
    """A site whose canary endpoint is behind a switch of faults."""
    with FaultProxy(folder / "faults") as proxy:
        shims: list[Shim] = []

        def before(found: Site) -> str:
            shims.append(Shim(proxy, found.canary.port, found.canary.port, "canary"))
            return shims[0].url

        with site(folder / "site", *versions, canary=before) as found:
            yield found, shims[0]
