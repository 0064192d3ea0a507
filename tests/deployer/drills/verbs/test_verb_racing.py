"""The verb that has two publishers meet."""

from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.rules import Match
from deployer.drills.verbs.racing import Race
from tests.deployer.drills.verbs.verb_kit import Stage, noted, seen_of

NAME = "two publishers at once get a version each"


def race(stage: Stage, *more: str, target: str = "/versions/") -> Race:
    url = f"{stage.url('store:aws')}/versions/1.json"
    return Race(
        held=("push", "{model}", "--put", url, *more),
        meanwhile=("push", "--put", url),
        request=Match(methods=("PUT",), target=target),
        within=30,
    )


def test_the_one_that_was_held_comes_second(scene: Scene, stage: Stage) -> None:
    race(stage).act(scene)
    [check] = noted(scene, "check")
    assert (check.name, check.ok) == (NAME, True)
    assert seen_of(scene)[1] == {"versions": [1, 2], "codes": [0, 0], "met": True}
    quick, slow = noted(scene, "command")
    assert quick.detail["argv"] == ["push", "--put", quick.detail["argv"][2], "-o", "json"]
    assert slow.detail["argv"][:2] == ["push", "drill"]
    [fault] = noted(scene, "fault")
    assert fault.detail == {"target": "store:aws"}
    assert [each.name for each in noted(scene, "published")] == ["drill:1", "drill:2"]


def test_one_version_for_two_is_wrong(scene: Scene, stage: Stage) -> None:
    stage.answering.numbered = False
    race(stage).act(scene)
    [check] = noted(scene, "check")
    assert (check.name, check.ok) == (NAME, False)
    assert seen_of(scene) == (
        "two versions", {"versions": [1, 1], "codes": [0, 0], "met": True},
    )  # fmt: skip


def test_two_that_did_not_meet_prove_nothing(scene: Scene, stage: Stage) -> None:
    race(stage, target="/aliases/").act(scene)
    [check] = noted(scene, "check")
    assert check.ok is False
    assert seen_of(scene)[1] == {"versions": [2, 1], "codes": [0, 0], "met": False}


def test_both_must_end_well(scene: Scene, stage: Stage) -> None:
    race(stage, "--exit", "1").act(scene)
    [check] = noted(scene, "check")
    assert check.ok is False
    assert seen_of(scene)[1]["codes"] == [0, 1]
    assert [each.name for each in noted(scene, "published")] == ["drill:1"]
