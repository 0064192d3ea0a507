from pathlib import Path

import pytest

from deployer.packaging.load import load_package
from deployer.serving.models import Served
from deployer.serving.telemetry.metrics import prepare


@pytest.fixture(scope="session")
def counted(penguins_package: Path) -> Served:
    """A version whose answers are counted."""
    package = load_package(penguins_package)
    return Served("penguins", "3", "ab" * 32, package, "aws", "penguins@champion")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "numbers"
    prepare(made)
    return made
