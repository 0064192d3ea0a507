"""The verb that runs commands: what it looks at of them, and what it writes down."""

import json
from typing import Any

import pytest

from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.rules import Match
from deployer.drills.verbs.commands import Run
from deployer.errors import TimedOutError, UsageError
from tests.deployer.drills.verbs.verb_kit import Stage, ask, checked, noted, seen_of

DOCUMENT = {"clouds": {"aws": "complete"}, "found": [1, {"key": "a b"}], "count": 2}


def real(scene: Scene) -> None:
    """Have it run deployer itself, with two folders as clouds."""
    scene.commands.module = "deployer"
    for name in ("aws", "gcp"):
        (scene.work / name).mkdir()
        url = f"file://{scene.work / name}"
        scene.commands.environment[f"DEPLOYER_CLOUDS_{name.upper()}_URL"] = url
    scene.commands.environment["DEPLOYER_PUSH_CLOUDS"] = "aws,gcp"


def test_a_publish_that_was_acknowledged_is_written_down(scene: Scene) -> None:
    real(scene)
    (scene.packages[0] / "own.bin").write_bytes(b"weights")
    Run(command=("push", "{package:1}", "{model}:champion")).act(scene)
    [publish] = noted(scene, "published")
    digest = scene.digests["drill:1"]
    assert publish.name == "drill:1"
    assert publish.detail == {
        "model": "drill", "version": 1, "digest": digest, "clouds": ["aws", "gcp"],
    }  # fmt: skip
    [command] = noted(scene, "command")
    assert command.detail["exit"] == 0
    assert command.detail["argv"] == [
        "push", str(scene.packages[0]), "drill:champion", "-o", "json",
    ]  # fmt: skip
    printed = (scene.folder / "commands" / command.detail["stdout"]).read_text("utf-8")
    assert json.loads(printed)["manifest"] == f"sha256:{digest}"
    [check] = noted(scene, "check")
    assert check.ok
    assert check.name.endswith("drill:champion -o json ends with 0")


def test_a_command_that_is_refused_says_why(scene: Scene) -> None:
    real(scene)
    step = Run(command=("pull", "drill:7", "out"), exit=(6,), says="no drill:7", detects=True)
    step.act(scene)
    assert [(each.name, each.ok) for each in noted(scene, "check")] == [
        ("deployer pull drill:7 out ends with 6", True),
        ("deployer pull drill:7 out says what is wrong", True),
    ]
    [detected] = noted(scene, "detected")
    assert detected.name == "deployer pull"
    assert detected.detail["what"]


def test_an_end_that_must_not_be(scene: Scene) -> None:
    Run(command=("verify", "--says", "all is lost", "--exit", "11"), exit=(0, 10)).act(scene)
    name = "deployer verify --says all is lost --exit 11 ends with 0 or 10"
    assert checked(scene) == (name, False)
    assert seen_of(scene) == ([0, 10], "11: all is lost")
    Run(command=("verify", "--exit", "11"), exit=(11,)).act(scene)
    assert checked(scene)[1] is True
    assert seen_of(scene) == ([11], 11)


def test_what_is_said_and_what_never_is(scene: Scene) -> None:
    talk = ("verify", "--says", "gcp: 1 damaged", "--prints", "aws: whole")
    Run(command=talk, says=r"gcp: \d damaged", never="Traceback").act(scene)
    Run(command=talk, says="azure", never="[a-z]+: whole").act(scene)
    name = f"deployer {' '.join(talk)}"
    assert [(each.name, each.ok, each.detail["seen"]) for each in noted(scene, "check")] == [
        (f"{name} ends with 0", True, 0),
        (f"{name} says so", True, "gcp: 1 damaged"),
        (f"{name} does not say Traceback", True, ""),
        (f"{name} ends with 0", True, 0),
        (f"{name} says so", False, "gcp: 1 damaged"),
        (f"{name} does not say [a-z]+: whole", False, "aws: whole"),
    ]


