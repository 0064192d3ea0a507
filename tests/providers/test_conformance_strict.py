"""The conformance suite on the strict fake, in the three dialects, through the real SDKs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from providers.model import MIB
from providers.store import Store, StoreOptions
from tests.fakes.server import StrictCloud
from tests.providers.harness import Harness
from tests.providers.harness_clouds import AzureHarness, GCSHarness, S3Harness, fresh_name
from tests.providers.suite import StoreSuite

PAGE = 7
S3_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class SmallPartsHarness(S3Harness):
    """S3 with parts as small as the fake can be told to take: 5 MiB are slow to hash."""

    part_size = MIB // 4

    def connect(self, options: StoreOptions) -> Store:
        store = super().connect(options)
        driver: Any = store.driver
        limits = replace(driver.capabilities.parts, min_size=self.part_size)
        driver.capabilities = replace(driver.capabilities, parts=limits)
        return store


def harness_on(cloud: StrictCloud, dialect: str) -> S3Harness | GCSHarness | AzureHarness:
    """Return a harness on a fresh bucket of the fake."""
    cloud.options.page_size = PAGE
    harness: S3Harness | GCSHarness | AzureHarness
    if dialect == "s3":
        cloud.options.min_part_size = SmallPartsHarness.part_size
        harness = SmallPartsHarness(
            fresh_name(), endpoint=cloud.s3_endpoint, environment=S3_ENVIRONMENT
        )
    elif dialect == "gcs":
        environment = {"STORAGE_EMULATOR_HOST": cloud.gcs_endpoint}
        harness = GCSHarness(fresh_name(), endpoint=cloud.gcs_endpoint, environment=environment)
    else:
        environment = {"AZURE_STORAGE_CONNECTION_STRING": cloud.azure_connection_string}
        harness = AzureHarness(fresh_name(), account="devstoreaccount1", environment=environment)
    harness.page = PAGE
    return harness


class TestStrictS3(StoreSuite):
    cloud = "s3"

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with StrictCloud() as cloud, harness_on(cloud, "s3") as harness:
            yield harness


class TestStrictGCS(StoreSuite):
    cloud = "gcs"

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with StrictCloud() as cloud, harness_on(cloud, "gcs") as harness:
            yield harness


class TestStrictAzure(StoreSuite):
    cloud = "azure"

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with StrictCloud() as cloud, harness_on(cloud, "azure") as harness:
            yield harness
