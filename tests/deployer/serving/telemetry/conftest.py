from pathlib import Path

import pytest

from deployer.packaging.load import load_package
from deployer.serving.models import Served
from deployer.serving.telemetry.metrics import prepare
from deployer.training.options import Options
from deployer.training.train import train

PENGUINS = Path(__file__).parents[4] / "examples" / "penguins" / "penguins.csv"


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A version whose answers are counted."""
    out = tmp_path_factory.mktemp("counted") / "model"
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(PENGUINS, target="species", out=out, options=options)
    return Served("penguins", "3", "ab" * 32, load_package(out), "aws", "penguins@champion")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "numbers"
    prepare(made)
    return made
