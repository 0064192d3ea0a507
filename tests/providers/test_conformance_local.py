"""The conformance suite on backends that need no server."""

from collections.abc import Iterator

import pytest

from providers.faulty import FaultyDriver
from tests.providers import harness_gaps
from tests.providers.harness import Harness
from tests.providers.harness_local import (
    LocalHarness,
    MemoryHarness,
    PrefixedHarness,
    WrappedHarness,
)
from tests.providers.suite import StoreSuite


class TestMemory(StoreSuite):
    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with MemoryHarness() as harness:
            yield harness


class TestLocal(StoreSuite):
    gaps = harness_gaps.LOCAL

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with LocalHarness() as harness:
            yield harness


class TestPrefixed(StoreSuite):
    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with PrefixedHarness(MemoryHarness()) as harness:
            yield harness


class TestFaultyWithoutFaults(StoreSuite):
    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        with WrappedHarness(MemoryHarness(), FaultyDriver) as harness:
            yield harness
