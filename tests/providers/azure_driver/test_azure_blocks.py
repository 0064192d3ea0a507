"""Large objects on Azure: blocks, and how they are committed."""

import hashlib
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

from providers.azure_blob import AzureDriver
from providers.errors import ErrorKind
from providers.model import ObjectMeta, Part, Version
from tests.fakes.faults import Fault, status
from tests.fakes.server import StrictCloud
from tests.providers.azure_driver.azure_driver_kit import kind_of, put, read


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
