"""Broken stores over an honest driver."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from providers.driver import Driver
from providers.errors import StoreError
from providers.model import ByteRange, ObjectMeta, Read
from providers.source import Body, BytesSource
from providers.store import Store, StoreOptions
from tests.providers.harness import digest


class SharedSource(BytesSource):
    """The caller's own buffer."""

    def __init__(self, body: bytearray) -> None:
        super().__init__(b"")
        self._body = body  # type: ignore[assignment]
        self.size = len(body)


class KeepsTheBuffer(Store):
    def put(self, key: str, body: Body, **options: Any) -> ObjectMeta:
        if isinstance(body, bytearray):
            body = SharedSource(body)
        return super().put(key, body, **options)


class ForgetsTheSha256(Store):
    """Does not compare what is written with the digest that the caller gave."""

    def put(self, key: str, body: Body, **options: Any) -> ObjectMeta:
        options.pop("sha256", None)
        return super().put(key, body, **options)


class ReadsWithoutVerifying(Store):
    @contextmanager
    def open(self, key: str, **options: Any) -> Iterator[Read]:
        options.pop("sha256", None)
        meta = self.head(key)
        wanted = options.pop("range", None) or (ByteRange(0) if meta.size else None)
        with super().open(key, range=wanted, **options) as read:
            yield read


class DownloadsInPlace(Store):
    """Writes to the file itself, and verifies too late."""

    def download(self, key: str, path: Path, **options: Any) -> ObjectMeta:
        meta = self.head(key)
        with self.open(key, if_match=options.get("if_match")) as read, path.open("wb") as file:
            for chunk in read.chunks:
                file.write(chunk)
                if options.get("progress"):
                    options["progress"](len(chunk))
        return replace(meta, sha256=options.get("sha256") or digest(path.read_bytes()))


class DownloadsWithoutResuming(Store):
    def download(self, key: str, path: Path, **options: Any) -> ObjectMeta:
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink()
        return super().download(key, path, **options)


class UploadsWithoutResuming(Store):
    def __init__(self, driver: Driver, options: StoreOptions) -> None:
        super().__init__(driver, replace(options, journal=None))


class ListsEagerly(Store):
    def list(self, prefix: str = "", *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        return iter(list(super().list(prefix, start_after=start_after)))


class CleansKeys(Store):
    """Repairs what it should refuse."""

    def put(self, key: str, body: Body, **options: Any) -> ObjectMeta:
        return super().put(key.strip("/").replace("//", "/") or "x", body, **options)


class TrustsAnyKey(Store):
    def head(self, key: str) -> ObjectMeta:
        return self.driver.head(key)


class CleansMetadata(Store):
    """Drops what it should refuse."""

    def put(self, key: str, body: Body, **options: Any) -> ObjectMeta:
        options["metadata"] = {
            name: value
            for name, value in (options.get("metadata") or {}).items()
            if name.isalnum() and name.islower() and value.isascii() and "deployer" not in name
        }
        return super().put(key, body, **options)


class MakesSenseOfRanges(Store):
    """Reads the whole when it is asked for nothing, and counts from the end as Python does."""

    def get(self, key: str, **options: Any) -> bytes:
        wanted = options.get("range")
        if wanted and (wanted.start < 0 or (wanted.end is not None and wanted.end <= wanted.start)):
            return super().get(key)[wanted.start : wanted.end]
        return super().get(key, **options)


class TakesTheBlame(Store):
    """Names every failure of a write as its own."""

    def put(self, key: str, body: Body, **options: Any) -> ObjectMeta:
        try:
            return super().put(key, body, **options)
        except StoreError as error:
            raise type(error)(error.message, op="put", url=f"{self.url}{key}") from error


class TakesAbsentForEmpty(Store):
    def put(self, key: str, body: Body, **options: Any) -> ObjectMeta:
        if isinstance(body, Path) and not body.exists():
            body = b""
        return super().put(key, body, **options)
