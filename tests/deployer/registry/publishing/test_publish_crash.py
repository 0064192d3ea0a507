"""SIGKILL at every request of a publish to three clouds: readers see nothing or all of it.

The publisher is a `deployer push` in a process of its own, the clouds are the strict fake in
this one. After each crash the same command, run again, finishes with exactly one version.
"""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.estate.warm import Host, Job
from tests.deployer.registry.dropping_proxy import Guillotine
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    alias_log,
    audit,
    folder_of,
    strict_cloud,
    strict_environment,
)
from tests.fakes import StrictCloud

PUSH = ["push", "model", "penguins:champion", "-o", "json", "--clouds", "aws,gcp,azure"]
STEP = 9  # of the quick variant: every ninth request
TIMEOUT = 120


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


class Scene:
    """Three clouds, a model, and a reader that looks at every request boundary."""

    def __init__(self, cloud: StrictCloud, host: Host, folder: Path) -> None:
        self.cloud = cloud
        self.host = host
        self.folder = folder
        folder_of(folder / "model", {"a": b"1", "sub/b": b"22"})
        self.environment = strict_environment(cloud) | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.seen_wrong: list[str] = []
        cloud.on_response(lambda *_: self.look())

    def look(self) -> None:
        """Check that a reader of each cloud, now, finds nothing or something whole."""
        for dialect in DIALECTS.values():
            try:
                found = audit(self.cloud.objects(dialect, BUCKET))
                assert found in ({}, {"penguins": [1]})
            except (AssertionError, KeyError) as error:
                self.seen_wrong.append(f"{dialect}: {error!r}")

    def push(self) -> Job:
        return self.host.start(PUSH, self.environment, self.folder)

    def finish(self) -> None:
        """Run the command again and check what there is then."""
        job = self.push()
        assert job.wait() == 0, job.stderr
        assert json.loads(job.stdout)["version"] == 1
        assert json.loads(job.stdout)["behind"] == {}
        views = []
        for dialect in DIALECTS.values():
            objects = self.cloud.objects(dialect, BUCKET)
            assert audit(objects) == {"penguins": [1]}
            for alias in ("latest", "champion"):
                assert len(alias_log(objects, "penguins", alias)) == 1
            strays = ("deployer.json", "deployer-probe/")
            views.append({k: v for k, v in objects.items() if not k.startswith(strays)})
            assert not [key for key in objects if key.startswith("txn/")]
        assert views[0] == views[1] == views[2]
        assert not list(self.folder.glob("state/deployer/publish/*.json"))
        assert self.seen_wrong == []


def count_requests(host: Host, folder: Path) -> int:
    with strict_cloud() as cloud:
        scene = Scene(cloud, host, folder)
        job = scene.push()
        assert job.wait() == 0, job.stderr
        count = len(cloud.requests)
        scene.finish()
    return count


def crash(host: Host, folder: Path, nth: int, *, carried_out: bool) -> None:
    with strict_cloud() as cloud:
        scene = Scene(cloud, host, folder)
        blade = Guillotine([cloud], nth, carried_out=carried_out)
        job = scene.push()
        assert blade.reached.wait(TIMEOUT), f"request {nth} never came"
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        blade.go.set()
        scene.look()
        scene.finish()


def sweep(host: Host, folder: Path, step: int, modes: tuple[bool, ...]) -> int:
    total = count_requests(host, folder / "clean")
    assert total > 40  # three clouds are founded and published to
    crashes = 0
    # The last requests race each other, so a run may have a few less.
    for nth in range(1, total - 2, step):
        for carried_out in modes if step == 1 else (modes[nth // step % len(modes)],):
            crash(host, folder / f"{nth}-{carried_out}", nth, carried_out=carried_out)
            crashes += 1
    return crashes


def test_killed_at_some_requests(host: Host, tmp_path: Path) -> None:
    assert sweep(host, tmp_path, STEP, (False, True)) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_killed_at_every_request(host: Host, tmp_path: Path, carried_out: bool) -> None:
    assert sweep(host, tmp_path, 1, (carried_out,)) >= 40


def reap(job: Job, code: list[int], *events: threading.Event) -> None:
    """Wait for the end of a job and tell it."""
    code.append(job.wait())
    for event in events:
        event.set()


def test_killed_again_and_again(host: Host, tmp_path: Path) -> None:
    """Each run comes a little further; the last one finishes."""
    with strict_cloud() as cloud:
        scene = Scene(cloud, host, tmp_path)
        for nth in (5, 17, 22, 25, 30, 33):
            blade = Guillotine([cloud], nth, carried_out=nth % 2 == 0)
            job = scene.push()
            ended = threading.Event()
            code: list[int] = []

            thread = threading.Thread(target=reap, args=(job, code, ended, blade.reached))
            thread.start()
            assert blade.reached.wait(TIMEOUT)
            if not ended.is_set():
                os.kill(job.pid, signal.SIGKILL)
            blade.go.set()
            thread.join(TIMEOUT)
            assert code[0] in (0, -signal.SIGKILL), job.stderr
        scene.finish()
