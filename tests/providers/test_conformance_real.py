"""The conformance suite on real buckets, when variables of the environment name them.

Each test works under a fresh prefix, which is removed afterwards.
"""

import os
from collections.abc import Iterator

import pytest

from tests.providers.harness import Harness
from tests.providers.harness_clouds import real_harness
from tests.providers.suite import StoreSuite

S3_URL = os.environ.get("DEPLOYER_TEST_S3_URL", "")
GCS_URL = os.environ.get("DEPLOYER_TEST_GCS_URL", "")
AZURE_URL = os.environ.get("DEPLOYER_TEST_AZURE_URL", "")


class TestRealS3(StoreSuite):
    __test__ = bool(S3_URL)
    cloud = "s3"

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with real_harness(S3_URL) as harness:
            yield harness


class TestRealGCS(StoreSuite):
    __test__ = bool(GCS_URL)
    cloud = "gcs"

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with real_harness(GCS_URL) as harness:
            yield harness


class TestRealAzure(StoreSuite):
    __test__ = bool(AZURE_URL)
    cloud = "azure"

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with real_harness(AZURE_URL) as harness:
            yield harness
