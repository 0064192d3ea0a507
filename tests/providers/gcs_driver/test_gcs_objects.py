"""Objects of Cloud Storage: what is written is what is told and read."""

import gzip
from datetime import UTC
from functools import partial

import pytest

from providers import _gcs_crc32c as crc32c
from providers.driver import CALL, SHA256
from providers.errors import ErrorKind, UnsupportedError
from providers.gcs import GcsDriver, open_driver
from providers.model import ByteRange, Version
from providers.store import Store
from tests.fakes.server import StrictCloud
from tests.providers.gcs_driver.gcs_driver_kit import AWKWARD, BUCKET, METADATA, kind_of, put, read
from tests.providers.harness_servers import Emulators


@pytest.mark.parametrize("body", [b"", b"x", b"y" * 300_000])
def test_what_was_written_is_what_is_told(driver: GcsDriver, body: bytes) -> None:
    meta = driver.put(AWKWARD, body, mode="create", metadata=METADATA)
    assert (meta.key, meta.size, meta.sha256) == (AWKWARD, len(body), METADATA[SHA256])
    assert meta.metadata == {CALL: "call1", "note": "one = two"}
    assert meta.modified is not None
    assert meta.modified.tzinfo is UTC
    assert driver.head(AWKWARD) == meta
    assert [*driver.list("a b/")] == [meta]
    shown, found = read(driver, AWKWARD)
    assert found == body
    assert shown.modified == meta.modified.replace(microsecond=0)  # a header has no fractions
    assert (shown.key, shown.size, shown.version) == (meta.key, meta.size, meta.version)
    assert (shown.sha256, shown.metadata) == (meta.sha256, meta.metadata)


def test_a_range_tells_the_whole_objects_size(driver: GcsDriver, emulated: GcsDriver) -> None:
    for each in (driver, emulated):
        put(each, "key")
        meta, body = read(each, "key", range=ByteRange(2, 5))
        assert (meta.size, body) == (10, b"234")


def test_another_version_is_not_even_sent(cloud: StrictCloud, driver: GcsDriver) -> None:
    put(driver, "key")
    stale = partial(read, driver, "key", if_match=Version("5"))
    assert kind_of(driver, stale) is ErrorKind.PRECONDITION
    assert cloud.requests[-1].status == 412


def test_reading_takes_one_request(cloud: StrictCloud, driver: GcsDriver) -> None:
    put(driver, "key")
    read(driver, "key")
    assert [entry.operation for entry in cloud.requests] == ["objects.insert", "objects.download"]


def test_gzip_is_not_unpacked(cloud: StrictCloud, driver: GcsDriver) -> None:
    """Objects that other tools stored compressed have the length that the store tells."""
    packed = gzip.compress(b"0123456789")
    resource = {"name": "key", "contentEncoding": "gzip"}
    driver._http.upload(driver._uploads, {"uploadType": "multipart"}, resource, packed)
    meta, body = read(driver, "key")
    assert body == packed
    assert meta.size == driver.head("key").size == len(packed)
    assert cloud.requests[1].headers["accept-encoding"] == "gzip"


def test_reading_another_version_than_the_server_was_asked_for(emulated: GcsDriver) -> None:
    """The emulator ignores the precondition; the generation that it tells does not lie."""
    first = put(emulated, "key")
    put(emulated, "key", b"other")
    stale = partial(read, emulated, "key", if_match=first.version)
    assert kind_of(emulated, stale) is ErrorKind.PRECONDITION


def test_a_read_left_early_does_not_spoil_the_next(driver: GcsDriver) -> None:
    put(driver, "key", bytes(3_000_000))
    for _ in range(3):
        with driver.get("key") as found:
            assert len(next(found.chunks)) >= 256 * 1024
    assert len(read(driver, "key")[1]) == 3_000_000


@pytest.mark.parametrize("key", ["probe", "probe/é 1"])
def test_wrong_checksums(
    driver: GcsDriver, cloud: StrictCloud, emulated: GcsDriver, key: str
) -> None:
    assert driver.refuses_wrong_checksum(key)
    assert cloud.objects("gcs", BUCKET) == {}
    assert not emulated.refuses_wrong_checksum(key)
    assert [*emulated.list("")] == []


def test_a_damaged_body_is_refused(
    cloud: StrictCloud, driver: GcsDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crc32c, "checksum", lambda body: "AAAAAA==")
    assert kind_of(driver, lambda: put(driver, "key")) is ErrorKind.INTEGRITY
    assert kind_of(driver, lambda: driver.put_part("key", "1", 1, 0, b"x")) is ErrorKind.INTEGRITY
    assert cloud.objects("gcs", BUCKET) == {}


def test_a_store_without_preconditions_is_refused(emulators: Emulators) -> None:
    server = emulators.server("gcp-storage-emulator")
    server.create_bucket(BUCKET)
    with Store(open_driver(BUCKET, endpoint=server.endpoint)) as store:
        with pytest.raises(UnsupportedError, match="precondition"):
            store.verify_preconditions()
        assert [*store.list()] == []
