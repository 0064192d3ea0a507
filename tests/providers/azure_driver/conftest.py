"""A driver on the strict fake and one on Azurite, without credentials of the user's."""

import os
from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from providers.azure_blob import AzureDriver, open_driver
from tests.fakes.azure_auth import ACCOUNT
from tests.fakes.server import StrictCloud
from tests.providers.azure_driver.azure_driver_kit import CONNECTION, CONTAINER, VARIABLES
from tests.providers.harness_clouds import fresh_name
from tests.providers.harness_servers import Emulators


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        cloud.create_bucket("azure", CONTAINER)
        yield cloud


@pytest.fixture
def driver(cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureDriver]:
    monkeypatch.setenv(CONNECTION, cloud.azure_connection_string)
    driver = open_driver(ACCOUNT, CONTAINER, timeout=5)
    yield driver
    driver.close()


@pytest.fixture
def azurite(
    emulators: Emulators, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[AzureDriver, ContainerClient]]:
    """Yield a driver on a fresh container of Azurite, and the SDK's client of it."""
    for name, value in emulators.server("azurite").environment().items():
        monkeypatch.setenv(name, value)
    service = BlobServiceClient.from_connection_string(os.environ[CONNECTION])
    with service, service.create_container(fresh_name()) as client:
        driver = open_driver(ACCOUNT, client.container_name)
        yield driver, client
        driver.close()
        client.delete_container()