PATHS: dict[str, tuple[Any, Any]] = {
    "count": (2, 2), "clouds.aws": ("complete", "complete"), "found.1.key": ("a b", "a b"),
    "found.length": (2, 2), "found.0": (2, 1), "found.2": (1, None), "found.x": (1, None),
    "clouds.gcp": ("complete", None), "count.more": (1, None),
}  # fmt: skip
"""Path → what is wanted there, and what is there."""


def test_what_is_at_paths_of_the_answer(scene: Scene) -> None:
    wanted = {path: want for path, (want, _) in PATHS.items()}
    Run(command=("show", "--prints", json.dumps(DOCUMENT)), answers=wanted).act(scene)
    code, *checks = noted(scene, "check")
    assert code.name.endswith(" -o json ends with 0")
    assert [each.name.rpartition(" -o json: ")[2] for each in checks] == list(PATHS)
    for each, (want, found) in zip(checks, PATHS.values(), strict=True):
        assert each.detail == {"expected": want, "seen": found}
        assert each.ok is (want == found)


def test_a_command_on_another_machine_shares_no_state(scene: Scene) -> None:
    told = ("show", "--variable")
    own = f"{scene.work}/machines/other/state"
    for step, value in (
        (Run(command=(*told, "XDG_STATE_HOME")), f"{scene.work}/state"),
        (Run(command=(*told, "XDG_STATE_HOME"), machine="other"), own),
        (Run(command=(*told, "GREETING"), variables={"GREETING": "{work}"}), str(scene.work)),
    ):
        step.act(scene)
        [printed] = (scene.folder / "commands").glob(f"{len(noted(scene, 'command')):02d}-*.stdout")
        assert json.loads(printed.read_text("utf-8")) == {"value": value}


def test_what_a_breaking_command_publishes_is_no_acknowledged_publish(
    scene: Scene, stage: Stage
) -> None:
    push = ("push", "--put", stage.url("store:aws"))
    Run(command=push, breaks="a poisoned model is published").act(scene)
    [fault] = noted(scene, "fault")
    assert fault.name == "a poisoned model is published"
    assert fault.detail == {"target": "registry"}
    assert noted(scene, "published") == []
    assert scene.digests == {}
    Run(command=push).act(scene)
    [publish] = noted(scene, "published")
    assert publish.detail["clouds"] == ["aws"], "gcp was behind"
    Run(command=push, breaks="a version is published at the old home", counts=True).act(scene)
    assert len(noted(scene, "published")) == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_command_is_killed_at_a_request(scene: Scene, stage: Stage, after: bool) -> None:
    put = ("push", "--put", f"{stage.url('store:aws')}/blobs/x")
    Run(command=put, kill=Match(methods=("PUT",), target="/blobs/"), after=after).act(scene)
    name, ok = checked(scene)
    assert (name, ok) == (f"deployer {' '.join(put)} -o json ends with -9", True)
    assert stage.answering.puts == int(after)
    [fault] = noted(scene, "fault")
    assert fault.name == "deployer push is killed"
    assert noted(scene, "published") == []


def test_a_command_that_never_comes_to_that_request_was_not_killed(
    scene: Scene, stage: Stage
) -> None:
    put = ("push", "--put", stage.url("store:aws"))
    Run(command=put, kill=Match(methods=("PUT",)), nth=2).act(scene)
    assert checked(scene)[1] is False
    assert seen_of(scene) == ([-9], "0: ")
    assert noted(scene, "fault") == []


def test_it_is_killed_once_every_store_has_such_a_request(scene: Scene, stage: Stage) -> None:
    put = ("push", "--put", stage.url("store:aws"))
    kill = Match(methods=("PUT",))
    Run(command=put, kill=kill, at="store:aws, store:gcp", within=0.5).act(scene)
    assert checked(scene)[1] is True
    ask(stage.ports["store:gcp"], method="PUT")  # is held no more
    with pytest.raises(UsageError, match="'store:azure' is not behind the fault proxy"):
        Run(command=put, kill=kill, at="store:azure").act(scene)


def test_a_command_has_only_so_much_time(scene: Scene) -> None:
    with pytest.raises(TimedOutError, match=r"did not end within 0\.2 s") as caught:
        Run(command=("show", "--serves"), within=0.2).act(scene)
    assert caught.value.where == "deployer show --serves"
