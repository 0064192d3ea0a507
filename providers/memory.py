"""A store in this process's memory: the reference that every other driver is held against."""

import hashlib
import itertools
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from providers.diagnosis import Here
from providers.driver import SHA256
from providers.errors import ErrorKind
from providers.model import (
    MIB,
    ByteRange,
    Capabilities,
    Listing,
    ObjectMeta,
    Part,
    PartLimits,
    PutMode,
    Read,
    Version,
)

__all__ = ["MemoryDriver", "MemoryFault"]


class MemoryFault(Exception):  # noqa: N818 - plays the part of an SDK's error
    """What the memory "cloud" raises; carries its kind."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class MemoryDriver:
    """Objects in a dict under a lock."""

    capabilities = Capabilities(
        presign=False,
        server_checksum="",
        conditional_delete=True,
        lists_metadata=True,
        parts=PartLimits(min_size=1, max_size=1024 * MIB, max_count=10_000),
    )

    diagnosis = Here("this process")

    def __init__(self, name: str = "") -> None:
        self.url = f"memory://{name}"
        self.objects: dict[str, tuple[bytes, ObjectMeta]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.lock = threading.RLock()
        self._versions = itertools.count(1)

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind that the fault carries."""
        return error.kind if isinstance(error, MemoryFault) else None

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        with self.lock:
            self._require(key, mode)
            meta = ObjectMeta(
                key=key,
                size=len(body),
                version=Version(str(next(self._versions))),
                modified=datetime.now(UTC),
                sha256=metadata.get(SHA256),
                metadata={k: v for k, v in metadata.items() if k != SHA256},
            )
            self.objects[key] = (body, meta)
            return meta

    def _require(self, key: str, mode: PutMode) -> None:
        current = self.objects.get(key)
        if mode == "create" and current is not None:
            raise MemoryFault(ErrorKind.ALREADY_EXISTS, "the object exists")
        if isinstance(mode, Version) and (current is None or current[1].version != mode):
            raise MemoryFault(ErrorKind.PRECONDITION, "the object is not that version")

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Begin an upload."""
        upload = uuid.uuid4().hex
        with self.lock:
            self.uploads[upload] = {}
        return upload

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        """Keep a part."""
        with self.lock:
            self._parts(upload)[number] = body
        return Part(number, len(body), hashlib.sha256(body).hexdigest())

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return the parts kept."""
        with self.lock:
            parts = sorted(self._parts(upload).items())
        return [Part(n, len(body), hashlib.sha256(body).hexdigest()) for n, body in parts]

    def _parts(self, upload: str) -> dict[int, bytes]:
        try:
            return self.uploads[upload]
        except KeyError:
            raise MemoryFault(ErrorKind.NOT_FOUND, "the upload does not exist") from None

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Join the parts named."""
        with self.lock:
            kept = self._parts(upload)
            body = b"".join(kept[part.number] for part in sorted(parts))
            meta = self.put(key, body, mode=mode, metadata=metadata)
            del self.uploads[upload]
            return meta

    def abort_upload(self, key: str, upload: str) -> None:
        """Drop the parts."""
        with self.lock:
            self.uploads.pop(upload, None)

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        body, meta = self._find(key)
        if if_match is not None and meta.version != if_match:
            raise MemoryFault(ErrorKind.PRECONDITION, "the object is another version")
        if range is not None:
            if range.start >= len(body):
                raise MemoryFault(ErrorKind.RANGE, "the range starts past the end")
            body = body[range.start : range.end]
        yield Read(meta, iter([body] if body else []))

    def _find(self, key: str) -> tuple[bytes, ObjectMeta]:
        with self.lock:
            try:
                return self.objects[key]
            except KeyError:
                raise MemoryFault(ErrorKind.NOT_FOUND, "the object does not exist") from None

    def head(self, key: str) -> ObjectMeta:
        """Return what is known of an object."""
        return self._find(key)[1]

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object."""
        with self.lock:
            current = self.objects.get(key)
            if current is None:
                return
            if if_match is not None and current[1].version != if_match:
                raise MemoryFault(ErrorKind.PRECONDITION, "the object is another version")
            del self.objects[key]

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects under a prefix."""
        with self.lock:
            metas = [meta for key, (_, meta) in self.objects.items() if key.startswith(prefix)]
        for meta in sorted(metas, key=lambda meta: meta.key):
            if start_after is None or meta.key > start_after:
                yield meta

    def list_dir(self, prefix: str) -> Listing:
        """Return one level."""
        objects: list[ObjectMeta] = []
        prefixes: set[str] = set()
        for meta in self.list(prefix):
            head, slash, _ = meta.key[len(prefix) :].partition("/")
            if slash:
                prefixes.add(f"{prefix}{head}/")
            else:
                objects.append(meta)
        return Listing(tuple(objects), tuple(sorted(prefixes)))

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Raise: nothing outside this process can read its memory."""
        raise MemoryFault(ErrorKind.UNSUPPORTED, "memory has no URLs")

    def refuses_wrong_checksum(self, key: str) -> bool:
        """Return False: there is no way on which bytes could change."""
        return False

    def tamper(self, key: str, body: bytes) -> None:
        """Replace the bytes behind the driver's back; a tool for tests and drills."""
        with self.lock:
            _, meta = self._find(key)
            self.objects[key] = (body, replace(meta, size=len(body)))

    def close(self) -> None:
        """Keep the objects: another store may hold this driver."""
