"""The verb that looks whether an interrupted upload was gone on with, or begun anew."""

import pytest

from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.rules import Rule
from deployer.drills.verbs.network import Disturb, Mend
from deployer.drills.verbs.traffic import Mark
from deployer.drills.verbs.uploads import Resumed
from deployer.errors import UsageError
from tests.deployer.drills.verbs.verb_kit import Stage, ask, checked, seen_of

LARGE = 100 * 1024
STEP = Resumed(target="store:aws", package=1, begun="first", since="second", least=LARGE)


def put(stage: Stage, key: str, size: int = LARGE, cloud: str = "aws") -> None:
    ask(stage.ports[f"store:{cloud}"], method="PUT", target=f"/b/{key}", body=b"x" * size)


@pytest.fixture
def interrupted(scene: Scene, stage: Stage) -> Scene:
    """One of three parts was sent and confirmed, one was lost on its way."""
    for each in scene.packages[0].iterdir():
        each.unlink()
    (scene.packages[0] / "weights.bin").write_bytes(b"x" * 3 * LARGE)
    put(stage, "blobs/before")
    Mark(label="first").act(scene)
    put(stage, "blobs/one")
    put(stage, "models/record", 500)
    Disturb(target="store:aws", rule=Rule(effect="answer"), name="overloaded").act(scene)
    put(stage, "blobs/two")
    Mend().act(scene)
    Mark(label="second").act(scene)
    return scene


def test_only_the_rest_is_sent(interrupted: Scene, stage: Stage) -> None:
    put(stage, "blobs/two")
    put(stage, "blobs/three")
    put(stage, "blobs/one", cloud="gcp")
    STEP.act(interrupted)
    assert checked(interrupted) == ("only the rest is sent to store:aws", True)
    assert seen_of(interrupted) == (
        {
            "bytes before": f"{LARGE} or more",
            "bytes in all": f"{3 * LARGE} and headers",
            "sent again": 0,
        },
        {
            "bytes before": LARGE, "bytes now": 2 * LARGE, "bytes in all": 3 * LARGE,
            "sent again": 0,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "again"),
    [
        (["blobs/one"], 1),
        (["blobs/two", "blobs/three", "blobs/four"], 0),
        ([], 0),
    ],
    ids=["the same again", "more than there is", "nothing"],
)
def test_what_is_no_resumption(
    interrupted: Scene, stage: Stage, keys: list[str], again: int
) -> None:
    for key in keys:
        put(stage, key)
    STEP.act(interrupted)
    assert checked(interrupted) == ("only the rest is sent to store:aws", False)
    seen = seen_of(interrupted)[1]
    assert (seen["bytes now"], seen["sent again"]) == (LARGE * len(keys), again)


def test_an_upload_that_was_not_begun_proves_nothing(interrupted: Scene, stage: Stage) -> None:
    put(stage, "blobs/three")
    Mark(label="third").act(interrupted)
    put(stage, "blobs/two")
    Resumed(target="store:aws", package=1, begun="second", since="third", least=LARGE + 1).act(
        interrupted
    )
    assert checked(interrupted)[1] is False
    assert seen_of(interrupted)[1]["bytes before"] == LARGE


def test_what_it_needs_to_know(interrupted: Scene) -> None:
    with pytest.raises(UsageError, match="nothing is marked as 'third'"):
        Resumed(target="store:aws", package=1, begun="first", since="third").act(interrupted)
    with pytest.raises(UsageError, match="there is no package 2") as caught:
        Resumed(target="store:aws", package=2, begun="first", since="second").act(interrupted)
    assert caught.value.hint == "name it in {package:N} of a command"
