from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.serving.models import Models, Served
from deployer.training.options import Options
from deployer.training.train import train
from tests.deployer.serving.http.http_kit import Running, served_from, serving

PENGUINS = Path(__file__).parents[4] / "examples" / "penguins" / "penguins.csv"


@pytest.fixture(scope="session")
def http_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that no test may change."""
    out = tmp_path_factory.mktemp("served") / "model"
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(PENGUINS, target="species", out=out, options=options)
    return out


@pytest.fixture(scope="session")
def served(http_package: Path) -> Served:
    return served_from(http_package)


@pytest.fixture(scope="module")
def running(served: Served) -> Iterator[Running]:
    """A server that the tests of a module share."""
    models = Models()
    models.put(served)
    with serving(models) as running:
        yield running
