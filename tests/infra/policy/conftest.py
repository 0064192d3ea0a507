"""Where the workers of one run find what one of them has recorded."""

import os

import pytest

from tests.infra.policy.policy_kit import SHARED


@pytest.fixture(scope="session", autouse=True)
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        SHARED.append(tmp_path_factory.getbasetemp().parent)
