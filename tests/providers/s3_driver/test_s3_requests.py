"""What is sent to S3: parts, headers, connections."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import urllib3.util.connection
from botocore.exceptions import ClientError, IncompleteReadError

from providers._s3_meta import listed
from providers.errors import ErrorKind
from providers.model import MIB, ByteRange
from providers.s3 import S3Driver, open_driver
from tests.fakes import Fault, StrictCloud, faults
from tests.providers.harness_servers import Emulators
from tests.providers.s3_driver.s3_driver_kit import NOW, kind_of, read, upload


class TestParts:
    def test_are_invisible(self, cloud: StrictCloud, driver: S3Driver) -> None:
        started, _ = upload(driver, "key")
        assert [*driver.list("")] == []
        assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.NOT_FOUND
        assert cloud.pending_uploads("s3", "models") == ["key"]
        driver.abort_upload("key", started)
        assert cloud.pending_uploads("s3", "models") == []
        driver.abort_upload("key", started)
        assert kind_of(driver, lambda: driver.list_parts("key", started)) is ErrorKind.NOT_FOUND

    def test_listed_over_pages_are_as_confirmed(self, cloud: StrictCloud, driver: S3Driver) -> None:
        cloud.options.page_size = 2
        cloud.options.min_part_size = 1
        started = driver.start_upload("key", metadata={})
        sent = [driver.put_part("key", started, n, n - 1, b"%d" % n) for n in range(1, 6)]
        assert driver.list_parts("key", started) == sent
        meta = driver.finish_upload(
            "key", started, driver.list_parts("key", started), mode="create", metadata={}
        )
        assert read(driver, "key") == b"12345"
        assert driver.head("key").version == meta.version

    def test_completion_names_the_checksums(self, cloud: StrictCloud, driver: S3Driver) -> None:
        started, part = upload(driver, "key")
        etag, _, checksum = part.tag.partition(" ")
        assert checksum
        wrong = part._replace(tag=f"{etag} AAAAAA==")
        with pytest.raises(ClientError):
            driver.finish_upload("key", started, [wrong], mode="create", metadata={})
        driver.finish_upload("key", started, [part], mode="create", metadata={})
        assert cloud.stored("s3", "models", "key").checksums.keys() == {"crc32"}
        assert cloud.stored("s3", "models", "key").checksum_type == "FULL_OBJECT"

    def test_completion_without_the_checksums(self, cloud: StrictCloud, driver: S3Driver) -> None:
        """A server may not list the checksums of the parts that a resumed upload finds."""
        started, part = upload(driver, "key")
        listed = part._replace(tag=part.tag.partition(" ")[0])
        driver.finish_upload("key", started, [listed], mode="create", metadata={})
        assert read(driver, "key") == b"part"

    def test_size_limit(self, driver: S3Driver) -> None:
        started = driver.start_upload("key", metadata={})
        sizes = (driver.capabilities.parts.min_size - 1, 1)
        small = [
            driver.put_part("key", started, n, 0, bytes(size)) for n, size in enumerate(sizes, 1)
        ]
        with pytest.raises(ClientError) as caught:
            driver.finish_upload("key", started, small, mode="create", metadata={})
        assert caught.value.response["Error"]["Code"] == "EntityTooSmall"


class TestRequests:
    def test_one_connection_is_enough(
        self, driver: S3Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = []
        connect = urllib3.util.connection.create_connection

        def counted(*args: object, **options: object) -> object:
            made.append(args)
            return connect(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(urllib3.util.connection, "create_connection", counted)
        body = bytes(3 * MIB)
        for n in range(4):
            driver.put(f"key{n}", body, mode="create", metadata={})
            assert read(driver, f"key{n}") == body
            assert read(driver, f"key{n}", ByteRange(5, 7)) == body[5:7]
            assert kind_of(driver, lambda: driver.head("absent")) is ErrorKind.NOT_FOUND
        assert len(made) == 1

    def test_read_left_early(self, driver: S3Driver) -> None:
        driver.put("key", bytes(9 * MIB), mode="create", metadata={})
        for _ in range(40):
            with driver.get("key") as found:
                assert len(next(found.chunks)) >= MIB // 4
            with pytest.raises(IncompleteReadError):
                next(found.chunks)
        assert read(driver, "key", ByteRange(9 * MIB - 1)) == b"\0"

    def test_put_asks_once(self, cloud: StrictCloud, driver: S3Driver) -> None:
        meta = driver.put("key", b"x", mode="create", metadata={"a": "b", "deployersha256": "c"})
        assert [log.operation for log in cloud.requests] == ["PutObject"]
        assert (meta.size, meta.sha256, dict(meta.metadata)) == (1, "c", {"a": "b"})
        assert driver.head("key").version == meta.version

    def test_listing_in_utc(self, driver: S3Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        driver.put("key", b"x", mode="create", metadata={})
        (meta,) = driver.list("")
        assert meta.modified is not None
        assert meta.modified.tzinfo is UTC
        assert abs(meta.modified - datetime.now(UTC)) < timedelta(minutes=5)
        there = NOW.astimezone(timezone(timedelta(hours=2)))
        entry = {"Key": "key", "Size": 1, "ETag": '"00"', "LastModified": there}
        assert str(listed(entry).modified) == "2026-02-03 04:05:06+00:00"

    def test_checksum_probe(self, cloud: StrictCloud, driver: S3Driver) -> None:
        assert driver.refuses_wrong_checksum("probe")
        assert cloud.objects("s3", "models") == {}

    def test_checksum_probe_where_none_is_checked(self, emulators: Emulators) -> None:
        server = emulators.server("moto")
        driver = open_driver("deployer-models", endpoint=server.endpoint)
        assert not driver.refuses_wrong_checksum("probe")
        assert [*driver.list("probe")] == []

    def test_checksum_probe_refused_for_another_reason(
        self, cloud: StrictCloud, driver: S3Driver
    ) -> None:
        cloud.script(Fault(faults.status(403, "AccessDenied"), operation="PutObject"))
        probe = lambda: driver.refuses_wrong_checksum("probe")  # noqa: E731
        assert kind_of(driver, probe) is ErrorKind.PERMISSION_DENIED
