from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import StrictCloud
from tests.fakes_selftest.clients import BUCKET, azure_service, gcs_bucket, s3_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as made:
        for dialect in ("s3", "gcs", "azure"):
            made.create_bucket(dialect, BUCKET)
        yield made


@pytest.fixture
def s3(cloud: StrictCloud) -> Any:
    return s3_client(cloud)


@pytest.fixture
def gcs(cloud: StrictCloud) -> Any:
    return gcs_bucket(cloud)


@pytest.fixture
def azure(cloud: StrictCloud) -> ContainerClient:
    return azure_service(cloud.azure_connection_string).get_container_client(BUCKET)
