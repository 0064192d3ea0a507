"""SIGKILL at every request of a publish to three emulators, while a reader loops on each of them.

As test_publish_crash.py does on the strict fake. The publisher goes through proxies that stop its
nth request; readers and auditors go straight to the emulators.
"""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from deployer.emulators import EngineName
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from tests.deployer.registry.cloud_backends import Backend, emulated, opened, proxy_of, through
from tests.deployer.registry.crash_host import Host, Job
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


def crash(scene: Scene, nth: int, *, carried_out: bool) -> None:
    with scene:
        blade = Guillotine(scene.proxies, nth, carried_out=carried_out)
        with Reader(scene.watched, scene.look) as reader:
            job = scene.push()
            assert blade.reached.wait(TIMEOUT), f"request {nth} never came"
            os.kill(job.pid, signal.SIGKILL)
            assert job.wait() == -signal.SIGKILL
            blade.go.set()
            reader.wait_for_a_look()
            scene.finish()
            reader.wait_for_a_look()
        assert reader.wrong == []
        scene.check()


def count_requests(scene: Scene) -> int:
    with scene:
        counter = Guillotine(scene.proxies, 0, carried_out=True)
        with Reader(scene.watched, scene.look) as reader:
            scene.finish()
            reader.wait_for_a_look()
        assert reader.wrong == []
        scene.check()
        return counter.count


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_killed_at_every_request(
    emulators: Emulators, host: Host, tmp_path: Path, carried_out: bool
) -> None:
    total = count_requests(fresh(emulators, host, tmp_path / "clean"))
    assert total > 40  # three clouds are founded and published to
    # The last requests race each other, so a run may have a few less.
    for nth in range(1, total - 2):
        crash(fresh(emulators, host, tmp_path / f"{nth}"), nth, carried_out=carried_out)
