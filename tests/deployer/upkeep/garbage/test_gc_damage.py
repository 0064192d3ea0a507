"""Of a damaged store nothing is removed, and nothing is written."""

import json
from collections.abc import Callable

import pytest

from deployer.errors import DamagedError, MissingError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from providers.store import Store
from tests.deployer.registry.registry_kit import QUICK, contents
from tests.deployer.upkeep.garbage.collecting_kit import UUID, change, run
from tests.deployer.upkeep.gc_kit import AGE, Clock, ClockedMemory, blob_key


def _delete_blob(cloud: Cloud) -> None:
    cloud.store.delete(blob_key(b"3"))


def _cut_blob(cloud: Cloud) -> None:
    cloud.store.put(blob_key(b"3"), b"", mode="overwrite")


def _manifest_of(cloud: Cloud, version: int) -> str:
    record = json.loads(contents(cloud)[layout.version("penguins", version)])
    return layout.manifest(record["manifest"])


def _delete_manifest(cloud: Cloud) -> None:
    cloud.store.delete(_manifest_of(cloud, 3))


def _spoil_manifest(cloud: Cloud) -> None:
    key = _manifest_of(cloud, 3)
    cloud.store.put(key, contents(cloud)[key] + b" ", mode="overwrite")


def _spoil_version(cloud: Cloud) -> None:
    cloud.store.put(layout.version("penguins", 3), b"{}", mode="overwrite")


def _newer_format(cloud: Cloud) -> None:
    change(cloud, layout.version("penguins", 3), format=2)


def _spoil_entry(cloud: Cloud) -> None:
    cloud.store.put(layout.alias_log("penguins", "latest", 2), b"", mode="overwrite")


def _spoil_intent(cloud: Cloud) -> None:
    cloud.store.put(layout.txn(UUID), b"{", mode="overwrite")


def _spoil_tombstone(cloud: Cloud) -> None:
    cloud.store.put(layout.tombstone(UUID), b"{", mode="overwrite")


@pytest.mark.parametrize(
    "spoil",
    [
        _delete_blob,
        _cut_blob,
        _delete_manifest,
        _spoil_manifest,
        _spoil_version,
        _newer_format,
        _spoil_entry,
        _spoil_intent,
        _spoil_tombstone,
    ],
)
def test_of_a_damaged_store_nothing_is_removed(
    cloud: Cloud, clock: Clock, spoil: Callable[[Cloud], None]
) -> None:
    run(cloud)
    clock.advance(AGE)
    spoil(cloud)
    before = contents(cloud)
    with pytest.raises(DamagedError):
        run(cloud)
    assert contents(cloud) == before


def test_no_registry(clock: Clock) -> None:
    with pytest.raises(MissingError, match="no registry"):
        run(Cloud("aws", Store(ClockedMemory("aws", clock), QUICK)))
