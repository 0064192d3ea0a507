"""Verbs that look at what passes the fault proxy: how much since when, and of which kind."""

import threading
from functools import partial

import pytest

from deployer.drills.estate.scene import Scene
from deployer.drills.verbs.traffic import Idle, Mark, Requests, Traffic
from deployer.errors import UsageError
from tests.deployer.drills.verbs.verb_kit import Stage, ask, checked, seen_of


def test_what_passed_since_a_mark_is_counted(scene: Scene, stage: Stage) -> None:
    aws = stage.ports["store:aws"]
    ask(aws, 5)
    Mark(label="m").act(scene)
    ask(aws, 2, method="PUT", body=b"x" * 100)
    ask(aws, 1, method="GET", body=b"")
    assert scene.recorder.events == []
    for step, held in (
        (Traffic(target="store:aws", since="m", least=3, most=3, bytes=200), True),
        (Traffic(target="store:aws", since="m", least=4), False),
        (Traffic(target="store:aws", since="m", most=2), False),
        (Traffic(target="store:aws", since="m", bytes=199), False),
    ):
        step.act(scene)
        assert checked(scene) == ("requests to store:aws since m", held)
        assert seen_of(scene) == (
            {"least": step.least, "most": step.most, "bytes": step.bytes},
            {"requests": 3, "bytes": 200},
        )  # fmt: skip
    Traffic(target="store:aws", since="m", method="PUT", least=2, most=2).act(scene)
    assert checked(scene) == ("PUT to store:aws since m", True)
    Traffic(target="store:gcp", since="m", most=0).act(scene)
    assert checked(scene) == ("requests to store:gcp since m", True)


def test_one_time_is_compared_with_another(scene: Scene, stage: Stage) -> None:
    aws = stage.ports["store:aws"]
    Mark(label="calm").act(scene)
    ask(aws, 4)
    Traffic(target="store:aws", since="calm").act(scene)
    Mark(label="storm").act(scene)
    ask(aws, 6)
    Traffic(target="store:aws", since="storm", than="calm", factor=1.5).act(scene)
    assert checked(scene)[1] is True
    Traffic(target="store:aws", since="storm", than="calm", factor=1.25).act(scene)
    assert checked(scene)[1] is False
    assert seen_of(scene)[0] == {"least": 0, "most": 5, "bytes": None}


def test_what_was_not_marked_cannot_be_counted_from(scene: Scene) -> None:
    for step in (
        Traffic(target="store:aws", since="m"),
        Requests(target="store:aws", since="m", match=""),
    ):
        with pytest.raises(UsageError, match="nothing is marked as 'm'") as caught:
            step.act(scene)
        assert caught.value.hint == "mark it in an earlier step"
    Mark(label="m").act(scene)
    with pytest.raises(UsageError, match="nothing is marked as 'before'"):
        Traffic(target="store:aws", since="m", than="before").act(scene)
    with pytest.raises(UsageError, match="'store:azure' is not behind the fault proxy"):
        Traffic(target="store:azure", since="m").act(scene)


def test_requests_are_told_by_method_and_target(scene: Scene, stage: Stage) -> None:
    aws, gcp = stage.ports["store:aws"], stage.ports["store:gcp"]
    ask(aws, method="PUT", target="/b/blobs/before")
    Mark(label="m").act(scene)
    ask(aws, 2, method="PUT", target="/b/blobs/one")
    ask(aws, method="GET", target="/b/blobs/two")
    ask(aws, method="PUT", target="/b/models/three")
    ask(gcp, method="PUT", target="/b/blobs/elsewhere")
    blobs = partial(Requests, target="store:aws", since="m", match="/blobs/")
    for step, number, last, held in (
        (blobs(least=3, most=3), 3, "GET /b/blobs/two", True),
        (blobs(least=4), 3, "GET /b/blobs/two", False),
        (blobs(methods=("PUT",), most=1), 2, "PUT /b/blobs/one", False),
        (blobs(methods=("PUT",), least=2, most=2), 2, "PUT /b/blobs/one", True),
    ):
        step.act(scene)
        assert checked(scene) == ("requests for /blobs/ to store:aws", held)
        assert seen_of(scene) == (
            {"least": step.least, "most": step.most}, {"requests": number, "the last": [last]},
        )  # fmt: skip


def test_an_endpoint_that_is_asked_to_predict_is_not_idle(scene: Scene, stage: Stage) -> None:
    over = threading.Event()

    def predict() -> None:
        while not over.is_set():
            ask(stage.ports["endpoint:primary"])

    thread = threading.Thread(target=predict)
    thread.start()
    try:
        Idle(target="endpoint:primary", seconds=0.5, within=0.7).act(scene)
    finally:
        over.set()
        thread.join()
    assert checked(scene) == ("endpoint:primary gets no requests", False)
    assert seen_of(scene)[1] > 0


def test_an_endpoint_whose_health_alone_is_asked_is_idle(scene: Scene, stage: Stage) -> None:
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            ask(stage.ports["endpoint:primary"], method="GET", body=b"")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        Idle(target="endpoint:primary", seconds=0.5, within=30).act(scene)
    finally:
        over.set()
        thread.join()
    assert checked(scene) == ("endpoint:primary gets no requests", True)
