"""SIGKILL at every request of `home promote` and `home reconcile`; the same command finishes it."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from deployer.drills.estate.warm import Host
from tests.deployer.registry.dropping_proxy import Guillotine
from tests.deployer.registry.home_kit import (
    bring_back,
    changed,
    make_home,
    marker,
    objects,
    shared,
)
from tests.deployer.registry.registry_kit import (
    NAMES,
    audit,
    folder_of,
    push,
    sha256,
    strict_cloud,
    strict_clouds,
    strict_environment,
)
from tests.fakes import StrictCloud

PROMOTE = ["home", "promote", "gcp", "--yes", "-o", "json"]
RECONCILE = ["home", "reconcile", "aws", "--yes", "-o", "json"]
CLOUDS = ["--clouds", "aws,gcp,azure"]
STEP = 23  # of the quick variant
PARTS = 4  # of the slow one
TIMEOUT = 120


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


class Scene:
    """Three clouds before the command; what must hold at each request, and after it."""

    command: list[str]

    def __init__(self, cloud: StrictCloud, host: Host, folder: Path) -> None:
        self.cloud = cloud
        self.host = host
        self.folder = folder
        self.state = folder / "state" / "deployer"
        self.wrong: list[str] = []
        self.environment = strict_environment(cloud) | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.count = 0
        self.prepare()
        cloud.on_response(lambda *_: self.look())

    def publish(self, body: bytes, *names: str, state: str = "state/deployer") -> int:
        root = folder_of(self.folder / f"model{self.count}", {"a": body})
        self.count += 1
        clouds = strict_clouds(*names)
        return push(clouds, root, state=self.folder / state, require=1).version

    def prepare(self) -> None:
        raise NotImplementedError

    def look(self) -> None:
        try:
            self.hold()
        except (AssertionError, KeyError) as error:
            self.wrong.append(repr(error))

    def hold(self) -> None:
        """Check what must hold at any time."""
        raise NotImplementedError

    def finished(self) -> None:
        """Check what must hold when the command has come through."""
        raise NotImplementedError

    def finish(self) -> None:
        job = self.host.start([*self.command, *CLOUDS], self.environment, self.folder)
        assert job.wait() == 0, job.stderr
        json.loads(job.stdout)
        self.look()
        assert self.wrong == []
        self.finished()


class Promoting(Scene):
    """gcp lacks a version that the others have, and becomes the home."""

    command = PROMOTE

    def prepare(self) -> None:
        self.publish(b"1")
        assert self.publish(b"2", "aws", "azure") == 2
        self.before = {name: objects(self.cloud, name) for name in NAMES}

    def hold(self) -> None:
        for name in NAMES:
            held = objects(self.cloud, name)
            audit(shared(held))
            assert changed(self.before[name], held) <= {
                "deployer.json",
                "models/penguins/aliases/latest.json",
            }
        own = marker(objects(self.cloud, "gcp"))
        if own["home"] == own["store"]:  # publishes may begin: it must have everything by now
            assert marker(objects(self.cloud, "aws"))["home"] == own["store"]
            assert audit(shared(objects(self.cloud, "gcp"))) == {"penguins": [1, 2]}

    def finished(self) -> None:
        assert {marker(objects(self.cloud, name))["epoch"] for name in NAMES} == {2}
        assert self.publish(b"3") == 3
        views = [shared(objects(self.cloud, name)) for name in NAMES]
        assert views[0] == views[1] == views[2]
        assert audit(views[0]) == {"penguins": [1, 2, 3]}


class Reconciling(Scene):
    """aws published 2 and 3 and moved an alias while gcp, the home by then, published another 2."""

    command = RECONCILE

    def prepare(self) -> None:
        self.publish(b"1")
        make_home(strict_clouds("gcp", "azure"), "gcp", self.state)
        assert self.publish(b"new 2", "gcp", "azure") == 2
        for body in (b"old 2", b"old 3"):
            self.publish(body, "aws", state="unaware")
        self.before = {name: objects(self.cloud, name) for name in NAMES}
        self.lost = {
            key: body
            for key, body in self.before["aws"].items()
            if key.startswith("models/") and self.before["gcp"].get(key) != body
        }
        assert len(self.lost) == 5  # two versions, two moves and the alias

    def hold(self) -> None:
        for name in ("gcp", "azure"):
            held = objects(self.cloud, name)
            audit(shared(held))
            assert changed(self.before[name], held) == set()
        aws = objects(self.cloud, "aws")
        for key, body in self.lost.items():
            assert body in (aws.get(key), aws.get(f"diverged/{sha256(body)}/{key}")), key
        assert changed(self.before["aws"], aws) <= {"deployer.json", *self.lost}

    def finished(self) -> None:
        views = [shared(objects(self.cloud, name)) for name in NAMES]
        assert views[0] == views[1] == views[2]
        assert audit(views[0]) == {"penguins": [1, 2, 3, 4]}
        assert {marker(objects(self.cloud, name))["epoch"] for name in NAMES} == {2}
        assert bring_back(strict_clouds(), "aws", self.state).divergent == {}
        assert self.publish(b"next") == 5


Make = Callable[[StrictCloud, Host, Path], Scene]


def count_requests(make: Make, host: Host, folder: Path) -> int:
    with strict_cloud() as cloud, mock.patch.dict(os.environ, strict_environment(cloud)):
        scene = make(cloud, host, folder)
        start = len(cloud.requests)
        job = host.start([*scene.command, *CLOUDS], scene.environment, folder)
        assert job.wait() == 0, job.stderr
        count = len(cloud.requests) - start
        scene.finish()
    return count


def crash(make: Make, host: Host, folder: Path, nth: int, *, carried_out: bool) -> None:
    with strict_cloud() as cloud, mock.patch.dict(os.environ, strict_environment(cloud)):
        scene = make(cloud, host, folder)
        blade = Guillotine([cloud], nth, carried_out=carried_out)
        job = host.start([*scene.command, *CLOUDS], scene.environment, folder)
        assert blade.reached.wait(TIMEOUT), f"request {nth} never came"
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        blade.go.set()
        scene.look()
        scene.finish()


def sweep(make: Make, host: Host, folder: Path, numbers: slice, modes: tuple[bool, ...]) -> int:
    total = count_requests(make, host, folder / "clean")
    crashes = 0
    # The last requests race each other, so a run may have a few less.
    for nth in range(1, total - 2)[numbers]:
        carried_out = modes[nth % len(modes)]
        crash(make, host, folder / f"{nth}-{carried_out}", nth, carried_out=carried_out)
        crashes += 1
    return crashes


BOTH = pytest.mark.parametrize("make", [Promoting, Reconciling], ids=["promote", "reconcile"])


@BOTH
def test_killed_at_some_requests(make: Make, host: Host, tmp_path: Path) -> None:
    assert sweep(make, host, tmp_path, slice(0, None, STEP), (False, True)) >= 2


@pytest.mark.slow
@pytest.mark.timeout(1200)
@BOTH
@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_request(
    make: Make, host: Host, tmp_path: Path, carried_out: bool, part: int
) -> None:
    assert sweep(make, host, tmp_path, slice(part, None, PARTS), (carried_out,)) >= 5
