"""Verbs that wait and look: time, what clouds hold, who has noticed."""

import threading
import time

from deployer.drills.estate.scene import Scene
from deployer.drills.verbs.looking import Holds, Noticed, Observe
from deployer.drills.verbs.stores import Tamper
from tests.deployer.drills.verbs.verb_kit import checked, publish, seen_of


def test_time_passes_unless_somebody_asks_for_an_end(scene: Scene) -> None:
    began = time.monotonic()
    Observe(seconds=0.05).act(scene)
    assert time.monotonic() - began >= 0.05
    threading.Timer(0.05, scene.stop.set).start()
    Observe(seconds=100).act(scene)
    assert time.monotonic() - began < 60
    assert scene.recorder.events == []


def test_versions_are_there_on_every_cloud_that_is_named(scene: Scene) -> None:
    publish(scene, 1)
    publish(scene, 2, "aws")
    Holds(versions=(1,), absent=(3,)).act(scene)
    assert [each.name for each in scene.recorder.events] == [
        "aws holds what it should", "gcp holds what it should",
    ]  # fmt: skip
    assert all(each.ok for each in scene.recorder.events)
    Holds(clouds=("aws",), versions=(1, 2)).act(scene)
    assert checked(scene) == ("aws holds what it should", True)
    Holds(versions=(1, 2)).act(scene)
    assert [each.ok for each in scene.recorder.events[-2:]] == [True, False]
    assert seen_of(scene) == ({"there": [1, 2], "not there": []}, {"whole": [1], "listed": [1]})


def test_half_a_version_is_neither_there_nor_absent(scene: Scene) -> None:
    publish(scene, 1)
    Tamper(cloud="gcp", what="file:own.bin", how="delete").act(scene)
    Holds(clouds=("gcp",), versions=(1,)).act(scene)
    assert checked(scene) == ("gcp holds what it should", False)
    Holds(clouds=("gcp",), absent=(1,)).act(scene)
    assert checked(scene) == ("gcp holds what it should", False)
    assert seen_of(scene) == ({"there": [], "not there": [1]}, {"whole": [], "listed": [1]})


def test_somebody_notices_once_something_is_broken(scene: Scene) -> None:
    note = scene.recorder.note
    note("detected", "router", what="primary is slow", target="endpoint:primary")
    Noticed(within=0).act(scene)
    assert checked(scene) == ("somebody notices that something is broken", False)
    assert seen_of(scene) == ("somebody", "nobody")
    note("fault", "the primary is gone", target="endpoint:primary")
    Noticed(within=0).act(scene)
    assert checked(scene)[1] is False, "what was noticed before was something else"
    note("detected", "deployer verify", what="gcp: 1 object is damaged")
    Noticed(within=0).act(scene)
    assert checked(scene)[1] is True
    assert seen_of(scene)[1] == "deployer verify: gcp: 1 object is damaged"


def test_the_one_that_is_meant_is_noticed(scene: Scene) -> None:
    note = scene.recorder.note
    note("fault", "both are gone")
    note("detected", "router", what="standby fails", target="endpoint:standby")
    meant = Noticed(target="endpoint:primary", within=0)
    meant.act(scene)
    assert checked(scene) == ("somebody notices that endpoint:primary is broken", False)
    timer = threading.Timer(
        0.1, note, ("detected", "router"), {"what": "fails", "target": "endpoint:primary"}
    )
    timer.start()
    Noticed(target="endpoint:primary", within=30).act(scene)
    assert checked(scene)[1] is True
    assert seen_of(scene)[1] == "router: fails"
