"""Verbs about a real emulator: it is lost with all that it held; what in it is not an object yet."""

import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from deployer.drills.estate.clouds import DrillClouds
from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.client import FaultProxy
from deployer.drills.verbs.network import Mend
from deployer.drills.verbs.processes import Lose
from deployer.drills.verbs.uploads import Unfinished
from deployer.emulators import BUCKET, Server
from deployer.emulators.ports import is_free
from deployer.errors import UsageError
from providers.keys import PARTS_PREFIX
from tests.deployer.drills.verbs.verb_kit import checked, noted, seen_of


def upload(server: Server, key: str) -> None:
    """Put an object where the store itself lets nobody put one."""
    url = f"{server.endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={quote(key)}"
    with urllib.request.urlopen(urllib.request.Request(url, b"part", method="POST")) as answer:
        assert answer.status == 200


@pytest.fixture
def real(scene: Scene) -> Iterator[Scene]:
    """A scene whose only cloud is an emulator."""
    with (
        FaultProxy(scene.folder / "proxy") as proxy,
        DrillClouds.running(["gcp"], "moto", proxy) as clouds,
    ):
        scene.clouds = clouds
        yield scene
    assert not any(each.server.alive for each in clouds), "one that was started again is left"


def test_a_lost_store_comes_back_empty_at_the_same_address(real: Scene) -> None:
    cloud = real.clouds["gcp"]
    port = cloud.server.port
    for number in range(2):
        upload(cloud.server, f"{PARTS_PREFIX}upload/{number}")
    for step, held in (
        (Unfinished(least=2, most=2), True),
        (Unfinished(clouds=("gcp",), least=3), False),
        (Unfinished(most=1), False),
    ):
        step.act(real)
        assert checked(real) == ("parts of unfinished uploads on gcp", held)
        expected, seen = seen_of(real)
        assert expected == {"least": step.least, "most": step.most}
        assert [each.startswith(PARTS_PREFIX) for each in seen] == [True, True]

    Lose(cloud="gcp").act(real)
    deadline = time.monotonic() + 60
    while not is_free(port):  # a connection that is being closed may hold it for a moment
        assert time.monotonic() < deadline
    [fault] = noted(real, "fault")
    assert fault.name == "the store of gcp and all in it is gone"
    assert fault.detail == {"target": "store:gcp"}
    with pytest.raises(UsageError, match="'aws' is no cloud of the estate"):
        Lose(cloud="aws").act(real)
    Mend(fault="store:gcp").act(real)
    assert cloud.server.port == port
    assert not is_free(port)
    assert list(cloud.store.list()) == []
    Unfinished(most=0).act(real)
    assert checked(real)[1] is True
