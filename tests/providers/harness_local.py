"""Harnesses of the backends that need no server: memory, a folder, and wrappers around them."""

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from providers.driver import SHA256, Driver
from providers.errors import ErrorKind
from providers.local import LocalDriver
from providers.memory import MemoryDriver, MemoryFault
from providers.model import ObjectMeta, Version
from providers.prefixed import PrefixedDriver
from providers.store import Store, StoreOptions
from tests.providers.harness import Harness

__all__ = [
    "LocalHarness",
    "MemoryHarness",
    "NoBucketDriver",
    "PrefixedHarness",
    "WrappedHarness",
]


class NoBucketDriver(MemoryDriver):
    """Memory whose bucket was never made."""

    kind = ErrorKind.BUCKET_NOT_FOUND

    def __getattribute__(self, name: str) -> object:
        if name in {"put", "start_upload", "get", "head", "delete", "list", "list_dir"}:
            raise MemoryFault(self.kind, "the bucket does not exist")
        return super().__getattribute__(name)


class MemoryHarness(Harness):
    """Objects in a dict, reached past the driver through that dict."""

    url = "memory://"
    separate_processes = False
    verifies_checksums = False

    def __init__(
        self,
        make: Callable[[], MemoryDriver] = MemoryDriver,
        no_bucket: Callable[[], Driver] = NoBucketDriver,
        store: type[Store] = Store,
    ) -> None:
        self.store_class = store
        self.driver = make()
        self._no_bucket = no_bucket
        self._written = 0

    def connect(self, options: StoreOptions) -> Store:
        return self.store_class(self.driver, options)

    def open_missing_bucket(self) -> Store:
        return self.store_class(self._no_bucket(), StoreOptions(part_size=self.part_size))

    def raw_put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._written += 1
        own = {k: v for k, v in (metadata or {}).items() if k != SHA256}
        meta = ObjectMeta(
            key=key,
            size=len(body),
            version=Version(f"raw-{self._written}"),
            sha256=(metadata or {}).get(SHA256),
            metadata=own,
        )
        with self.driver.lock:
            self.driver.objects[key] = (body, meta)

    def raw_get(self, key: str) -> bytes:
        return bytes(self.driver.objects[key][0])

    def raw_delete(self, key: str) -> None:
        del self.driver.objects[key]

    def raw_keys(self) -> list[str]:
        with self.driver.lock:
            return sorted(self.driver.objects)

    def raw_uploads(self) -> int:
        return len(self.driver.uploads)


class LocalHarness(Harness):
    """A folder, reached past the driver through the file system."""

    verifies_checksums = False

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="deployer-local-")
        self.root = Path(self._temporary.name).resolve() / "bucket"
        self.root.mkdir()
        self.url = self.root.as_uri()

    def open_missing_bucket(self) -> Store:
        # As if the folder were removed, or its disk unmounted, after it was opened.
        return Store(LocalDriver(self.root / "absent"), StoreOptions(part_size=self.part_size))

    def raw_put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.root.parent / uuid.uuid4().hex
        temporary.write_bytes(body)
        temporary.replace(path)

    def raw_tamper(self, key: str, body: bytes) -> None:
        """Change the bytes on the disk and put the clock back, as only an attacker would."""
        path = self.root / key
        stat = path.stat()
        with path.open("r+b") as file:
            file.write(body)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def raw_get(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def raw_delete(self, key: str) -> None:
        (self.root / key).unlink()

    def raw_keys(self) -> list[str]:
        paths = (path for path in self.root.rglob("*") if path.is_file())
        keys = (path.relative_to(self.root).as_posix() for path in paths)
        return sorted(key for key in keys if not key.startswith(".deployer-parts/"))

    def raw_uploads(self) -> int:
        left = 0
        for name in ("tmp", "uploads"):
            with suppress(FileNotFoundError):
                left += len(list((self.root / ".deployer-parts" / name).iterdir()))
        return left

    def sidecars(self, key: str) -> list[dict[str, object]]:
        """Return the sidecars of `key`, whichever write they are from."""
        found = (self.root / ".deployer-parts" / "meta").rglob("*.json")
        read = [json.loads(path.read_text("utf-8")) for path in found]
        return [sidecar for sidecar in read if sidecar["key"] == key]

    def close(self) -> None:
        self._temporary.cleanup()


class WrappedHarness(Harness):
    """Another harness, whose stores get a driver around theirs."""

    separate_processes = False

    def __init__(self, inner: Harness, wrapper: Callable[[Driver], Driver]) -> None:
        self.inner = inner
        self.wrapper = wrapper
        self.environment = inner.environment
        self.part_size = inner.part_size
        self.range_size = inner.range_size
        self.page = inner.page
        self.shows_uploads = inner.shows_uploads
        self.verifies_checksums = inner.verifies_checksums

    def connect(self, options: StoreOptions) -> Store:
        return Store(self.wrapper(self.inner.connect(options).driver), options)

    def open_missing_bucket(self) -> Store:
        store = self.inner.open_missing_bucket()
        return Store(self.wrapper(store.driver), StoreOptions(part_size=self.part_size))

    def raw_name(self, key: str) -> str:
        """Return the name that `key` has below the wrapper."""
        return key

    def raw_put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self.inner.raw_put(self.raw_name(key), body, metadata)

    def raw_tamper(self, key: str, body: bytes) -> None:
        self.inner.raw_tamper(self.raw_name(key), body)

    def raw_get(self, key: str) -> bytes:
        return self.inner.raw_get(self.raw_name(key))

    def raw_delete(self, key: str) -> None:
        self.inner.raw_delete(self.raw_name(key))

    def raw_keys(self) -> list[str]:
        return self.inner.raw_keys()

    def raw_uploads(self) -> int:
        return self.inner.raw_uploads()

    def close(self) -> None:
        self.inner.close()


class PrefixedHarness(WrappedHarness):
    """A store below a prefix, in a bucket where others have objects too."""

    prefix = "team a/models/"
    others = ("0", "team a/models", "team a/models-old/x", "team a/mode", "zz/last")

    def __init__(self, inner: Harness) -> None:
        super().__init__(inner, lambda driver: PrefixedDriver(driver, self.prefix))
        for key in self.others:
            inner.raw_put(key, b"somebody else's")

    def raw_name(self, key: str) -> str:
        return self.prefix + key

    def raw_keys(self) -> list[str]:
        keys = [key for key in self.inner.raw_keys() if key not in self.others]
        assert all(key.startswith(self.prefix) for key in keys), keys
        return [key.removeprefix(self.prefix) for key in keys]
