import shutil
from pathlib import Path

import pytest

from deployer.training.options import Options
from deployer.training.train import train

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"


@pytest.fixture(scope="session")
def penguins() -> Path:
    return PENGUINS


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that no test may change."""
    out = tmp_path_factory.mktemp("trained") / "model"
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(PENGUINS, target="species", out=out, options=options)
    return out


@pytest.fixture
def package(trained: Path, tmp_path: Path) -> Path:
    """A package of the test's own."""
    return Path(shutil.copytree(trained, tmp_path / "model"))
