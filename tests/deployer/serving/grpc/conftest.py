from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from deployer.serving.models import Models, Served
from tests.deployer.serving.grpc.grpc_kit import Client, Running, served_from, serving


@pytest.fixture(scope="session")
def served(penguins_package: Path) -> Served:
    return served_from(penguins_package)


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
