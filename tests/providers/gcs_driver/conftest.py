"""Drivers on the strict fake and on fake-gcs-server."""

from collections.abc import Iterator

import pytest

from providers.gcs import GcsDriver, open_driver
from tests.fakes.server import StrictCloud
from tests.providers.gcs_driver.gcs_driver_kit import BUCKET
from tests.providers.harness_servers import Emulators


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        cloud.create_bucket("gcs", BUCKET)
        yield cloud


@pytest.fixture
def driver(cloud: StrictCloud) -> Iterator[GcsDriver]:
    driver = open_driver(BUCKET, endpoint=cloud.gcs_endpoint)
    yield driver
    driver.close()


@pytest.fixture
def missing(cloud: StrictCloud) -> Iterator[GcsDriver]:
    driver = open_driver("nowhere", endpoint=cloud.gcs_endpoint)
    yield driver
    driver.close()


@pytest.fixture
def emulated(emulators: Emulators) -> Iterator[GcsDriver]:
    server = emulators.server("fake-gcs")
    server.create_bucket(BUCKET)
    driver = open_driver(BUCKET, endpoint=server.endpoint)
    yield driver
    for meta in [*driver.list("")]:
        driver.delete(meta.key)
    driver.close()
