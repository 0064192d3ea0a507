from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from deployer.serving.models import Models, Served
from deployer.training.options import Options
from deployer.training.train import train
from tests.deployer.serving.grpc.grpc_kit import Client, Running, served_from, serving

PENGUINS = Path(__file__).parents[4] / "examples" / "penguins" / "penguins.csv"


@pytest.fixture(scope="session")
def grpc_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that no test may change."""
    out = tmp_path_factory.mktemp("served") / "model"
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(PENGUINS, target="species", out=out, options=options)
    return out


@pytest.fixture(scope="session")
def served(grpc_package: Path) -> Served:
    return served_from(grpc_package)


@pytest.fixture
def models(served: Served) -> Models:
    models = Models()
    models.put(served)
    return models


@pytest.fixture
def running(models: Models) -> Iterator[Running]:
    with serving(models) as running:
        yield running


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with grpc.insecure_channel(running.address) as channel:
        yield Client(channel)
