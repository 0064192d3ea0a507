"""What is Azure's own: credentials, signatures, blocks, error codes, the order of names."""

import base64
import hashlib
import http.client
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import azure.identity
import pytest
import urllib3.util.connection
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import (
    AccountSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ResourceTypes,
    UserDelegationKey,
    generate_account_sas,
)
from hypothesis import given
from hypothesis import strategies as st

from providers._azure_account import find_access
from providers._azure_http import PIECE
from providers._azure_rest import Page, by_code_point, error_kind, sign
from providers.azure_blob import AzureDriver, open_driver
from providers.errors import ErrorKind, UnsupportedError
from providers.model import ByteRange, ObjectMeta, Part, Version
from tests.fakes.azure_auth import ACCOUNT, ACCOUNT_KEY
from tests.fakes.faults import Fault, cut_upload, reset, stall, status, throttle, truncate
from tests.fakes.server import StrictCloud
from tests.fakes.tls import self_signed
from tests.providers.harness_clouds import fresh_name
from tests.providers.harness_servers import Emulators

CONTAINER = "models"
TILDE = "\uff5e"  # full-width
ALPHABET = f"ab\ud7ff\ue000{TILDE}\U0001f600\U0010ffff/"
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"
VARIABLES = (
    CONNECTION,
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "REQUESTS_CA_BUNDLE",
)


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        cloud.create_bucket("azure", CONTAINER)
        yield cloud


@pytest.fixture
def driver(cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureDriver]:
    monkeypatch.setenv(CONNECTION, cloud.azure_connection_string)
    driver = open_driver(ACCOUNT, CONTAINER, timeout=5)
    yield driver
    driver.close()


@pytest.fixture
def azurite(
    emulators: Emulators, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[AzureDriver, ContainerClient]]:
    """Yield a driver on a fresh container of Azurite, and the SDK's client of it."""
    for name, value in emulators.server("azurite").environment().items():
        monkeypatch.setenv(name, value)
    service = BlobServiceClient.from_connection_string(os.environ[CONNECTION])
    with service, service.create_container(fresh_name()) as client:
        driver = open_driver(ACCOUNT, client.container_name)
        yield driver, client
        driver.close()
        client.delete_container()


