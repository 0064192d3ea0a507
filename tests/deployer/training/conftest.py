from pathlib import Path

import pytest

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"


@pytest.fixture(scope="session")
def penguins() -> Path:
    return PENGUINS
