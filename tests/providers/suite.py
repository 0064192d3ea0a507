"""The conformance suite: what every backend must do, whoever runs it.

A backend's class provides a harness and inherits the cases::

    class TestMemory(StoreSuite):
        @pytest.fixture
        def harness(self) -> Iterator[Harness]:
            with MemoryHarness() as harness:
                yield harness
"""

from tests.providers.suite_concurrency import ConcurrencyCases
from tests.providers.suite_download import DownloadCases
from tests.providers.suite_errors import ErrorCases
from tests.providers.suite_get import GetCases, IntegrityCases
from tests.providers.suite_list import KeyCases, ListCases
from tests.providers.suite_preconditions import PreconditionCases
from tests.providers.suite_put import PutCases

__all__ = ["StoreSuite"]


class StoreSuite(
    PutCases,
    GetCases,
    IntegrityCases,
    DownloadCases,
    KeyCases,
    ListCases,
    ErrorCases,
    ConcurrencyCases,
    PreconditionCases,
):
    """All cases."""
