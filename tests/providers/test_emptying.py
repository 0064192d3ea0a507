"""Emptied, a bucket holds nothing that its cloud would keep it for: no object and no old version."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.emptying import Versioned, empty
from providers.errors import BucketNotFoundError, PermissionDeniedError
from providers.gcs import GcsDriver
from providers.gcs import open_driver as open_gcs
from providers.local import LocalDriver
from providers.memory import MemoryDriver
from providers.s3 import S3Driver
from providers.s3 import open_driver as open_s3
from providers.store import Store
from tests.providers.harness_servers import Emulators

BUCKET = "to-be-emptied"


@pytest.fixture
def s3(emulators: Emulators, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Driver]:
    server = emulators.server("moto")
    server.create_bucket(BUCKET)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    driver = open_s3(BUCKET, endpoint=server.endpoint)
    driver._wire.client.put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    yield driver
    driver.close()


@pytest.fixture(params=[False, True], ids=["plain", "versioned"])
def gcs(emulators: Emulators, request: pytest.FixtureRequest) -> Iterator[GcsDriver]:
    server = emulators.server("fake-gcs")
    name = f"{BUCKET}-{request.param}".lower()
    driver = open_gcs(name, endpoint=server.endpoint)
    made = {"name": name, "versioning": {"enabled": request.param}}
    driver._http.json("POST", "/storage/v1/b", {"project": "deployer"}, made)
    yield driver
    driver.close()


def fill(store: Store) -> int:
    """Write three objects, one of them twice, and delete one; return how many versions there are."""
    for key in ("a", "b/ä c", "b/d"):
        store.put(key, b"1", mode="overwrite")
    store.put("a", b"2", mode="overwrite")
    store.delete("b/d")
    assert isinstance(store.driver, Versioned)
    return sum(map(len, store.driver.versions()))


def test_a_versioned_bucket_of_s3_loses_all_versions_and_marks(s3: S3Driver) -> None:
    store = Store(s3)
    assert fill(store) == 5
    assert empty(store) == 5
    assert list(s3.versions()) == []
    s3._wire.client.delete_bucket(Bucket=BUCKET)
    with pytest.raises(BucketNotFoundError):
        empty(store)


def test_a_bucket_of_google_loses_all_generations(gcs: GcsDriver) -> None:
    store = Store(gcs)
    versions = 4 if gcs.url.endswith("true") else 2
    assert fill(store) == versions
    upload = gcs.start_upload("big", metadata={})
    gcs.put_part("big", upload, 1, 0, b"part")
    assert empty(store) == versions + 1, "a part of an upload is something, too"
    assert list(store.list()) == []
    if versions == 2:  # the emulator takes no generation away from a bucket that keeps them
        assert list(gcs.versions()) == []


def test_what_may_not_be_deleted_is_told_and_not_counted(
    s3: S3Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(s3)
    fill(store)
    refused = {"Key": "a", "Code": "AccessDenied", "Message": "Access Denied"}
    monkeypatch.setattr(
        s3._wire.client, "delete_objects", lambda **_: {"Errors": [refused]}, raising=True
    )
    with pytest.raises(PermissionDeniedError, match="Access Denied"):
        empty(store)


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_a_store_without_versions_loses_its_objects(kind: str, tmp_path: Path) -> None:
    store = Store(LocalDriver(tmp_path) if kind == "local" else MemoryDriver())
    for number in range(20):
        store.put(f"k/{number}", b"x", mode="create")
    assert empty(store) == 20
    assert list(store.list()) == []
    assert empty(store) == 0
