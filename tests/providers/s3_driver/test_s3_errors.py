"""What S3's codes and lost connections are told as."""

import pytest

from providers.errors import ErrorKind
from providers.model import Version
from providers.s3 import S3Driver, open_driver
from tests.fakes import Action, Fault, StrictCloud, faults
from tests.providers.s3_driver.s3_driver_kit import kind_of, read, upload


class TestErrors:
    @pytest.mark.parametrize(
        ("action", "kind"),
        [
            (faults.throttle(), ErrorKind.THROTTLED),
            (faults.status(429, "TooManyRequests"), ErrorKind.THROTTLED),
            (faults.status(500, "InternalError"), ErrorKind.UNAVAILABLE),
            (faults.status(502, "BadGateway"), ErrorKind.UNAVAILABLE),
            (faults.status(503, "ServiceUnavailable"), ErrorKind.UNAVAILABLE),
            (faults.status(400, "RequestTimeout"), ErrorKind.UNAVAILABLE),
            (faults.status(400, "IncompleteBody"), ErrorKind.UNAVAILABLE),
            (faults.disk_full(), ErrorKind.QUOTA),
            (faults.status(507, "XMinioStorageFull"), ErrorKind.QUOTA),
            (faults.reset(), ErrorKind.UNAVAILABLE),
            (faults.cut_upload(1), ErrorKind.UNAVAILABLE),
            (faults.lose_response(), ErrorKind.UNAVAILABLE),
            (faults.conflict409(), ErrorKind.CONFLICT),
            (faults.status(409, "OperationAborted"), ErrorKind.CONFLICT),
            (faults.status(403, "AccessDenied"), ErrorKind.PERMISSION_DENIED),
            (faults.quota(), ErrorKind.QUOTA),
            (faults.skew_clock(), ErrorKind.CLOCK),
            (faults.expire_credentials(), ErrorKind.UNAUTHENTICATED),
            (faults.status(401, "Unauthorized"), ErrorKind.UNAUTHENTICATED),
            (faults.status(400, "BadDigest"), ErrorKind.INTEGRITY),
            (faults.status(400, "XAmzContentSHA256Mismatch"), ErrorKind.INTEGRITY),
            (faults.status(404, "NoSuchBucket"), ErrorKind.BUCKET_NOT_FOUND),
            (faults.status(404, "NoSuchKey"), ErrorKind.NOT_FOUND),
            (faults.status(412, "PreconditionFailed"), ErrorKind.ALREADY_EXISTS),
            (faults.status(400, "KeyTooLongError"), ErrorKind.INVALID_KEY),
            (faults.status(501, "NotImplemented"), ErrorKind.UNSUPPORTED),
            (faults.status(400, "NeverHeardOf"), ErrorKind.OTHER),
        ],
        ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Action) else value,
    )
    def test_kind(
        self, cloud: StrictCloud, driver: S3Driver, action: Action, kind: ErrorKind
    ) -> None:
        cloud.script(Fault(action, dialect="s3", operation="PutObject"))
        put = lambda: driver.put("key", b"body", mode="create", metadata={})  # noqa: E731
        assert kind_of(driver, put) is kind
        assert len(cloud.requests) == 1, "the SDK retried"

    def test_throttled_head_has_no_body_that_says_so(
        self, cloud: StrictCloud, driver: S3Driver
    ) -> None:
        cloud.script(Fault(faults.throttle(), operation="HeadObject"))
        assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.THROTTLED

    @pytest.mark.parametrize(
        ("action", "kind"),
        [
            (faults.conflict409(), ErrorKind.CONFLICT),
            (faults.error_in_200(), ErrorKind.UNAVAILABLE),
            (faults.error_in_200("SlowDown"), ErrorKind.THROTTLED),
            (faults.throttle(), ErrorKind.THROTTLED),
            (faults.lose_response(), ErrorKind.UNAVAILABLE),
            (faults.status(400, "InvalidPart"), ErrorKind.NOT_FOUND),
        ],
        ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Action) else value,
    )
    def test_kind_on_completion(
        self, cloud: StrictCloud, driver: S3Driver, action: Action, kind: ErrorKind
    ) -> None:
        cloud.script(Fault(action, dialect="s3", operation="CompleteMultipartUpload"))
        started, part = upload(driver, "key")
        finish = lambda: driver.finish_upload(  # noqa: E731
            "key", started, [part], mode="create", metadata={}
        )
        assert kind_of(driver, finish) is kind
        assert [log.operation for log in cloud.requests].count("CompleteMultipartUpload") == 1

    def test_truncated_body(self, cloud: StrictCloud, driver: S3Driver) -> None:
        driver.put("key", b"0123456789", mode="create", metadata={})
        cloud.script(Fault(faults.truncate(4), operation="GetObject"))
        assert kind_of(driver, lambda: read(driver, "key")) is ErrorKind.UNAVAILABLE
        assert read(driver, "key") == b"0123456789"

    def test_silence(self, cloud: StrictCloud) -> None:
        driver = open_driver("models", endpoint=cloud.s3_endpoint, timeout=0.2)
        driver.put("key", b"0123456789", mode="create", metadata={})
        cloud.script(
            Fault(faults.stall(after=4), operation="GetObject"),
            Fault(faults.stall(), operation="PutObject"),
            Fault(faults.stall(), operation="ListObjectsV2"),
        )
        for act in (
            lambda: read(driver, "key"),
            lambda: driver.put("key", b"x", mode="overwrite", metadata={}),
            lambda: [*driver.list("")],
        ):
            assert kind_of(driver, act) is ErrorKind.UNAVAILABLE

    def test_strangers(self, driver: S3Driver) -> None:
        assert driver.classify(KeyError("key")) is None
        assert driver.classify(ConnectionResetError()) is None

    def test_head_tells_what_is_missing(self, cloud: StrictCloud, driver: S3Driver) -> None:
        assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.NOT_FOUND
        sent = len(cloud.requests)
        assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.NOT_FOUND
        assert len(cloud.requests) == sent + 1, "the bucket is known by now"
        other = open_driver("models", endpoint=cloud.s3_endpoint)
        other.put("other", b"x", mode="create", metadata={})
        sent = len(cloud.requests)
        assert kind_of(other, lambda: other.head("key")) is ErrorKind.NOT_FOUND
        assert len(cloud.requests) == sent + 1, "a write has met it"
        missing = open_driver("missing", endpoint=cloud.s3_endpoint)
        assert kind_of(missing, lambda: missing.head("key")) is ErrorKind.BUCKET_NOT_FOUND

    def test_delete_in_a_missing_bucket(self, cloud: StrictCloud) -> None:
        driver = open_driver("missing", endpoint=cloud.s3_endpoint)
        assert kind_of(driver, lambda: driver.delete("key")) is ErrorKind.BUCKET_NOT_FOUND

    def test_conditional_delete_of_an_absent_key(self, driver: S3Driver) -> None:
        driver.delete("absent", if_match=Version("00"))

    def test_update_of_an_absent_key(self, driver: S3Driver) -> None:
        put = lambda: driver.put("key", b"x", mode=Version("00"), metadata={})  # noqa: E731
        assert kind_of(driver, put) is ErrorKind.NOT_FOUND
