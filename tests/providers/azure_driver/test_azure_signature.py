"""Signatures of requests are those of the SDK."""

import base64

import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import BlobServiceClient

from providers._azure_rest import sign
from tests.fakes.azure_auth import ACCOUNT, ACCOUNT_KEY


class TestSignature:
    @pytest.mark.parametrize(
        ("method", "query", "headers"),
        [
            ("GET", "", {}),
            ("PUT", "", {"Content-Length": "0", "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}),
            (
                "PUT",
                "?comp=block&blockid=YWJj%2B%2F%3D",
                {"Content-Length": "5", "Content-Type": "text/plain", "If-Match": '"0x1"'},
            ),
            ("PUT", "", {"x-ms-meta-b1": "2", "x-ms-meta-b": "a b", "If-None-Match": "*"}),
            (
                "GET",
                "?restype=container&comp=list&prefix=a%20b%2F%C3%BC&startFrom=z&marker=x%3D%3D",
                {"x-ms-range": "bytes=0-1"},
            ),
        ],
    )
    def test_same_as_the_sdks(self, method: str, query: str, headers: dict[str, str]) -> None:
        client = BlobServiceClient.from_connection_string(
            f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY}"
        )
        policy = client.credential
        assert isinstance(policy, SansIOHTTPPolicy)
        url = f"https://{ACCOUNT}.blob.core.windows.net/c/a%20b/%C3%BC~{query}"
        common = {"x-ms-date": "Sun, 22 Nov 2026 12:00:00 GMT", "x-ms-version": "2026-02-06"}
        request = HttpRequest(method, url, headers={**common, **headers})

        class Wrapped:
            http_request = request

            class context:  # noqa: N801 - as in the SDK
                transport = None

        policy.on_request(Wrapped())  # type: ignore[arg-type]
        expected = request.headers.pop("Authorization")
        own = sign(method, url, request.headers, ACCOUNT, base64.b64decode(ACCOUNT_KEY))
        assert own == expected
