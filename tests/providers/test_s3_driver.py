"""What the S3 driver alone does: signing, endpoints, credentials, regions, errors by code."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import botocore.auth
import pytest
import urllib3.util.connection
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError

from providers import _s3_http
from providers._s3_meta import listed
from providers.errors import ErrorKind
from providers.model import MIB, ByteRange, ObjectMeta, Part, Version
from providers.s3 import S3Driver, open_driver
from tests.fakes import Action, Fault, StrictCloud, faults
from tests.fakes.tls import self_signed
from tests.providers.harness_servers import Emulators

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
SCOPE = ("20260203", "eu-west-1", "s3", "aws4_request")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave nothing of the user's own configuration but what a test sets."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        cloud.create_bucket("s3", "models")
        yield cloud


@pytest.fixture
def driver(cloud: StrictCloud) -> Iterator[S3Driver]:
    driver = open_driver("models", endpoint=cloud.s3_endpoint, timeout=5)
    yield driver
    driver.close()


def read(driver: S3Driver, key: str, wanted: ByteRange | None = None) -> bytes:
    with driver.get(key, range=wanted) as found:
        return b"".join(found.chunks)


def kind_of(driver: S3Driver, act: Callable[[], object]) -> ErrorKind | None:
    with pytest.raises((BotoCoreError, ClientError)) as caught:
        act()
    return driver.classify(caught.value)


def upload(driver: S3Driver, key: str) -> tuple[str, Part]:
    started = driver.start_upload(key, metadata={})
    return started, driver.put_part(key, started, 1, 0, b"part")


class TestSignature:
    """The signatures are those of botocore's own signer."""

    @pytest.mark.parametrize("token", [None, "session"])
    @pytest.mark.parametrize(
        ("method", "path", "query", "extra"),
        [
            ("GET", "/bucket/key", "", {}),
            ("PUT", "/bucket/a%20b/%C3%BC%2B%25~", "", {"x-amz-meta-a": "two  spaces \t ~"}),
            ("PUT", "/key", "partNumber=7&uploadId=a%2Fb%3D", {"if-match": '"00"'}),
            # A header that is the beginning of another: the lines do not sort as the names do.
            ("PUT", "/key", "", {"x-amz-meta-a": "1", "x-amz-meta-a-b": "2", "x-amz-meta-ab": ""}),
            ("HEAD", "/key", "", {"range": "bytes=0-1", "if-none-match": "*"}),
        ],
    )
    def test_is_botocores(
        self,
        monkeypatch: pytest.MonkeyPatch,
        method: str,
        path: str,
        query: str,
        extra: dict[str, str],
        token: str | None,
    ) -> None:
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW)
        url = f"https://bucket.example:8443{path}?{query}".rstrip("?")
        request = AWSRequest(method, url, headers=extra)
        request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
        S3SigV4Auth(Credentials("AKID", "secret", token), "s3", "eu-west-1").add_auth(request)
        headers = {
            **extra,
            "host": "bucket.example:8443",
            "x-amz-date": "20260203T040506Z",
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        }
        if token:
            headers["x-amz-security-token"] = token
        key = _s3_http._derive("secret", SCOPE)
        signed = _s3_http.sign(
            method, path, query, headers, access_key="AKID", scope=SCOPE, key=key
        )
        assert signed == request.headers["Authorization"]

    @pytest.mark.parametrize(
        ("scheme", "host", "configured", "signed"),
        [
            ("https", "s3.amazonaws.com", None, False),
            ("https", "s3.amazonaws.com", True, True),
            ("http", "127.0.0.1", None, False),
            ("http", "localhost", None, False),
            ("http", "localhost", True, True),
            ("http", "minio.example", None, True),
            ("http", "minio.example", False, False),
            ("http", None, None, True),
        ],
    )
    def test_payload_is_signed_where_nothing_else_protects_it(
        self, scheme: str, host: str | None, configured: bool | None, signed: bool
    ) -> None:
        s3 = {} if configured is None else {"payload_signing_enabled": configured}
        assert _s3_http._must_sign_payload(scheme, host, s3) is signed

    def test_signed_payload(self, cloud: StrictCloud, driver: S3Driver, tmp_path: Path) -> None:
        (tmp_path / "config").write_text("[default]\ns3 =\n  payload_signing_enabled = true\n")
        driver.put("key", b"body", mode="create", metadata={})
        assert len(cloud.requests[-1].headers["x-amz-content-sha256"]) == 64
        assert read(driver, "key") == b"body"

    def test_new_day_new_key(self, driver: S3Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        driver.put("key", b"1", mode="create", metadata={})
        first = driver._wire._day_key
        yesterday = ((*first[0][:1], "20200101", *first[0][2:]), b"stale")
        monkeypatch.setattr(driver._wire, "_day_key", yesterday)
        assert read(driver, "key") == b"1"
        assert driver._wire._day_key == first


class TestEndpoint:
    @pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
    def test_of_the_environment(
        self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        # "models.localhost" is what addressing by host name would make of it.
        monkeypatch.setenv(name, cloud.s3_endpoint.replace("127.0.0.1", "localhost"))
        driver = open_driver("models")
        driver.put("key", b"x", mode="create", metadata={})
        assert [meta.key for meta in driver.list("")] == ["key"]
        assert cloud.objects("s3", "models") == {"key": b"x"}

    def test_of_the_profile(
        self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "mine")
        (tmp_path / "config").write_text(f"[profile mine]\nendpoint_url = {cloud.s3_endpoint}\n")
        open_driver("models").put("key", b"x", mode="create", metadata={})
        assert cloud.objects("s3", "models") == {"key": b"x"}

    def test_argument_wins(self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        driver = open_driver("models", endpoint=cloud.s3_endpoint)
        driver.put("key", b"x", mode="create", metadata={})
        assert cloud.objects("s3", "models") == {"key": b"x"}

    @pytest.mark.parametrize(
        ("bucket", "region", "origin", "path"),
        [
            ("models", None, "https://models.s3.amazonaws.com", "/"),
            ("models", "eu-west-1", "https://models.s3.eu-west-1.amazonaws.com", "/"),
            ("my.models", "eu-west-1", "https://s3.eu-west-1.amazonaws.com", "/my.models/"),
        ],
    )
    def test_of_aws(
        self,
        monkeypatch: pytest.MonkeyPatch,
        bucket: str,
        region: str | None,
        origin: str,
        path: str,
    ) -> None:
        if region:
            monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        target = open_driver(bucket)._wire._connected()
        assert (target.origin, target.path) == (origin, path)
        assert target.origin == f"https://{target.host}"
        assert (target.region, target.service) == (region or "us-east-1", "s3")
        assert not target.payload_signed

    def test_presigned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For the bucket's own region: the global endpoint only redirects."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        url = open_driver("models").presign("a b", expires=timedelta(minutes=1))
        assert url.startswith("https://models.s3.eu-west-1.amazonaws.com/a%20b?X-Amz-Algorithm=")
        assert "X-Amz-Expires=60" in url

    def test_opening_sends_nothing(self) -> None:
        driver = open_driver("models", endpoint="http://127.0.0.1:1", timeout=1)
        assert driver.url == "s3://models"
        assert repr(driver) == "S3Driver('s3://models')"
        assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.UNAVAILABLE
        assert kind_of(driver, lambda: [*driver.list("")]) is ErrorKind.UNAVAILABLE
        driver.close()
        driver.close()

    def test_import_is_lean(self) -> None:
        code = "import providers.s3, sys; print([*sys.modules])"
        shown = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
        assert "'botocore.session'" in shown
        assert not [name for name in ("'boto3'", "'s3transfer'", "'awscrt'") if name in shown]


class TestTLS:
    def test_trusts_what_it_is_told_to(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context, trusted = self_signed(tmp_path)
        with StrictCloud(tls=context) as cloud:
            cloud.create_bucket("s3", "models")
            driver = open_driver("models", endpoint=cloud.s3_endpoint, timeout=5)

            def put() -> ObjectMeta:
                return driver.put("key", b"x", mode="create", metadata={})

            assert kind_of(driver, put) is ErrorKind.UNAVAILABLE
            assert cloud.requests == []
            driver.close()
            monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
            put()
            assert read(driver, "key") == b"x"
            started, part = upload(driver, "large")
            driver.finish_upload("large", started, [part], mode="create", metadata={})
            assert read(driver, "large") == b"part"
            assert cloud.stored("s3", "models", "key").checksums.keys() == {"crc32"}


class TestCredentials:
    OPERATIONS: ClassVar[dict[str, Callable[[S3Driver], object]]] = {
        "put": lambda driver: driver.put("key", b"x", mode="create", metadata={}),
        "get": lambda driver: read(driver, "key"),
        "head": lambda driver: driver.head("key"),
        "list": lambda driver: [*driver.list("")],
        "start": lambda driver: driver.start_upload("key", metadata={}),
    }

    @pytest.mark.parametrize("op", OPERATIONS)
    @pytest.mark.parametrize(
        ("key", "secret", "kind"),
        [
            ("", "", ErrorKind.UNAUTHENTICATED),
            ("unknown", "test", ErrorKind.UNAUTHENTICATED),
            ("test", "wrong", ErrorKind.UNAUTHENTICATED),
            ("denied", "test", ErrorKind.PERMISSION_DENIED),
        ],
    )
    def test_refused(
        self,
        driver: S3Driver,
        cloud: StrictCloud,
        monkeypatch: pytest.MonkeyPatch,
        op: str,
        key: str,
        secret: str,
        kind: ErrorKind,
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        assert kind_of(driver, lambda: self.OPERATIONS[op](driver)) is kind
        assert bool(cloud.requests) is bool(key)

    def test_unknown_profile(self, driver: S3Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "absent")
        assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.UNAUTHENTICATED

    @pytest.mark.parametrize("op", OPERATIONS)
    def test_expired(self, driver: S3Driver, cloud: StrictCloud, op: str) -> None:
        # HEAD is asked again as GET, to learn the reason.
        times = 2 if op == "head" else 1
        cloud.script(Fault(faults.expire_credentials(), count=times))
        assert kind_of(driver, lambda: self.OPERATIONS[op](driver)) is ErrorKind.UNAUTHENTICATED

    def test_session_token(
        self, driver: S3Driver, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "passing")
        driver.put("key", b"x", mode="create", metadata={})
        headers = cloud.requests[-1].headers
        assert headers["x-amz-security-token"] == "passing"
        assert "x-amz-security-token" in headers["authorization"]

    def test_renewal(
        self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Credentials about to expire are fetched again before the next request."""
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        issued = tmp_path / "issued"
        (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {issued}\n")

        def issue(key: str) -> None:
            soon = datetime.now(UTC) + timedelta(minutes=2)
            fields = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "test"}
            issued.write_text(json.dumps({**fields, "Expiration": soon.isoformat()}))

        issue("test")
        driver = open_driver("models", endpoint=cloud.s3_endpoint)
        driver.put("key", b"x", mode="create", metadata={})
        issue("denied")
        assert kind_of(driver, lambda: read(driver, "key")) is ErrorKind.PERMISSION_DENIED
        issue("test")
        assert read(driver, "key") == b"x"


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


class _Elsewhere(BaseHTTPRequestHandler):
    """A bucket in eu-west-1, as S3 answers for it in other regions."""

    protocol_version = "HTTP/1.1"
    names_region: ClassVar[bool] = True
    seen: ClassVar[list[str]]

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        region = self.headers["Authorization"].split("/")[2]
        self.seen.append(region)
        body = b""
        if region == "eu-west-1":
            self.send_response(200)
            self.send_header("ETag", '"00"')
            if "list-type" in self.path:
                body = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        else:
            self.send_response(400 if self.command == "HEAD" else 301)
            if self.names_region:
                self.send_header("x-amz-bucket-region", "eu-west-1")
            if self.command != "HEAD":
                body = b"<Error><Code>PermanentRedirect</Code><Message>no</Message></Error>"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_HEAD = do_GET = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def elsewhere(*, names_region: bool) -> Iterator[tuple[S3Driver, list[str]]]:
    seen: list[str] = []
    handler = type("Handler", (_Elsewhere,), {"seen": seen, "names_region": names_region})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        driver = open_driver("models", endpoint=f"http://127.0.0.1:{server.server_port}")
        try:
            yield driver, seen
        finally:
            driver.close()
            server.shutdown()


class TestRegion:
    def test_is_learnt_once(self) -> None:
        with elsewhere(names_region=True) as (driver, seen):
            for _ in range(3):
                driver.put("key", b"x", mode="create", metadata={})
            assert seen == ["us-east-1", *["eu-west-1"] * 3]

    def test_is_learnt_from_head(self) -> None:
        with elsewhere(names_region=True) as (driver, seen):
            assert driver.head("key").version == Version("00")
            assert seen == ["us-east-1", "eu-west-1"]

    def test_is_learnt_from_a_listing(self) -> None:
        with elsewhere(names_region=True) as (driver, seen):
            assert [*driver.list("")] == []
            assert seen == ["us-east-1", "eu-west-1"]

    def test_is_not_guessed(self) -> None:
        with elsewhere(names_region=False) as (driver, seen):
            put = lambda: driver.put("key", b"x", mode="create", metadata={})  # noqa: E731
            assert kind_of(driver, put) is ErrorKind.OTHER
            assert seen == ["us-east-1"]
