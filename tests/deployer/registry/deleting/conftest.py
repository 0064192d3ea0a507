"""Three versions on three clouds."""

from pathlib import Path

import pytest

from deployer.registry.cloud import Cloud
from tests.deployer.registry.deleting.delete_kit import MakeFolder, publish_three
from tests.deployer.registry.registry_kit import memory_clouds


@pytest.fixture
def three(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """Three versions; champion is the first."""
    clouds = memory_clouds()
    publish_three(clouds, make_folder, state)
    return clouds
