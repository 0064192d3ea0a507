"""Which server is asked: endpoints, certificates, regions."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from providers.errors import ErrorKind
from providers.model import ObjectMeta, Version
from providers.s3 import S3Driver, open_driver
from tests.fakes import StrictCloud
from tests.fakes.tls import self_signed
from tests.providers.s3_driver.s3_driver_kit import kind_of, read, upload


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
