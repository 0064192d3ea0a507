"""Bodies to and from Azure: checksums, ranges, proxies, connections."""

import http.client
import os
import socket
from typing import Any

import pytest
import urllib3.util.connection
from azure.storage.blob import ContainerClient

from providers._azure_http import PIECE
from providers.azure_blob import AzureDriver, open_driver
from providers.errors import ErrorKind
from providers.model import ByteRange
from tests.fakes.azure_auth import ACCOUNT_KEY
from tests.fakes.server import StrictCloud
from tests.providers.azure_driver.azure_driver_kit import kind_of, put, read


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
