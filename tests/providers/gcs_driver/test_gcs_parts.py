"""Large objects on Cloud Storage: parts that are objects, composed."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import _gcs_crc32c as crc32c
from providers.driver import SHA256
from providers.errors import ErrorKind
from providers.gcs import PARTS, GcsDriver
from providers.keys import PARTS_PREFIX
from tests.fakes.faults import Fault, reset, status
from tests.fakes.server import StrictCloud
from tests.providers.gcs_driver.gcs_driver_kit import BUCKET, METADATA, kind_of, put, send


@pytest.mark.parametrize("count", [1, 2, 32, 33, 65, 1025])
def test_parts_are_composed_in_order(cloud: StrictCloud, driver: GcsDriver, count: int) -> None:
    bodies = [f"<{number}>".encode() for number in range(count)]
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, bodies)
    meta = driver.finish_upload("big", upload, parts[::-1], mode="create", metadata=METADATA)
    assert cloud.objects("gcs", BUCKET) == {"big": b"".join(bodies)}
    assert meta == driver.head("big")
    assert meta.sha256 == METADATA[SHA256]


def test_parts_are_hidden(driver: GcsDriver) -> None:
    kept = put(driver, "key")
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"1", b"2"])
    assert driver.list_parts("big", upload) == parts
    assert [*driver.list("")] == [kept]
    assert [*driver.list(PARTS_PREFIX)] == []
    assert driver.list_dir("").objects == (kept,)
    assert driver.list_dir("").prefixes == ()


def test_parts_of_an_unknown_upload(driver: GcsDriver) -> None:
    assert driver.list_parts("big", "unknown") == []
    driver.abort_upload("big", "unknown")


def test_a_part_sent_again_replaces_the_first(cloud: StrictCloud, driver: GcsDriver) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    send(driver, upload, [b"wrong", b"2"])
    first = driver.put_part("big", upload, 1, 0, b"right")
    parts = driver.list_parts("big", upload)
    assert parts[0] == first
    driver.finish_upload("big", upload, parts, mode="create", metadata=METADATA)
    assert cloud.objects("gcs", BUCKET) == {"big": b"right2"}


def test_abort_removes_parts_and_intermediates(cloud: StrictCloud, driver: GcsDriver) -> None:
    taken = put(driver, "big")
    upload, other = (driver.start_upload("big", metadata=METADATA) for _ in range(2))
    parts = send(driver, upload, [b"x"] * 40)
    kept = driver.put_part("big", other, 1, 0, b"y")
    refused = partial(driver.finish_upload, "big", upload, parts, mode="create", metadata=METADATA)
    assert kind_of(driver, refused) is ErrorKind.PRECONDITION
    assert len(cloud.objects("gcs", BUCKET)) > 41  # the parts are there for another try
    assert driver.list_parts("big", upload) == parts
    driver.abort_upload("big", upload)
    assert [*driver.list("")] == [taken]
    assert driver.list_parts("big", other) == [kept]
    assert len(cloud.objects("gcs", BUCKET)) == 2


@pytest.mark.parametrize("count", [2, 40])
def test_finishing_again_after_a_fault(cloud: StrictCloud, driver: GcsDriver, count: int) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"x"] * count)
    cloud.script(
        Fault(status(503), dialect="gcs", operation="objects.compose", nth=1),
        Fault(reset(), dialect="gcs", operation="objects.compose", key="big", nth=1),
    )
    finish = partial(driver.finish_upload, "big", upload, parts, mode="create", metadata=METADATA)
    assert kind_of(driver, finish) is ErrorKind.UNAVAILABLE
    assert kind_of(driver, finish) is ErrorKind.UNAVAILABLE
    assert finish().size == count
    assert cloud.objects("gcs", BUCKET) == {"big": b"x" * count}


def test_parts_that_cannot_be_removed_do_not_cost_the_upload(
    cloud: StrictCloud, driver: GcsDriver
) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"1", b"2"])
    cloud.script(Fault(status(503), dialect="gcs", operation="objects.delete", count=2))
    driver.finish_upload("big", upload, parts, mode="create", metadata=METADATA)
    assert cloud.objects("gcs", BUCKET)["big"] == b"12"
    assert [meta.key for meta in driver.list("")] == ["big"]


def test_a_part_that_is_not_the_one_confirmed(cloud: StrictCloud, driver: GcsDriver) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"1", b"2"])
    driver.put_part("big", upload, 2, 1, b"?")
    finish = partial(driver.finish_upload, "big", upload, parts, mode="create", metadata=METADATA)
    assert kind_of(driver, finish) is ErrorKind.INTEGRITY
    assert [*driver.list("")] == []


def test_limits_of_parts_allow_the_largest_object() -> None:
    assert PARTS.max_size * PARTS.max_count >= 5 * 1024**4
    assert PARTS.max_count < 10**5  # the names sort as numbers


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_checksum_of_parts(bodies: list[bytes]) -> None:
    parts = [(crc32c.checksum(body), len(body)) for body in bodies]
    assert crc32c.of_parts(parts) == crc32c.checksum(b"".join(bodies))


def test_checksum_as_the_cloud_writes_it() -> None:
    assert crc32c.checksum(b"123456789") == "4waSgw=="  # 0xE3069283, RFC 3720's check value
