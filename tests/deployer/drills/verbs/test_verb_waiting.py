"""The verbs about two who meet: one is held or has to wait, the others go on."""

import json

import pytest

from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.rules import Match
from deployer.drills.verbs.network import Mend
from deployer.drills.verbs.waiting import Begin, Collector, Finish
from deployer.errors import UsageError
from deployer.registry.format import layout
from tests.deployer.drills.verbs.verb_kit import Stage, ask, checked, noted, seen_of

PUT = Match(methods=("PUT",))


def begin(stage: Stage, *more: str, request: Match = PUT) -> Begin:
    url = f"{stage.url('store:aws')}/versions/1.json"
    return Begin(label="first", command=("push", "--put", url, *more), request=request)


def test_a_command_is_held_until_it_may_finish(scene: Scene, stage: Stage) -> None:
    begin(stage).act(scene)
    name, ok = checked(scene)
    assert name.endswith("-o json is under way")
    assert ok
    assert stage.answering.puts == 0, "it came through"
    assert noted(scene, "published") == []
    Finish(label="first", answers={"version": 1}, says="manifest").act(scene)
    assert [each.ok for each in noted(scene, "check")] == [True] * 4
    assert stage.answering.puts == 1
    assert [each.name for each in noted(scene, "published")] == ["drill:1"]
    ask(stage.ports["store:aws"], method="PUT")
    assert stage.answering.puts == 2, "another request is still held"


def test_one_that_has_ended_is_not_under_way(scene: Scene, stage: Stage) -> None:
    begin(stage, "--exit", "3", request=Match(target="/aliases/")).act(scene)
    assert checked(scene)[1] is False
    assert seen_of(scene)[1] == {"requests": 0, "ended": 3}
    Finish(label="first").act(scene)
    assert checked(scene)[1] is False
    assert noted(scene, "published") == []


def test_one_that_is_only_watched_goes_on(scene: Scene, stage: Stage) -> None:
    url = stage.url("store:aws")
    watched = Begin(
        label="first", command=("push", "--put", url, "--serves"), request=PUT, held=False
    )
    watched.act(scene)
    assert checked(scene)[0].endswith("--serves -o json waits")
    assert checked(scene)[1]
    running, _ = scene.notes["begun first"]
    running.kill()
    Finish(label="first", exit=(-9,)).act(scene)
    assert checked(scene)[1]


def test_what_was_not_begun_cannot_be_finished(scene: Scene) -> None:
    with pytest.raises(UsageError, match="nothing was begun as 'first'"):
        Finish(label="first").act(scene)


def test_a_collector_is_at_work_until_that_is_mended(scene: Scene) -> None:
    def active() -> bool:
        with scene.clouds["gcp"].store.open(layout.SWEEP) as read:
            return bool(json.loads(b"".join(read.chunks))["active"])

    Collector(cloud="gcp").act(scene)
    assert active()
    [fault] = noted(scene, "fault")
    assert (fault.name, fault.detail["target"]) == ("garbage is collected on gcp", "store:gcp")
    Mend(fault="collector").act(scene)
    assert not active()
