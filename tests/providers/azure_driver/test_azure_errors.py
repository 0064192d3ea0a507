"""What Azure's codes and lost connections are told as."""

import socket
import time
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

from providers._azure_rest import error_kind
from providers.azure_blob import AzureDriver, open_driver
from providers.errors import ErrorKind
from providers.model import Version
from tests.fakes.azure_auth import ACCOUNT, ACCOUNT_KEY
from tests.fakes.faults import Fault, cut_upload, reset, stall, status, throttle, truncate
from tests.fakes.server import StrictCloud
from tests.providers.azure_driver.azure_driver_kit import CONTAINER, kind_of, put, read
from tests.providers.harness_clouds import fresh_name


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
