"""The verb that kills a publish at each of its requests, against a real emulator."""

import os
from collections.abc import Iterator

import pytest

from deployer.drills.estate.clouds import DrillClouds
from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.client import FaultProxy
from deployer.drills.verbs.steps import KillEvery
from tests.deployer.drills.verbs.verb_kit import noted

pytestmark = pytest.mark.slow


@pytest.fixture
def real(scene: Scene) -> Iterator[Scene]:
    with (
        FaultProxy(scene.folder / "proxy") as proxy,
        DrillClouds.running(["gcp"], "moto", proxy) as clouds,
    ):
        scene.proxy, scene.clouds = proxy, clouds
        scene.commands.environment |= {
            **clouds.environment(), "DEPLOYER_PUSH_CLOUDS": "gcp",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }  # fmt: skip
        yield scene


@pytest.mark.parametrize("least", [2, 3])
def test_kills_that_were_too_few_are_told(real: Scene, least: int) -> None:
    KillEvery(at=("store:gcp",), stride=8, least=least).act(real)
    found = {event.name: event for event in noted(real, "check")}
    killed = found.pop(
        "a push killed at any of its requests to store:gcp is finished by the same command"
    )
    number = killed.detail["seen"]["requests"]
    assert number >= 2, "a push of two files has more than eight requests"
    assert killed.ok is (number >= least)
    assert killed.detail["expected"] == {"requests": f"{least} or more", "wrong": []}
    assert killed.detail["seen"]["wrong"] == []
    assert all(event.ok for event in found.values()), found
    assert set(found) == {
        "nobody sees half a version, or one that goes away again",
        "every version that was finished is seen on every cloud",
        "gcp holds no unfinished publish and no alias that moved twice",
        "no publish is remembered as unfinished",
    }
    [fault] = noted(real, "fault")
    assert fault.name == (
        "a push is killed at one in 8 of its requests to store:gcp, before it arrives"
    )
    published = {event.name for event in noted(real, "published")}
    assert len(published) > number, "the one that came through was not killed"
    assert "gcp-before-01:1" in published
