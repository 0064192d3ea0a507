import shutil
from pathlib import Path

import pytest

from tests.deployer.gate.gate_kit import Models, gated_world, make_models, push
from tests.deployer.registry.cli_kit import World


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return make_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, models: Models) -> Path:
    folder = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        push(gated_world(folder, patch, models), models)
    return folder


@pytest.fixture
def world(
    published: Path, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """Return a world with penguins:1 to :3, no champion and no rules."""
    for name in ("stores", "state"):
        shutil.copytree(published / name, tmp_path / name)
    return gated_world(tmp_path, monkeypatch, models)
