"""A clock of the server's, and a cloud with what has become garbage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.registry.cloud import Cloud
from providers.store import Store
from tests.deployer.registry.registry_kit import QUICK, push
from tests.deployer.upkeep.garbage.collecting_kit import MakeFolder
from tests.deployer.upkeep.gc_kit import Clock, ClockedMemory, deleted


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    with made.sleeping():
        yield made


@pytest.fixture
def cloud(clock: Clock, make_folder: MakeFolder, state: Path) -> Cloud:
    """Three versions, the first of which is deleted; each has a file of its own."""
    made = Cloud("aws", Store(ClockedMemory("aws", clock), QUICK))
    for body in (b"1", b"2", b"3"):
        push([made], make_folder({"own": body, "all": b"."}), state=state)
    deleted([made], 1, state=state)
    return made
