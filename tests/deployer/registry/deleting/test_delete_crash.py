"""A deletion that is killed at any request is finished by the next."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deployer.drills.estate.warm import Host
from tests.deployer.registry.deleting.delete_kit import TIMEOUT, MakeFolder
from tests.deployer.registry.dropping_proxy import Guillotine
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    audit,
    contents,
    folder_of,
    memory_clouds,
    push,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.deployer.upkeep.gc_kit import CrashError, Fuse, deleted, sharing, versions_of


def test_a_crash_at_every_request(make_folder: MakeFolder, tmp_path: Path) -> None:
    """In memory: whatever was done, all is whole, and the same command finishes it."""
    roots = [make_folder({"a": b"%d" % number}) for number in (1, 2)]
    for carried_out in (False, True):
        for requests in range(200):
            clouds = memory_clouds("aws", "gcp")
            state = tmp_path / f"{carried_out}-{requests}"
            for root in roots:
                push(clouds, root, state=state)
            try:
                deleted(sharing(clouds, Fuse(requests, carried_out=carried_out)), 1, state=state)
                break
            except CrashError:
                pass
            for cloud in clouds:
                assert audit(contents(cloud))["penguins"][-1] == 2
            assert deleted(clouds, 1, state=state).behind == {}
            for cloud in clouds:
                assert versions_of(contents(cloud)) == {2: {"a": b"2"}}
        assert 15 < requests < 100


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


def killed(host: Host, folder: Path, nth: int, *, carried_out: bool) -> bool:
    """Kill `deployer delete` at its nth request, run it again; return whether it got that far."""
    command = ["delete", "penguins:1", "--yes", "-o", "json", "--clouds", "aws,gcp,azure"]
    with strict_cloud() as strict, pytest.MonkeyPatch.context() as patch:
        environment = strict_environment(strict) | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        clouds = strict_clouds()
        for number in (1, 2):
            root = folder_of(folder / str(number), {"a": b"%d" % number})
            push(clouds, root, state=folder / "state" / "deployer")
        blade = Guillotine([strict], nth, carried_out=carried_out)
        job = host.start(command, environment, folder)
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(job.wait)
            while not blade.reached.is_set() and not ended.done():
                blade.reached.wait(0.005)
            if not blade.reached.is_set():
                assert ended.result() == 0, job.stderr
                return False
            os.kill(job.pid, signal.SIGKILL)
            assert ended.result(timeout=TIMEOUT) == -signal.SIGKILL
        blade.go.set()
        for dialect in DIALECTS.values():
            assert audit(strict.objects(dialect, BUCKET))["penguins"][-1] == 2
        job = host.start(command, environment, folder)
        assert job.wait() == 0, job.stderr
        assert json.loads(job.stdout)["behind"] == {}
        for dialect in DIALECTS.values():
            assert audit(strict.objects(dialect, BUCKET)) == {"penguins": [2]}
    return True


def killed_at(host: Host, folder: Path, step: int, modes: tuple[bool, ...]) -> None:
    nth = 1
    while all(killed(host, folder / f"{nth}-{mode}", nth, carried_out=mode) for mode in modes):
        nth += step
    assert nth > 30


def test_killed_at_some_requests(host: Host, tmp_path: Path) -> None:
    killed_at(host, tmp_path, 12, (True,))


@pytest.mark.slow
def test_killed_at_every_request(host: Host, tmp_path: Path) -> None:
    killed_at(host, tmp_path, 1, (False, True))
