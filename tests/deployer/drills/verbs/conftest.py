from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.estate.scene import Scene
from deployer.drills.proxy.client import FaultProxy
from tests.deployer.drills.verbs.verb_kit import Answering, Stage, scene_of


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    traffic = folder / "traffic.jsonl"
    with FaultProxy(folder / "logs", traffic=traffic) as proxy:
        stage = Stage.built(proxy, traffic)
        with stage.server:
            yield stage


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    fresh = Answering()
    for name in ("digest", "status", "numbered", "puts"):
        setattr(shared.answering, name, getattr(fresh, name))
    yield shared
    shared.proxy.clear()


@pytest.fixture
def scene(stage: Stage, tmp_path: Path) -> Iterator[Scene]:
    """Two clouds in memory, two endpoints; whatever is started is ended."""
    scene = scene_of(tmp_path, stage, "aws", "gcp")
    yield scene
    for service in scene.services.values():
        service.drop()
    scene.commands.stop()
    scene.recorder.close()
