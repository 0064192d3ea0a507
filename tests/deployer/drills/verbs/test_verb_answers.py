"""Verbs that look at answers: of the load that goes on all the time, and of one request."""

import threading
from collections.abc import Iterator

import pytest

from deployer.drills.estate.scene import Scene
from deployer.drills.load.client import LoadGenerator
from deployer.drills.proxy.rules import Rule
from deployer.drills.verbs.answers import Accept, Answered, Ask
from deployer.drills.verbs.network import Disturb
from deployer.errors import UsageError
from tests.deployer.drills.verbs.verb_kit import OTHER, RIGHT, Stage, checked, noted, seen_of


@pytest.fixture
def published(scene: Scene) -> Scene:
    scene.digests |= {"drill:1": RIGHT, "drill:2": OTHER}
    return scene


@pytest.fixture
def loaded(published: Scene, stage: Stage) -> Iterator[Scene]:
    """A scene under load."""
    published.load = LoadGenerator(
        stage.server.url, "/v2/models/drill/infer", b"{}", {}, rate=200, give_up=20,
        file=published.folder / "requests.jsonl", folder=published.folder / "logs",
    )  # fmt: skip
    with published.load:
        yield published


def test_what_is_right_is_said_in_the_diary(published: Scene) -> None:
    Accept(versions=(1,)).act(published)
    Accept(versions=(2,)).act(published)
    assert published.accepted == [RIGHT, OTHER]
    assert [(each.name, each.detail) for each in noted(published, "accepted")] == [
        ("1", {"digests": [RIGHT]}), ("2", {"digests": [RIGHT, OTHER]}),
    ]  # fmt: skip


def test_a_version_that_nobody_published_is_not_accepted(published: Scene) -> None:
    with pytest.raises(UsageError, match="version 3 is not published") as caught:
        Accept(versions=(3,)).act(published)
    assert caught.value.hint == "publish it in an earlier step"
    assert published.accepted == []


def test_without_a_load_nothing_is_answered(scene: Scene) -> None:
    with pytest.raises(UsageError, match="there is no load to look at") as caught:
        Answered().act(scene)
    assert caught.value.hint == "give the estate endpoints"


def test_requests_in_a_row_are_answered_rightly(loaded: Scene, stage: Stage) -> None:
    loaded.accept(1)
    Answered(requests=5, within=30).act(loaded)
    assert checked(loaded) == ("5 requests in a row are answered", True)
    expected, seen = seen_of(loaded)
    assert (expected, seen >= 5) == (5, True)
    Answered(version=1, requests=3, within=30).act(loaded)
    assert checked(loaded) == ("3 requests in a row are answered by version 1", True)

    Answered(version=2, requests=1, within=0.1).act(loaded)
    assert checked(loaded) == ("1 requests in a row are answered by version 2", False)
    assert seen_of(loaded) == (1, 0)
    stage.answering.digest = OTHER
    Answered(version=2, requests=5, within=30).act(loaded)
    assert checked(loaded)[1] is True
    # What was right before does not count, nor what is not accepted.
    Answered(requests=1, within=0.1).act(loaded)
    assert checked(loaded)[1] is False
    stage.answering.status = 503
    stage.answering.digest = RIGHT
    Answered(version=1, requests=1, within=0.1).act(loaded)
    assert checked(loaded)[1] is False


@pytest.mark.parametrize(
    ("step", "held"),
    [
        (Ask(target="router"), True),
        (Ask(target="endpoint:primary", version=1), True),
        (Ask(target="router", version=2, within=0), False),
        (Ask(target="router", status=503, within=0), False),
        (Ask(target="router", faster=60), True),
        (Ask(target="router", faster=0, within=0), False),
        (Ask(target="router", lasting=0.05), True),
    ],
)
def test_one_request_is_answered_as_it_must(published: Scene, step: Ask, held: bool) -> None:
    published.accept(1)
    step.act(published)
    version = f" and version {step.version}" if step.version else ""
    lasting = " for 0.05 s" if step.lasting else ""
    assert checked(published) == (
        f"{step.target} answers with {step.status}{version}{lasting}",
        held,
    )
    expected, seen = seen_of(published)
    assert expected == {"status": step.status, "faster": step.faster}
    assert seen.items() >= {"status": 200, "digest": RIGHT[:12]}.items()


def test_a_refusal_needs_no_digest_and_silence_is_status_0(published: Scene, stage: Stage) -> None:
    stage.answering.status = 503
    Ask(target="router", status=503, version=2).act(published)
    assert checked(published) == ("router answers with 503 and version 2", True)
    Disturb(target="endpoint:primary", rule=Rule(effect="reset"), name="reset").act(published)
    Ask(target="endpoint:primary", within=0).act(published)
    assert checked(published)[1] is False
    assert seen_of(published)[1].items() >= {"status": 0, "digest": ""}.items()


def test_an_answer_is_waited_for_and_must_then_last(published: Scene, stage: Stage) -> None:
    published.accept(1)
    stage.answering.digest = OTHER
    threading.Timer(0.1, setattr, (stage.answering, "digest", RIGHT)).start()
    Ask(target="router", within=30).act(published)
    assert checked(published)[1] is True
    threading.Timer(0.1, setattr, (stage.answering, "digest", OTHER)).start()
    Ask(target="router", lasting=30).act(published)
    assert checked(published) == ("router answers with 200 for 30 s", False)
    assert seen_of(published)[1]["digest"] == OTHER[:12]


def test_who_cannot_be_asked(published: Scene) -> None:
    with pytest.raises(UsageError, match="no process is called 'endpoint:none'"):
        Ask(target="endpoint:none").act(published)
