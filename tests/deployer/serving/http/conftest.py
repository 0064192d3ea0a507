from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.serving.models import Models, Served
from tests.deployer.serving.http.http_kit import Running, served_from, serving


@pytest.fixture(scope="session")
def served(penguins_package: Path) -> Served:
    return served_from(penguins_package)


@pytest.fixture(scope="module")
def running(served: Served) -> Iterator[Running]:
    """A server that the tests of a module share."""
    models = Models()
    models.put(served)
    with serving(models) as running:
        yield running
