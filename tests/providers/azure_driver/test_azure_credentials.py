"""Where the driver for Azure finds its credentials, and what it does with them."""

import base64
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import azure.identity
import pytest
from azure.core.credentials import AccessToken
from azure.storage.blob import (
    AccountSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ResourceTypes,
    UserDelegationKey,
    generate_account_sas,
)

from providers._azure_account import find_access
from providers.azure_blob import AzureDriver, open_driver
from providers.errors import ErrorKind, UnsupportedError
from tests.fakes.azure_auth import ACCOUNT, ACCOUNT_KEY
from tests.fakes.server import StrictCloud
from tests.fakes.tls import self_signed
from tests.providers.azure_driver.azure_driver_kit import CONNECTION, CONTAINER, kind_of, put, read


class TestCredentials:
    @pytest.mark.parametrize(
        ("environment", "expected"),
        [
            ({}, ("https://acme.blob.core.windows.net", None, None)),
            (
                {CONNECTION: "AccountName=acme;AccountKey=a2V5=="},
                ("https://acme.blob.core.windows.net", "a2V5==", None),
            ),
            (
                {
                    CONNECTION: "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5;"
                    "EndpointSuffix=core.chinacloudapi.cn"
                },
                ("https://acme.blob.core.chinacloudapi.cn", "a2V5", None),
            ),
            (
                {
                    CONNECTION: "BlobEndpoint=https://acme.blob.core.windows.net/;SharedAccessSignature=?sv=1&sig=x=="
                },
                ("https://acme.blob.core.windows.net", None, "sv=1&sig=x=="),
            ),
            (
                {CONNECTION: "accountname=acme;accountkey=a2V5;blobendpoint=http://h:1/acme;"},
                ("http://h:1/acme", "a2V5", None),
            ),
            (
                {"AZURE_STORAGE_KEY": "a2V5", "AZURE_STORAGE_SAS_TOKEN": "sig=x"},
                ("https://acme.blob.core.windows.net", "a2V5", None),
            ),
            (
                {"AZURE_STORAGE_SAS_TOKEN": "?sig=x", "AZURE_STORAGE_ACCOUNT": "acme"},
                ("https://acme.blob.core.windows.net", None, "sig=x"),
            ),
            (
                {"AZURE_STORAGE_KEY": "", "AZURE_STORAGE_ACCOUNT": "other"},
                ("https://acme.blob.core.windows.net", None, None),
            ),
        ],
    )
    def test_found(
        self, environment: Mapping[str, str], expected: tuple[str, str | None, str | None]
    ) -> None:
        access = find_access("acme", environment)
        assert (access.endpoint, access.key, access.signature) == expected
        assert "a2V5" not in repr(access)
        assert "sig" not in repr(access).replace("signature", "")

    def test_development_storage(self) -> None:
        access = find_access(ACCOUNT, {CONNECTION: "UseDevelopmentStorage=true"})
        assert (access.endpoint, access.key) == (f"http://127.0.0.1:10000/{ACCOUNT}", ACCOUNT_KEY)

    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ({CONNECTION: "AccountName=other;AccountKey=c2VjcmV0"}, ["'other'", "'acme'"]),
            (
                {
                    CONNECTION: "BlobEndpoint=https://other.blob.core.windows.net;SharedAccessSignature=sig=c2VjcmV0"
                },
                ["'other'", "'acme'"],
            ),
            ({CONNECTION: "AccountName=acme;c2VjcmV0"}, [CONNECTION, "AccountKey"]),
            ({CONNECTION: "c2VjcmV0"}, [CONNECTION]),
            (
                {"AZURE_STORAGE_KEY": "c2VjcmV0", "AZURE_STORAGE_ACCOUNT": "other"},
                ["AZURE_STORAGE_KEY", "'other'", "'acme'"],
            ),
        ],
    )
    def test_of_another_account(self, environment: Mapping[str, str], words: list[str]) -> None:
        with pytest.raises(UnsupportedError) as caught:
            find_access("acme", environment)
        for word in words:
            assert word in caught.value.message
        assert "c2VjcmV0" not in f"{caught.value}{caught.value.hint}"

    def test_endpoint_given_wins(self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(CONNECTION, f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY}")
        put(open_driver(ACCOUNT, CONTAINER, endpoint=f"{cloud.azure_endpoint}/"))
        assert cloud.objects("azure", CONTAINER) == {"key": b"body"}

    @pytest.mark.parametrize("key", ["d3Jvbmc=", "not base64"])
    def test_wrong_key(self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
        monkeypatch.setenv(CONNECTION, cloud.azure_connection(key=key))
        driver = open_driver(ACCOUNT, CONTAINER)
        assert kind_of(driver, lambda: put(driver)) is ErrorKind.UNAUTHENTICATED
        assert kind_of(driver, lambda: driver.head("a")) is ErrorKind.UNAUTHENTICATED

    @pytest.mark.parametrize(
        ("minutes", "kind"),
        [
            (0, ErrorKind.UNAUTHENTICATED),
            (14, ErrorKind.UNAUTHENTICATED),
            (-14, ErrorKind.UNAUTHENTICATED),
            (16, ErrorKind.CLOCK),
            (-16, ErrorKind.CLOCK),
        ],
    )
    def test_wrong_clock(
        self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch, minutes: int, kind: ErrorKind
    ) -> None:
        """One code says both that the key is wrong and that the time is; the server's time tells."""
        monkeypatch.setenv(CONNECTION, cloud.azure_connection(key="d3Jvbmc="))
        driver = open_driver(ACCOUNT, CONTAINER)
        here = datetime.now(UTC) + timedelta(minutes=minutes)
        monkeypatch.setattr("providers._azure_http.datetime", SimpleNamespace(now=lambda _: here))
        assert kind_of(driver, lambda: put(driver)) is kind

    def test_denied(self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(CONNECTION, cloud.azure_denied_connection_string)
        driver = open_driver("denied", CONTAINER)
        assert kind_of(driver, lambda: put(driver)) is ErrorKind.PERMISSION_DENIED

    def test_shared_access_signature(
        self, azurite: tuple[AzureDriver, ContainerClient], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        by_key, client = azurite
        signature = generate_account_sas(
            ACCOUNT,
            ACCOUNT_KEY,
            ResourceTypes(container=True, object=True),
            AccountSasPermissions(read=True, write=True, list=True, create=True, delete=True),
            datetime.now(UTC) + timedelta(minutes=5),
        )
        endpoint = by_key._endpoint
        monkeypatch.delenv(CONNECTION)
        monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", signature)
        driver = open_driver(ACCOUNT, client.container_name, endpoint=endpoint)
        assert not driver.capabilities.presign
        put(driver, "a b+ü")
        upload = driver.start_upload("large", metadata={})
        part = driver.put_part("large", upload, 1, 0, b"body")
        driver.finish_upload("large", upload, [part], mode="create", metadata={})
        assert [meta.key for meta in driver.list("")] == ["a b+ü", "large"]
        assert read(driver, "a b+ü") == read(driver, "large") == b"body"
        with pytest.raises(UnsupportedError):
            driver.presign("large", expires=timedelta(minutes=1))

        monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", signature.replace("sig=", "sig=A"))
        forged = open_driver(ACCOUNT, client.container_name, endpoint=endpoint)
        refused = kind_of(forged, lambda: read(forged, "large"))
        assert refused in (ErrorKind.UNAUTHENTICATED, ErrorKind.PERMISSION_DENIED)
        assert "sig" not in repr(forged) + forged.url

    def test_tokens_need_https(self) -> None:
        with pytest.raises(UnsupportedError, match="HTTPS"):
            open_driver("acme", CONTAINER, endpoint="http://127.0.0.1:1/acme")

    @pytest.mark.parametrize(
        ("token", "kind"),
        [
            ("good", None),
            ("expired", ErrorKind.UNAUTHENTICATED),
            ("denied", ErrorKind.PERMISSION_DENIED),
            ("", ErrorKind.UNAUTHENTICATED),
        ],
    )
    def test_token(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, kind: ErrorKind | None
    ) -> None:
        scopes: list[str] = []

        class Credential:
            def get_token(self, *wanted: str, **_: Any) -> AccessToken:
                scopes.extend(wanted)
                if not token:
                    raise azure.identity.CredentialUnavailableError(message="nobody signed in")
                return AccessToken(token, 4_000_000_000)

        context, certificate = self_signed(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Credential)
        with StrictCloud(tls=context) as cloud:
            cloud.create_bucket("azure", CONTAINER)
            driver = open_driver(ACCOUNT, CONTAINER, endpoint=cloud.azure_endpoint)
            if kind is None:
                put(driver)
                assert read(driver) == b"body"
            else:
                assert kind_of(driver, lambda: put(driver)) is kind
            driver.close()
        assert set(scopes) == {"https://storage.azure.com/.default"}

    def test_untrusted_certificate(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        context, _ = self_signed(tmp_path)
        monkeypatch.setenv("AZURE_STORAGE_KEY", ACCOUNT_KEY)
        with StrictCloud(tls=context) as cloud:
            driver = open_driver(ACCOUNT, CONTAINER, endpoint=cloud.azure_endpoint)
            assert kind_of(driver, lambda: put(driver)) is ErrorKind.UNAVAILABLE
            assert cloud.requests == []

    def test_presign_with_a_user_delegation_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[datetime, datetime]] = []

        def delegate(self: BlobServiceClient, start: datetime, end: datetime) -> object:
            asked.append((start, end))
            key: Any = UserDelegationKey()  # type: ignore[no-untyped-call]
            key.signed_oid = key.signed_tid = "1-2-3"
            key.signed_start = key.signed_expiry = "2026-01-01T00:00:00Z"
            key.signed_service, key.signed_version = "b", "2026-02-06"
            key.value = base64.b64encode(b"delegated").decode()
            return key

        class Credential:
            def get_token(self, *_: str, **__: Any) -> AccessToken:
                return AccessToken("good", 4_000_000_000)

        monkeypatch.setattr(azure.identity, "DefaultAzureCredential", Credential)
        monkeypatch.setattr(BlobServiceClient, "get_user_delegation_key", delegate)
        driver = open_driver("acme", CONTAINER)
        url = urlsplit(driver.presign("a b/ü?", expires=timedelta(hours=1)))
        assert url.netloc == "acme.blob.core.windows.net"
        assert unquote(url.path) == f"/{CONTAINER}/a b/ü?"
        assert parse_qs(url.query)["sp"] == ["r"]
        assert parse_qs(url.query)["skoid"] == ["1-2-3"]
        start, end = asked[0]
        assert timedelta(hours=1) < end - start < timedelta(hours=2)

    def test_presigned_url_reads_and_no_more(
        self, azurite: tuple[AzureDriver, ContainerClient]
    ) -> None:
        driver, _ = azurite
        put(driver, "a b+ü%.bin")
        url = driver.presign("a b+ü%.bin", expires=timedelta(minutes=5))
        with urllib.request.urlopen(url, timeout=30) as response:
            assert response.read() == b"body"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=30)

    def test_nothing_unneeded_is_imported(self) -> None:
        script = (
            "import os, sys; from providers.azure_blob import open_driver;"
            f"os.environ['AZURE_STORAGE_KEY'] = {ACCOUNT_KEY!r}; open_driver('acme', 'models');"
            "print(*sorted({'azure.identity', 'azure.storage', 'aiohttp'} & {*sys.modules}))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
        assert done.stdout.split() == []
