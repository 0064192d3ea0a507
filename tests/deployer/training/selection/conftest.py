"""Data that the tests of the selection share."""

import pytest

from tests.deployer.training.selection.selection_rows import Rows, blobs, of_scikit_learn


@pytest.fixture(scope="session")
def wine() -> Rows:
    return of_scikit_learn("wine")


@pytest.fixture(scope="session")
def two() -> Rows:
    return blobs({"no": 90, "yes": 30})