def kind_of(driver: AzureDriver, act: Callable[[], object]) -> ErrorKind | None:
    """Return the kind of the error that `act` raises."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - the driver judges it
        return driver.classify(error)
    pytest.fail("nothing was raised")


def put(driver: AzureDriver, key: str = "key", body: bytes = b"body") -> ObjectMeta:
    return driver.put(key, body, mode="overwrite", metadata={})


def read(driver: AzureDriver, key: str = "key") -> bytes:
    with driver.get(key) as found:
        return b"".join(found.chunks)


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "http", "kind"),
        [
            ("AuthenticationFailed", 403, ErrorKind.UNAUTHENTICATED),
            ("InvalidAuthenticationInfo", 400, ErrorKind.UNAUTHENTICATED),
            ("AuthorizationPermissionMismatch", 403, ErrorKind.PERMISSION_DENIED),
            ("BlobImmutableDueToPolicy", 409, ErrorKind.PERMISSION_DENIED),
            ("AccountQuotaExceeded", 403, ErrorKind.QUOTA),
            ("QuotaExceeded", 409, ErrorKind.QUOTA),
            ("TotalSharesProvisionedCapacityExceedsAccountLimit", 409, ErrorKind.QUOTA),
            ("InsufficientStorage", 507, ErrorKind.QUOTA),
            ("IngressOverAccountLimit", 503, ErrorKind.THROTTLED),
            ("ServerBusy", 503, ErrorKind.THROTTLED),
            ("TooManyRequests", 429, ErrorKind.THROTTLED),
            ("EgressOverAccountLimit", 503, ErrorKind.THROTTLED),
            ("OperationTimedOut", 500, ErrorKind.UNAVAILABLE),
            ("InternalError", 500, ErrorKind.UNAVAILABLE),
            ("", 502, ErrorKind.UNAVAILABLE),
            ("ContainerBeingDeleted", 409, ErrorKind.UNAVAILABLE),
            ("InvalidBlockList", 400, ErrorKind.NOT_FOUND),
            ("ContainerNotFound", 404, ErrorKind.BUCKET_NOT_FOUND),
            ("LeaseIdMissing", 412, ErrorKind.CONFLICT),
            ("Md5Mismatch", 400, ErrorKind.INTEGRITY),
            ("NotImplemented", 501, ErrorKind.OTHER),
            ("InvalidInput", 400, ErrorKind.OTHER),
        ],
    )
    def test_code(
        self, cloud: StrictCloud, driver: AzureDriver, code: str, http: int, kind: ErrorKind
    ) -> None:
        assert error_kind(http, code, creating=False) is kind
        cloud.script(Fault(status(http, code or "None"), operation="PutBlob", key="key"))
        assert kind_of(driver, lambda: put(driver)) is kind

    def test_message_is_one_line_with_the_code(self, driver: AzureDriver) -> None:
        with pytest.raises(
            Exception, match=r"\A404 BlobNotFound: The specified blob does not exist\.\Z"
        ):
            read(driver, "absent")
        with pytest.raises(Exception, match=r"\A404 BlobNotFound: [^\n<]+\Z"):
            driver.head("absent")

    def test_failed_condition_of_a_create_means_exists(
        self, cloud: StrictCloud, driver: AzureDriver
    ) -> None:
        """Put Block List may answer a lost create with 412, Put Blob does with 409."""
        upload = driver.start_upload("key", metadata={})
        part = driver.put_part("key", upload, 1, 0, b"body")

        def finish(mode: Any) -> object:
            return driver.finish_upload("key", upload, [part], mode=mode, metadata={})

        cloud.script(Fault(status(412, "ConditionNotMet"), operation="PutBlockList", count=2))
        assert kind_of(driver, lambda: finish("create")) is ErrorKind.ALREADY_EXISTS
        assert kind_of(driver, lambda: finish(Version("0x1"))) is ErrorKind.PRECONDITION

    def test_throttled(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        cloud.script(Fault(throttle(), operation="GetBlob"))
        assert kind_of(driver, lambda: read(driver)) is ErrorKind.THROTTLED

    def test_sent_once(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        cloud.script(Fault(status(503, "ServerBusy"), operation="*", count=4))
        for act in (
            lambda: put(driver),
            lambda: driver.head("key"),
            lambda: list(driver.list("")),
            lambda: driver.delete("key"),
        ):
            assert kind_of(driver, act) is ErrorKind.THROTTLED
        assert len(cloud.requests) == 4

    def test_broken_connections(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        put(driver, body=bytes(100_000))
        cloud.script(
            Fault(truncate(50_000), operation="GetBlob"),
            Fault(reset(), operation="GetBlobProperties"),
            Fault(cut_upload(10), operation="PutBlob"),
            Fault(truncate(20), operation="ListBlobs"),
        )
        for act in (
            lambda: read(driver),
            lambda: driver.head("key"),
            lambda: put(driver),
            lambda: list(driver.list("")),
        ):
            assert kind_of(driver, act) is ErrorKind.UNAVAILABLE

    @pytest.mark.parametrize("operation", ["GetBlob", "PutBlob"])
    def test_stall(self, cloud: StrictCloud, driver: AzureDriver, operation: str) -> None:
        put(driver, body=bytes(1000))
        impatient = open_driver(ACCOUNT, CONTAINER, timeout=0.3)
        cloud.script(Fault(stall(), operation=operation))
        act = {"GetBlob": lambda: read(impatient), "PutBlob": lambda: put(impatient)}[operation]
        began = time.monotonic()
        assert kind_of(impatient, act) is ErrorKind.UNAVAILABLE
        assert time.monotonic() - began < 10

    def test_nobody_listens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        monkeypatch.setenv("AZURE_STORAGE_KEY", ACCOUNT_KEY)
        driver = open_driver(ACCOUNT, CONTAINER, endpoint=f"http://127.0.0.1:{port}/{ACCOUNT}")
        assert kind_of(driver, lambda: put(driver)) is ErrorKind.UNAVAILABLE

    def test_strangers(self, driver: AzureDriver) -> None:
        assert driver.classify(ValueError("ours")) is None
        assert driver.classify(FileNotFoundError("ours")) is None

    def test_leased(self, azurite: tuple[AzureDriver, ContainerClient]) -> None:
        driver, client = azurite
        put(driver)
        client.get_blob_client("key").acquire_lease(15)
        assert kind_of(driver, lambda: put(driver)) is ErrorKind.CONFLICT
        assert kind_of(driver, lambda: driver.delete("key")) is ErrorKind.CONFLICT

    def test_blocks_of_another_program(self, azurite: tuple[AzureDriver, ContainerClient]) -> None:
        """Ids of all blocks of a blob must be equally long."""
        driver, client = azurite
        client.get_blob_client("key").stage_block("short", b"theirs")
        upload = driver.start_upload("key", metadata={})
        sent = kind_of(driver, lambda: driver.put_part("key", upload, 1, 0, b"ours"))
        assert sent is ErrorKind.CONFLICT

    def test_delete_in_a_missing_container(
        self, azurite: tuple[AzureDriver, ContainerClient]
    ) -> None:
        missing = open_driver(ACCOUNT, fresh_name())
        assert kind_of(missing, lambda: missing.delete("key")) is ErrorKind.BUCKET_NOT_FOUND

    def test_conditional_delete_of_an_absent_key(
        self, azurite: tuple[AzureDriver, ContainerClient]
    ) -> None:
        driver, client = azurite
        version = put(driver).version
        client.delete_blob("key")
        driver.delete("key", if_match=version)
        put(driver)
        refused = kind_of(driver, lambda: driver.delete("key", if_match=version))
        assert refused is ErrorKind.PRECONDITION
        assert read(driver) == b"body"


class TestBlocks:
    def test_ids_prove_the_content(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        upload = driver.start_upload("key", metadata={})
        part = driver.put_part("key", upload, 7, 0, b"body")
        digest = hashlib.md5(b"body", usedforsecurity=False).hexdigest()
        assert part == Part(7, 4, f"{upload[:16]}-00007-{digest}")
        last = driver.put_part("key", upload, 50_000, 4, b"x")
        assert len(last.tag) == len(part.tag) <= 64

    def test_start_sends_nothing(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        uploads = {driver.start_upload("key", metadata={}) for _ in range(100)}
        driver.abort_upload("key", uploads.pop())
        assert len(uploads) == 99
        assert cloud.requests == []

    def test_parts_are_one_uploads_own(self, driver: AzureDriver) -> None:
        first, second = (driver.start_upload("key", metadata={}) for _ in range(2))
        assert driver.list_parts("key", first) == []
        parts = [driver.put_part("key", first, n, 0, b"%d" % n) for n in (2, 10, 1)]
        driver.put_part("key", second, 3, 0, b"theirs")
        assert driver.list_parts("key", first) == sorted(parts)

    def test_part_sent_twice(self, driver: AzureDriver) -> None:
        upload = driver.start_upload("key", metadata={})
        same = driver.put_part("key", upload, 1, 0, b"same")
        assert driver.put_part("key", upload, 1, 0, b"same") == same
        driver.put_part("key", upload, 2, 4, b"before")
        after = driver.put_part("key", upload, 2, 4, b"after")
        assert driver.list_parts("key", upload) == [same]
        driver.finish_upload("key", upload, [same, after], mode="create", metadata={})
        assert read(driver) == b"sameafter"

    def test_committed_parts_count(self, driver: AzureDriver) -> None:
        """An upload whose last answer was lost can be finished again without sending a byte."""
        upload = driver.start_upload("key", metadata={})
        parts = [driver.put_part("key", upload, n, 0, b"%d" % n) for n in (1, 2)]
        driver.finish_upload("key", upload, parts, mode="create", metadata={"note": "x"})
        assert driver.list_parts("key", upload) == parts
        meta = driver.finish_upload("key", upload, parts, mode="overwrite", metadata={})
        assert (meta.size, read(driver)) == (2, b"12")

    @pytest.mark.parametrize("theirs", ["blob", "blocks"])
    def test_another_writer_discards_blocks(self, driver: AzureDriver, theirs: str) -> None:
        upload = driver.start_upload("key", metadata={})
        part = driver.put_part("key", upload, 1, 0, b"ours")
        if theirs == "blob":
            put(driver, body=b"theirs")
        else:
            other = driver.start_upload("key", metadata={})
            block = driver.put_part("key", other, 1, 0, b"theirs")
            driver.finish_upload("key", other, [block], mode="overwrite", metadata={})
        assert driver.list_parts("key", upload) == []

        def finish() -> object:
            return driver.finish_upload("key", upload, [part], mode="overwrite", metadata={})

        assert kind_of(driver, finish) is ErrorKind.NOT_FOUND
        assert read(driver) == b"theirs"

    def test_blocks_are_invisible(self, azurite: tuple[AzureDriver, ContainerClient]) -> None:
        driver, _ = azurite
        upload = driver.start_upload("folder/key", metadata={})
        driver.put_part("folder/key", upload, 1, 0, b"body")
        assert list(driver.list("")) == []
        assert driver.list_dir("").prefixes == ()
        assert kind_of(driver, lambda: driver.head("folder/key")) is ErrorKind.NOT_FOUND
        assert kind_of(driver, lambda: read(driver, "folder/key")) is ErrorKind.NOT_FOUND

    def test_other_blocks_than_meant(
        self, driver: AzureDriver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload = driver.start_upload("key", metadata={})
        parts = [driver.put_part("key", upload, n, 0, b"%d" % n) for n in (1, 2)]

        def finish() -> ObjectMeta:
            return driver.finish_upload("key", upload, parts, mode="overwrite", metadata={})

        honest = driver._blocks
        for wrong in ([1, 0], [0], []):

            def seen(key: str, which: str, order: list[int] = wrong) -> Any:
                version, blocks = honest(key, which)
                return version, [blocks[index] for index in order]

            with monkeypatch.context() as patch:
                patch.setattr(driver, "_blocks", seen)
                assert kind_of(driver, finish) is ErrorKind.INTEGRITY
        monkeypatch.setattr(driver, "_blocks", lambda *_: (Version("another's"), []))
        assert finish().size == 2

    def test_removed_right_after_the_commit(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        upload = driver.start_upload("key", metadata={})
        part = driver.put_part("key", upload, 1, 0, b"body")
        cloud.script(Fault(status(404, "BlobNotFound"), operation="GetBlockList"))
        meta = driver.finish_upload("key", upload, [part], mode="create", metadata={})
        assert meta.size == 4


class TestTransfer:
    @pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
    def test_long_bodies(self, driver: AzureDriver, size: int) -> None:
        body = os.urandom(size)
        put(driver, body=body)
        assert read(driver) == body
        with driver.get("key", range=ByteRange(size - 7)) as found:
            assert b"".join(found.chunks) == body[-7:]
            assert found.meta.size == size

    def test_a_read_given_up_frees_its_connection(
        self, cloud: StrictCloud, driver: AzureDriver
    ) -> None:
        put(driver, body=bytes(8 * PIECE))
        for _ in range(5):
            with driver.get("key") as found:
                assert next(found.chunks)
        assert driver.head("key").size == 8 * PIECE

    def test_connections_are_reused(self, driver: AzureDriver, cloud: StrictCloud) -> None:
        opened = []
        honest = urllib3.util.connection.create_connection

        def count(*args: Any, **kwargs: Any) -> socket.socket:
            opened.append(args)
            return honest(*args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(urllib3.util.connection, "create_connection", count)
            put(driver)
            read(driver)
            assert kind_of(driver, lambda: read(driver, "absent")) is ErrorKind.NOT_FOUND
            driver.head("key")
            list(driver.list(""))
            driver.delete("key")
            driver.delete("key")
        assert len(opened) == 1

    def test_no_request_but_the_one_asked_for(
        self, driver: AzureDriver, cloud: StrictCloud
    ) -> None:
        put(driver)
        read(driver)
        driver.head("key")
        driver.delete("key")
        assert [request.operation for request in cloud.requests] == [
            "PutBlob",
            "GetBlob",
            "GetBlobProperties",
            "DeleteBlob",
        ]

    def test_writes(self, driver: AzureDriver, monkeypatch: pytest.MonkeyPatch) -> None:
        """A short body goes with its head; of a long one each piece has the timeout to itself."""
        sizes: list[int] = []
        honest = http.client.HTTPConnection.send

        def send(self: http.client.HTTPConnection, data: Any) -> None:
            sizes.append(len(data))
            honest(self, data)

        monkeypatch.setattr(http.client.HTTPConnection, "send", send)
        put(driver, body=bytes(10_000))
        assert len(sizes) == 1
        assert read(driver) == bytes(10_000)
        assert len(sizes) == 2
        put(driver, body=b"")
        assert len(sizes) == 3
        put(driver, body=bytes(2 * PIECE + 5))
        assert sizes[4:] == [PIECE, PIECE, 5]

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_proxy(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        monkeypatch.setenv("AZURE_STORAGE_KEY", ACCOUNT_KEY)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,.internal")
        with socket.create_server(("127.0.0.1", 0)) as server:
            monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{server.getsockname()[1]}")
            driver = open_driver("acme", "c", endpoint=f"{scheme}://acme.example", timeout=0.5)
            assert kind_of(driver, lambda: put(driver)) is ErrorKind.UNAVAILABLE
            asked = server.accept()[0].recv(1000).decode()
        tunnel, whole = "CONNECT acme.example:443 ", "PUT http://acme.example/c/key "
        assert asked.startswith(tunnel if scheme == "https" else whole)
        past = open_driver("acme", "c", endpoint=f"{scheme}://127.0.0.1:1", timeout=0.5)
        assert kind_of(past, lambda: put(past)) is ErrorKind.UNAVAILABLE

    def test_refuses_wrong_checksum(
        self, driver: AzureDriver, azurite: tuple[AzureDriver, ContainerClient]
    ) -> None:
        for one in (driver, azurite[0]):
            assert one.refuses_wrong_checksum("probe")
            assert list(one.list("")) == []


class TestListing:
    def test_start_after_is_the_servers_business(
        self, cloud: StrictCloud, driver: AzureDriver
    ) -> None:
        keys = [f"a/{n:03}" for n in range(100)]
        for key in keys:
            put(driver, key)
        cloud.options.page_size = 10
        cloud.requests.clear()
        found = [meta.key for meta in driver.list("a/", start_after="a/094")]
        assert found == keys[95:]
        assert len(cloud.requests) == 1
        assert [meta.key for meta in driver.list("a/", start_after="a")] == keys
        cloud.requests.clear()
        assert list(driver.list("a/", start_after="b")) == []
        assert cloud.requests == []

    def test_names_above_the_surrogates(
        self, driver: AzureDriver, azurite: tuple[AzureDriver, ContainerClient]
    ) -> None:
        """The fake sorts by code point; Azurite by UTF-16, the emoji before the tilde."""
        keys = ["a", TILDE, f"{TILDE}b", "\U0001f600", "\U0001f600/x"]
        for one in (driver, azurite[0]):
            for key in keys:
                put(one, key)
            for start, key in enumerate(keys, 1):
                assert [meta.key for meta in one.list("", start_after=key)] == keys[start:]

    @given(st.lists(st.text(ALPHABET, min_size=1), unique=True))
    def test_order(self, keys: list[str]) -> None:
        by_utf16 = sorted(keys, key=lambda key: key.encode("utf-16-be"))
        for listed in (by_utf16, sorted(keys)):
            metas = (ObjectMeta(key, 0, Version("")) for key in listed)
            assert [meta.key for meta in by_code_point(metas)] == sorted(keys)

    def test_order_is_lazy(self) -> None:
        """Only what shares the part before the emoji is held back."""
        keys = ["a", "b/\U0001f600", f"b/{TILDE}", "c"]

        def endless() -> Iterator[ObjectMeta]:
            for key in keys:
                yield ObjectMeta(key, 0, Version(""))
            pytest.fail("read ahead")

        listing = by_code_point(endless())
        assert [next(listing).key for _ in keys] == sorted(keys)

    def test_prefix_across_pages(self, cloud: StrictCloud, driver: AzureDriver) -> None:
        for number in range(20):
            put(driver, f"a/{number:02}")
        cloud.options.page_size = 3
        assert driver.list_dir("").prefixes == ("a/",)
        assert len(driver.list_dir("a/").objects) == 20

    def test_prefix_on_two_pages(
        self, driver: AzureDriver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pages = [Page([], ["a/", "b/"], "more"), Page([], ["b/"], "")]
        monkeypatch.setattr(driver, "_pages", lambda *_: iter(pages))
        assert driver.list_dir("").prefixes == ("a/", "b/")


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
        assert (access.endpoint, access.key) == (
            f"http://127.0.0.1:10000/{ACCOUNT}",
            ACCOUNT_KEY,
        )

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
        self,
        azurite: tuple[AzureDriver, ContainerClient],
        monkeypatch: pytest.MonkeyPatch,
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
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        token: str,
        kind: ErrorKind | None,
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
