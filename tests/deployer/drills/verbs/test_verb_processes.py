"""Verbs about processes: who runs, who stands still, and how it is mended."""

from pathlib import Path

import pytest

from deployer.drills.estate.processes import Service
from deployer.drills.estate.scene import Scene
from deployer.drills.verbs.network import Mend
from deployer.drills.verbs.processes import Freeze, Kill, Start
from deployer.emulators.process import poll_until
from deployer.errors import FailedError, UsageError
from tests.deployer.drills.verbs.verb_kit import checked, noted, seen_of

TARGET = "endpoint:primary"


def service(scene: Scene, *arguments: str) -> Service:
    made = Service(TARGET, ("serve", *arguments), scene.commands, scene.folder / "logs")
    scene.services[TARGET] = made
    return made


def runs(service: Service) -> bool:
    return service.alive


def state(pid: int) -> str:
    """Return a process's state as proc(5) has it: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def test_a_killed_process_is_started_again(scene: Scene) -> None:
    primary = service(scene, "--serves")
    primary.start()
    before = primary.pid
    Kill(target=TARGET).act(scene)
    assert not runs(primary)
    assert list(scene.faults) == [TARGET]
    Mend(fault=TARGET).act(scene)
    assert runs(primary)
    assert primary.pid != before
    [fault], [mended] = noted(scene, "fault"), noted(scene, "mended")
    assert fault.name == mended.name == "endpoint:primary is killed"
    assert fault.detail == mended.detail == {"target": TARGET}


def test_a_frozen_process_stands_still_and_goes_on(scene: Scene) -> None:
    primary = service(scene, "--serves")
    primary.start()
    before = primary.pid
    Freeze(target=TARGET, label="ice").act(scene)
    assert poll_until(lambda: state(before) == "T", 20)
    assert runs(primary)
    Mend(fault="ice").act(scene)
    assert poll_until(lambda: state(before) == "S", 20)
    assert primary.pid == before
    assert [each.name for each in scene.recorder.events] == ["endpoint:primary is frozen"] * 2


@pytest.mark.parametrize("verb", [Kill, Freeze, Start])
def test_who_is_not_there_cannot_be_broken(
    scene: Scene, verb: type[Kill] | type[Freeze] | type[Start]
) -> None:
    service(scene)
    with pytest.raises(UsageError, match="no process is called 'router'") as caught:
        verb(target="router").act(scene)
    assert caught.value.hint == "there are: endpoint:primary"
    assert scene.recorder.events == []


def test_a_step_that_starts_a_killed_process_has_mended_it(scene: Scene) -> None:
    primary = service(scene, "--serves")
    primary.start()
    with pytest.raises(UsageError, match="endpoint:primary runs already") as caught:
        Start(target=TARGET).act(scene)
    assert caught.value.hint == "kill it first"
    Kill(target=TARGET).act(scene)
    Start(target=TARGET).act(scene)
    assert runs(primary)
    assert scene.faults == {}
    assert [each.kind for each in scene.recorder.events] == ["fault", "mended"]


def test_a_start_gets_variables_for_this_time(scene: Scene) -> None:
    primary = service(scene, "--variable", "DEPLOYER_DRILL_TEST", "--serves")
    Start(target=TARGET, variables={"DEPLOYER_DRILL_TEST": "{model}"}).act(scene)
    assert '{"value": "drill"}' in primary.log
    primary.drop()
    Start(target=TARGET).act(scene)
    assert '{"value": null}' in primary.log


def test_who_does_not_start_says_why(scene: Scene) -> None:
    service(scene, "--says", "no signature", "--exit", "5")
    with pytest.raises(FailedError, match="ended while it started: no signature") as caught:
        Start(target=TARGET).act(scene)
    assert caught.value.where == TARGET


def test_a_process_must_refuse_to_start_with_the_right_words(scene: Scene) -> None:
    primary = service(scene, "--says", "the version is not signed", "--exit", "5")
    Start(target=TARGET, refused="not (signed|trusted)").act(scene)
    assert checked(scene) == ("endpoint:primary refuses to start", True)
    Start(target=TARGET, refused="no key").act(scene)
    assert checked(scene) == ("endpoint:primary refuses to start", False)
    assert seen_of(scene) == ("no key", "the version is not signed")
    primary.arguments = ("serve", "--prints", "not signed", "--serves")
    Start(target=TARGET, refused="ready|signed").act(scene)
    assert checked(scene)[1] is False, "one that says so and starts all the same has not refused"
    assert not runs(primary)
