"""SIGKILL at requests of a publish to three emulators, while a reader loops on each of them.

As test_publish_crash.py does on the strict fake. The publisher goes through proxies that stop its
nth request; readers and auditors go straight to the emulators.
"""

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from deployer.drills.estate.warm import Host, Job
from deployer.emulators import EngineName
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from tests.deployer.registry.cloud_backends import Backend, emulated, opened, proxy_of, through
from tests.deployer.registry.dropping_proxy import DroppingProxy, Guillotine
from tests.deployer.registry.looking import Reader, live_audit, pull_files
from tests.deployer.registry.registry_kit import alias_log, audit, contents, folder_of
from tests.providers.harness_servers import Emulators

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ENGINES: tuple[EngineName, ...] = ("seaweedfs", "fake-gcs", "azurite")
PUSH = ["push", "model", "penguins:champion", "-o", "json", "--clouds", "aws,gcp,azure"]
MODEL = {"a": b"1", "sub/b": b"22"}
TIMEOUT = 120
STRAYS = ("deployer.json", "deployer-probe/")


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


class Scene:
    """A model, three empty emulated clouds, and proxies in front of them for the publisher."""

    def __init__(self, backends: Sequence[Backend], host: Host, folder: Path) -> None:
        self.backends = backends
        self.host = host
        self.folder = folder
        self.proxies: list[DroppingProxy] = []
        self.watched: list[Cloud] = []
        self.seen: set[tuple[str, str]] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder_of(self.folder / "model", MODEL)
        self.environment = {
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
        for backend in self.backends:
            proxy = self._stack.enter_context(proxy_of(backend))
            self.proxies.append(proxy)
            self.environment |= through(backend, proxy).settings
            self.watched.append(self._stack.enter_context(opened(backend)))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def look(self, cloud: Cloud) -> None:
        """See nothing or all of it, and never less than before."""
        assert live_audit(cloud) in ({}, {"penguins": [1]})
        for reference in ("penguins:1", "penguins", "penguins@champion"):
            files = pull_files(cloud, parse_reference(reference))
            if files is None:
                assert (cloud.name, reference) not in self.seen, f"{reference} is gone again"
            else:
                assert files == MODEL
                self.seen.add((cloud.name, reference))

    def push(self) -> Job:
        return self.host.start(PUSH, self.environment, self.folder)

    def finish(self) -> None:
        """Run the command again and check what it says."""
        job = self.push()
        assert job.wait() == 0, job.stderr
        said = json.loads(job.stdout)
        assert (said["version"], said["behind"]) == (1, {})

    def check(self) -> None:
        """Look once at what there is in the end, the same everywhere."""
        views = []
        for cloud in self.watched:
            objects = contents(cloud)
            assert audit(objects) == {"penguins": [1]}
            for alias in ("latest", "champion"):
                assert len(alias_log(objects, "penguins", alias)) == 1
            assert not [key for key in objects if key.startswith("txn/")]
            views.append({k: v for k, v in objects.items() if not k.startswith(STRAYS)})
        assert views[0] == views[1] == views[2]
        assert not list(self.folder.glob("state/deployer/publish/*.json"))
        assert len(self.seen) == 9


def fresh(emulators: Emulators, host: Host, folder: Path) -> Scene:
    return Scene([emulated(emulators, engine) for engine in ENGINES], host, folder)


def crash(scene: Scene, nth: int, *, carried_out: bool) -> bool:
    """Kill a push at its nth request and finish the work; False if it has fewer requests."""
    with scene:
        blade = Guillotine(scene.proxies, nth, carried_out=carried_out)
        with Reader(scene.watched, scene.look) as reader:
            job = scene.push()
            until = time.monotonic() + TIMEOUT
            while not blade.reached.wait(0.01) and not job.ended():
                assert time.monotonic() < until, f"it ended neither at request {nth} nor at all"
            killed = blade.reached.is_set()
            if killed:
                os.kill(job.pid, signal.SIGKILL)
                assert job.wait() == -signal.SIGKILL
                blade.go.set()
                reader.wait_for_a_look()
            else:
                assert job.wait() == 0, job.stderr
            scene.finish()
            reader.wait_for_a_look()
        assert reader.wrong == []
        scene.check()
        return killed


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_killed_at_requests(
    emulators: Emulators, host: Host, tmp_path: Path, carried_out: bool
) -> None:
    # Every fifth, in turn: the drill kill-at-every-step takes them all.
    nth = 2 if carried_out else 1
    # How many there are is a little different each time: a slow machine asks once more.
    while crash(fresh(emulators, host, tmp_path / f"{nth}"), nth, carried_out=carried_out):
        nth += 5
    assert nth > 40  # three clouds are founded and published to
