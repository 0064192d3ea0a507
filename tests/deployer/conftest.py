from pathlib import Path

import pytest

from deployer.training.options import Options
from deployer.training.train import train

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins" / "penguins.csv"


@pytest.fixture(scope="session")
def penguins_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of numbers and categories that no test may change, in a folder `penguins`."""
    out = tmp_path_factory.mktemp("trained") / "penguins"
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(PENGUINS, target="species", out=out, options=options)
    return out
