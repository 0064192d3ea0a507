import shutil
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.serving.run.serve_kit import make_packages


@pytest.fixture(scope="session")
def two_packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two packages that no test may change; their labels have nothing in common."""
    return make_packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.setenv({"DEPLOYER_SERVE_DRAIN": "0", "DEPLOYER_SERVE_POLL": "0.2"})
    return made


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory, two_packages: tuple[Path, Path]) -> Path:
    """The stores of a registry in two clouds with two versions, the champion being the first."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(tmp_path_factory.mktemp("registry"), patch)
        world.local_clouds("aws", "gcp")
        first, second = two_packages
        world.invoke("push", str(first), "penguins:champion").ok()
        world.invoke("push", str(second), "penguins").ok()
        return world.folder / "stores"


@pytest.fixture
def registry(world: World, two_versions: Path) -> World:
    """A registry of the test's own."""
    shutil.copytree(two_versions, world.folder / "stores")
    world.local_clouds("aws", "gcp")
    return world
