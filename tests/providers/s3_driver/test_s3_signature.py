"""Signatures of requests are those of botocore."""

from pathlib import Path

import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from providers import _s3_http
from providers.s3 import S3Driver
from tests.fakes import StrictCloud
from tests.providers.s3_driver.s3_driver_kit import NOW, read

SCOPE = ("20260203", "eu-west-1", "s3", "aws4_request")


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
