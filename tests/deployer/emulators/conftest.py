"""A user of one's own for each test, who leaves nothing running."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.emulators.process import poll_until
from tests.deployer.emulators.emulator_user import User, processes_in


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    user = User(tmp_path / "home")
    user.home.mkdir()
    yield user
    user.run("down", "--purge")
    assert poll_until(lambda: not processes_in(user.home), 10), processes_in(user.home)
