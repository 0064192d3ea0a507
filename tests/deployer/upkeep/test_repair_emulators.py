"""On three emulators: every object damaged in turn, a cloud wiped, a cloud that was away."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployer.emulators import EngineName
from deployer.registry.cloud import Cloud
from deployer.registry.format.keys import Kind
from providers.driver import SHA256
from providers.faulty import Fault, FaultyDriver
from providers.store import Store
from tests.deployer.registry.cloud_backends import emulated, opened
from tests.deployer.registry.registry_kit import (
    NAMES,
    QUICK,
    audit,
    contents,
    folder_of,
    push,
    without_marker,
)
from tests.deployer.upkeep.upkeep_kit import (
    CASES,
    DAMAGES,
    Damage,
    everything,
    problems,
    publish_some,
    repaired,
    verified,
)
from tests.providers.harness_servers import Emulators

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ENGINES: tuple[EngineName, ...] = ("seaweedfs", "fake-gcs", "azurite")


@pytest.fixture
def clouds(emulators: Emulators) -> Iterator[list[Cloud]]:
    with ExitStack() as stack:
        yield [stack.enter_context(opened(emulated(emulators, each))) for each in ENGINES]


def strike(cloud: Cloud, key: str, damage: Damage, *, metadata: bool) -> None:
    """Damage an object as somebody could who has the cloud's own tools."""
    driver = cloud.store.driver
    meta = driver.head(key)
    with driver.get(key) as read:
        changed = damage(b"".join(read.chunks))
    if changed is None:
        driver.delete(key)
        return
    kept = {**meta.metadata, SHA256: meta.sha256 or ""} if metadata else {}
    driver.put(key, changed, mode="overwrite", metadata=kept)


@pytest.mark.parametrize("name", NAMES)
def test_every_object(clouds: list[Cloud], tmp_path: Path, name: str) -> None:
    publish_some(clouds, tmp_path / "models", tmp_path / "state")
    before = everything(clouds)
    cloud = next(each for each in clouds if each.name == name)
    keys = sorted(contents(cloud))
    assert len(keys) == 37
    for number, key in enumerate(keys):
        # Two ways a key, so that each way meets each kind of object.
        for damage, metadata in (CASES[number % len(CASES)], CASES[(number + 2) % len(CASES)]):
            what = f"{damage} {key} on {name}, metadata {'kept' if metadata else 'lost'}"
            strike(cloud, key, DAMAGES[damage], metadata=metadata)
            assert {each[:2] for each in problems(verified(clouds))} >= {(name, key)}, what
            assert repaired(clouds, tmp_path / "state").code == 0, what
            assert everything(clouds) == before, what
    assert problems(verified(clouds)) == set()


def publish_many(clouds: Sequence[Cloud], folder: Path, count: int, *, require: int = 3) -> None:
    for number in range(count):
        files = {f"f{n}": f"{number} {n}".encode() for n in range(10)}
        root = folder_of(folder / f"{number}", files)
        push(clouds, root, state=folder / "state", require=require, aliases=("champion",))


def test_a_wiped_cloud(clouds: list[Cloud], tmp_path: Path) -> None:
    publish_many(clouds, tmp_path, 100)
    before = everything(clouds)
    driver = clouds[1].store.driver
    for key in contents(clouds[1]):
        driver.delete(key)
    done = repaired(clouds, tmp_path / "state")
    assert done.code == 0
    assert done.brought["gcp"].counts[Kind.BLOB] == 1000
    assert everything(clouds) == before
    assert audit(before[1]) == {"penguins": list(range(1, 101))}
    assert problems(verified(clouds)) == set()


def test_a_cloud_that_was_away(clouds: list[Cloud], tmp_path: Path) -> None:
    publish_many(clouds, tmp_path / "before", 1)
    script = [Fault(op=op, kind="denied", count=10**9) for op in ("put", "get", "head", "list")]
    away = Cloud("azure", Store(FaultyDriver(clouds[2].store.driver, script), QUICK))
    publish_many([*clouds[:2], away], tmp_path / "while", 100, require=2)
    assert len(without_marker(contents(clouds[2]))) < 20
    assert repaired(clouds, tmp_path / "state").code == 0
    each = everything(clouds)
    assert each[0] == each[1] == each[2]
    assert audit(each[2]) == {"penguins": list(range(1, 101))}
    assert problems(verified(clouds)) == set()
