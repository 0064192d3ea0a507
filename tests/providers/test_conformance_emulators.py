"""The conformance suite on the emulators of the three clouds."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from deployer.emulators import EngineName
from providers.store import Store
from tests.providers import harness_gaps
from tests.providers.harness import Harness
from tests.providers.harness_clouds import AzureHarness, GCSHarness, S3Harness, fresh_name
from tests.providers.harness_local import PrefixedHarness
from tests.providers.harness_servers import Emulators
from tests.providers.suite import StoreSuite
from tests.providers.suite_errors import ErrorCases
from tests.providers.suite_get import GetCases
from tests.providers.suite_list import KeyCases, ListCases

_MOTO_UNSIGNED = harness_gaps.MOTO["test_presign_of_a_changed_url"]
AZURITE_ACCOUNT = "devstoreaccount1"


def s3_harness(emulators: Emulators, engine: EngineName, *, checks: bool) -> S3Harness:
    """Return a harness on a fresh bucket of an S3 emulator."""
    server = emulators.server(engine)
    harness = S3Harness(fresh_name(), endpoint=server.endpoint, environment=server.environment())
    harness.verifies_checksums = checks
    return harness


@pytest.mark.slow
class TestMoto(StoreSuite):
    cloud = "s3"
    gaps = harness_gaps.MOTO

    @pytest.fixture
    def harness(self, emulators: Emulators) -> Iterator[Harness]:
        with s3_harness(emulators, "moto", checks=False) as harness:
            yield harness


@pytest.mark.slow
class TestPrefixedMoto(GetCases, KeyCases, ListCases, ErrorCases):
    """A prefix changes names alone; the other cases run below one in memory."""

    cloud = "s3"
    gaps: ClassVar = {"test_presign_of_a_changed_url": _MOTO_UNSIGNED}

    @pytest.fixture
    def harness(self, emulators: Emulators) -> Iterator[Harness]:
        with PrefixedHarness(s3_harness(emulators, "moto", checks=False)) as harness:
            yield harness


@pytest.mark.slow
class TestLocalStack(StoreSuite):
    cloud = "s3"
    gaps = harness_gaps.LOCALSTACK

    @pytest.fixture
    def harness(self, emulators: Emulators) -> Iterator[Harness]:
        with s3_harness(emulators, "localstack", checks=True) as harness:
            yield harness


@pytest.mark.slow
class TestSeaweedFS(StoreSuite):
    cloud = "s3"
    gaps = harness_gaps.SEAWEEDFS

    @pytest.fixture
    def harness(self, emulators: Emulators) -> Iterator[Harness]:
        with s3_harness(emulators, "seaweedfs", checks=True) as harness:
            yield harness


class TestFakeGCS(StoreSuite):
    cloud = "gcs"
    gaps = harness_gaps.FAKE_GCS

    @pytest.fixture
    def harness(self, emulators: Emulators) -> Iterator[Harness]:
        server = emulators.server("fake-gcs")
        with GCSHarness(
            fresh_name(), endpoint=server.endpoint, environment=server.environment()
        ) as harness:
            harness.verifies_checksums = False
            yield harness


class TestAzurite(StoreSuite):
    cloud = "azure"

    @pytest.fixture
    def harness(self, emulators: Emulators) -> Iterator[Harness]:
        server = emulators.server("azurite")
        with AzureHarness(
            fresh_name(), account=AZURITE_ACCOUNT, environment=server.environment()
        ) as harness:
            yield harness

    @pytest.mark.slow  # Azure's pages hold 5,000
    def test_list_pages(self, harness: Harness, store: Store) -> None:
        super().test_list_pages(harness, store)
