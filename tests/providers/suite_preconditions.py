"""Conformance: the check that a registry makes before it trusts a store."""

from providers.store import Store
from tests.providers.harness import Harness
from tests.providers.suite_base import SuiteBase

__all__ = ["PreconditionCases"]


class PreconditionCases(SuiteBase):
    """Every backend of the suite is one that a registry may use."""

    def test_preconditions_are_kept(self, harness: Harness, store: Store) -> None:
        kept = store.verify_preconditions()
        assert kept.create
        assert kept.update
        assert kept.checksum is harness.verifies_checksums
        assert harness.raw_keys() == []
