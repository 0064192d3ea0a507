"""Verbs about the fault proxy: what they do to requests, and what a later step knows of it."""

import pytest

from deployer.drills.estate.processes import Service
from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.rules import Match, Rule
from deployer.drills.verbs.network import Disturb, Forget, Mend, Struck, listener_of
from deployer.errors import UsageError
from tests.deployer.drills.proxy.raw_http_kit import RawClient
from tests.deployer.drills.verbs.verb_kit import Stage, ask, checked, noted, seen_of

SLOW_DOWN = Disturb(target="store:aws", rule=Rule(effect="answer"), name="aws is overloaded")


def status(stage: Stage, target: str) -> int:
    client = RawClient(stage.ports[target])
    try:
        return client.get().status
    finally:
        client.close()


@pytest.mark.parametrize("target", ["aws", "store:azure", "store:", "endpoint:other", "router"])
def test_what_is_not_behind_the_proxy(scene: Scene, target: str) -> None:
    assert listener_of(scene, "store:gcp") == "store:gcp"
    assert listener_of(scene, "endpoint:primary") == "endpoint:primary"
    with pytest.raises(UsageError, match=f"'{target}' is not behind the fault proxy") as caught:
        Disturb(target=target, rule=Rule(effect="reset"), name="broken").act(scene)
    assert caught.value.hint == "write store:CLOUD or endpoint:NAME"
    assert scene.faults == {}


def test_a_disturbance_lasts_until_it_is_mended(scene: Scene, stage: Stage) -> None:
    SLOW_DOWN.act(scene)
    assert (status(stage, "store:aws"), status(stage, "store:gcp")) == (503, 200)
    Mend(fault="store:aws").act(scene)
    assert status(stage, "store:aws") == 200
    assert scene.faults == {}
    [fault], [mended] = noted(scene, "fault"), noted(scene, "mended")
    assert (fault.name, fault.detail) == (
        "aws is overloaded", {"target": "store:aws", "effect": "answer"},
    )  # fmt: skip
    assert (mended.name, mended.detail) == ("aws is overloaded", {"target": "store:aws"})


def test_a_rule_that_makes_no_sense_breaks_nothing(scene: Scene) -> None:
    drip = Disturb(target="store:aws", rule=Rule(effect="drip", rate=0), name="slow")
    with pytest.raises(UsageError, match="never ends"):
        drip.act(scene)
    assert scene.faults == {}
    assert noted(scene, "fault") == []


def test_two_faults_want_two_labels(scene: Scene, stage: Stage) -> None:
    SLOW_DOWN.act(scene)
    with pytest.raises(UsageError, match="two faults are called 'store:aws'"):
        SLOW_DOWN.act(scene)
    Disturb(target="store:gcp", rule=Rule(effect="answer"), name="gcp too", label="g").act(scene)
    assert list(scene.faults) == ["store:aws", "g"]
    Mend().act(scene)
    assert scene.faults == {}
    assert [each.name for each in noted(scene, "mended")] == ["aws is overloaded", "gcp too"]
    assert (status(stage, "store:aws"), status(stage, "store:gcp")) == (200, 200)


def test_nothing_is_mended_that_is_not_broken(scene: Scene) -> None:
    Mend().act(scene)
    with pytest.raises(UsageError, match="no fault is called 'x'"):
        Mend(fault="x").act(scene)
    assert noted(scene, "mended") == []


def test_requests_can_go_to_another_endpoint(scene: Scene, stage: Stage) -> None:
    other = Service("endpoint:other", (), scene.commands, scene.folder)
    scene.services["endpoint:other"] = other
    other.ready = {"url": stage.url("endpoint:standby")}
    before = stage.proxy.counts("endpoint:standby").requests
    rule = Rule(effect="divert", upstream="endpoint:other")
    Disturb(target="endpoint:primary", rule=rule, name="diverted").act(scene)
    ask(stage.ports["endpoint:primary"], 2)
    assert stage.proxy.counts("endpoint:standby").requests == before + 2
    with pytest.raises(UsageError, match="no process is called 'endpoint:none'"):
        Disturb(
            target="endpoint:standby",
            rule=Rule(effect="divert", upstream="endpoint:none"),
            name="x",
        ).act(scene)


def test_a_disturbance_that_met_nothing_proves_nothing(scene: Scene, stage: Stage) -> None:
    rule = Rule(effect="answer", match=Match(methods=("PUT",)))
    Disturb(target="store:aws", rule=rule, name="no writes", label="w").act(scene)
    ask(stage.ports["store:aws"], method="GET")
    Struck(fault="w").act(scene)
    assert checked(scene) == ("requests that met w", False)
    assert seen_of(scene) == ({"least": 1, "most": None}, 0)
    ask(stage.ports["store:aws"], 3, method="PUT")
    for struck, held in (
        (Struck(fault="w"), True), (Struck(fault="w", least=3, most=3), True),
        (Struck(fault="w", least=4), False), (Struck(fault="w", most=2), False),
    ):  # fmt: skip
        struck.act(scene)
        assert checked(scene)[1] is held
        assert seen_of(scene)[1] == 3
    Mend().act(scene)
    Struck(fault="w", least=3).act(scene)
    assert checked(scene)[1] is True, "it is known after it was mended, too"
    with pytest.raises(UsageError, match="nothing disturbs as 'store:aws'"):
        Struck(fault="store:aws").act(scene)


def test_names_are_forgotten_and_remembered(scene: Scene) -> None:
    with pytest.raises(UsageError, match="no names to forget") as caught:
        Forget().act(scene)
    assert caught.value.hint == "set estate: {named: true}"
    names = scene.work / "names"
    names.write_text("127.0.0.1 gcp.drill.test\n", "utf-8")
    Forget().act(scene)
    assert names.read_bytes() == b""
    assert noted(scene, "fault")[0].name == "no store's name resolves"
    Mend(fault="names").act(scene)
    assert names.read_text("utf-8") == "127.0.0.1 gcp.drill.test\n"
