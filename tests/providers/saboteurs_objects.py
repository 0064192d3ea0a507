"""Broken memory drivers: writes, reads and deletes that do not keep their promise."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

from providers.driver import CALL
from providers.errors import ErrorKind
from providers.memory import MemoryDriver, MemoryFault
from providers.model import ByteRange, ObjectMeta, Part, PutMode, Read, Version

Metadata: TypeAlias = Mapping[str, str]


class IgnoresCreateOnly(MemoryDriver):
    def _require(self, key: str, mode: PutMode) -> None:
        if mode != "create":
            super()._require(key, mode)


class IgnoresVersion(MemoryDriver):
    def _require(self, key: str, mode: PutMode) -> None:
        if not isinstance(mode, Version):
            super()._require(key, mode)


class IgnoresVersionOfAbsent(MemoryDriver):
    def _require(self, key: str, mode: PutMode) -> None:
        if not isinstance(mode, Version) or key in self.objects:
            super()._require(key, mode)


class IgnoresConditionsOfLarge(MemoryDriver):
    def finish_upload(
        self, key: str, upload: str, parts: Sequence[Part], *, mode: PutMode, metadata: Metadata
    ) -> ObjectMeta:
        return super().finish_upload(key, upload, parts, mode="overwrite", metadata=metadata)


class ChecksThenWrites(MemoryDriver):
    """Not atomic: the check and the write are two steps, as with HEAD before PUT."""

    def __init__(self) -> None:
        super().__init__()
        self._between = threading.Condition()
        self._writers = 0

    def put(self, key: str, body: bytes, *, mode: PutMode, metadata: Metadata) -> ObjectMeta:
        self._require(key, mode)
        with self._between:  # two that meet here have both passed the check
            self._writers += 1
            self._between.notify_all()
            self._between.wait_for(lambda: self._writers > 1, timeout=0.05)
        return super().put(key, body, mode="overwrite", metadata=metadata)


class OverwritesOnFailure(MemoryDriver):
    def put(self, key: str, body: bytes, *, mode: PutMode, metadata: Metadata) -> ObjectMeta:
        try:
            return super().put(key, body, mode=mode, metadata=metadata)
        except MemoryFault:
            super().put(key, body, mode="overwrite", metadata={**metadata, CALL: "?"})
            raise


class SaysConflictForExists(MemoryDriver):
    def _require(self, key: str, mode: PutMode) -> None:
        try:
            super()._require(key, mode)
        except MemoryFault as error:
            raise MemoryFault(ErrorKind.CONFLICT, str(error)) from error


class RangeEndInclusive(MemoryDriver):
    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        if range is not None and range.end is not None:
            range = ByteRange(range.start, range.end + 1)  # noqa: A001
        with super().get(key, range=range, if_match=if_match) as read:
            yield read


class RangeStartOffByOne(MemoryDriver):
    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        if range is not None and 0 < range.start < self.objects[key][1].size:
            range = ByteRange(range.start - 1, range.end and range.end - 1)  # noqa: A001
        with super().get(key, range=range, if_match=if_match) as read:
            yield read


class RangePastTheEndIsEmpty(MemoryDriver):
    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        body, meta = self._find(key)
        if range is not None and range.start >= len(body):
            yield Read(meta, iter([]))
            return
        with super().get(key, range=range, if_match=if_match) as read:
            yield read


class RangeMetaOfTheRange(MemoryDriver):
    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        with super().get(key, range=range, if_match=if_match) as read:
            chunks = list(read.chunks)
            meta = read.meta
            if range is not None:
                meta = replace(meta, size=range.start + sum(map(len, chunks)))
            yield Read(meta, iter(chunks))


class IgnoresIfMatchOfReads(MemoryDriver):
    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        with super().get(key, range=range) as read:
            yield read


class ServesStale(MemoryDriver):
    """A cache without invalidation."""

    def __init__(self) -> None:
        super().__init__()
        self._cache: dict[str, tuple[bytes, ObjectMeta]] = {}

    def _find(self, key: str) -> tuple[bytes, ObjectMeta]:
        found = super()._find(key)
        return self._cache.setdefault(key, found)


class ServesDeleted(MemoryDriver):
    def __init__(self) -> None:
        super().__init__()
        self._graves: dict[str, tuple[bytes, ObjectMeta]] = {}

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        if key in self.objects:
            self._graves[key] = self.objects[key]
        super().delete(key, if_match=if_match)

    def _find(self, key: str) -> tuple[bytes, ObjectMeta]:
        try:
            return super()._find(key)
        except MemoryFault:
            if key in self._graves:
                return self._graves[key]
            raise


class FlipsOnRead(MemoryDriver):
    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        with super().get(key, range=range, if_match=if_match) as read:
            body = bytearray(b"".join(read.chunks))
            body[-1:] = bytes(byte ^ 1 for byte in body[-1:])
            yield Read(read.meta, iter([bytes(body)]))


class ShowsUnfinishedUploads(MemoryDriver):
    """Exposes partial uploads: every part becomes visible as it arrives."""

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        part = super().put_part(key, upload, number, offset, body)
        kept = self.uploads[upload]
        super().put(key, b"".join(kept[n] for n in sorted(kept)), mode="overwrite", metadata={})
        return part

    def finish_upload(
        self, key: str, upload: str, parts: Sequence[Part], *, mode: PutMode, metadata: Metadata
    ) -> ObjectMeta:
        return super().finish_upload(key, upload, parts, mode="overwrite", metadata=metadata)


class KeepsAbortedParts(MemoryDriver):
    def abort_upload(self, key: str, upload: str) -> None:
        return


class SkipsAPart(MemoryDriver):
    def finish_upload(
        self, key: str, upload: str, parts: Sequence[Part], *, mode: PutMode, metadata: Metadata
    ) -> ObjectMeta:
        return super().finish_upload(key, upload, parts[:-1], mode=mode, metadata=metadata)


class JoinsPartsAsTheyCame(MemoryDriver):
    def finish_upload(
        self, key: str, upload: str, parts: Sequence[Part], *, mode: PutMode, metadata: Metadata
    ) -> ObjectMeta:
        with self.lock:
            kept = self.uploads[upload]
            bodies = [kept[number] for number in sorted(kept, reverse=True)]
            self.uploads[upload] = dict(zip(sorted(kept), bodies, strict=True))
        return super().finish_upload(key, upload, parts, mode=mode, metadata=metadata)


class TruncatesLarge(MemoryDriver):
    def finish_upload(
        self, key: str, upload: str, parts: Sequence[Part], *, mode: PutMode, metadata: Metadata
    ) -> ObjectMeta:
        with self.lock:
            last = self.uploads[upload]
            last[max(last)] = last[max(last)][:-1]
        return super().finish_upload(key, upload, parts, mode=mode, metadata=metadata)


class DropsEmptyObjects(MemoryDriver):
    def put(self, key: str, body: bytes, *, mode: PutMode, metadata: Metadata) -> ObjectMeta:
        meta = super().put(key, body, mode=mode, metadata=metadata)
        if not body:
            del self.objects[key]
        return meta


class LosesMetadata(MemoryDriver):
    def put(self, key: str, body: bytes, *, mode: PutMode, metadata: Metadata) -> ObjectMeta:
        kept = {k: v for k, v in metadata.items() if k.startswith("deployer")}
        return super().put(key, body, mode=mode, metadata=kept)


class LosesSha256(MemoryDriver):
    def put(self, key: str, body: bytes, *, mode: PutMode, metadata: Metadata) -> ObjectMeta:
        kept = {k: v for k, v in metadata.items() if k != "deployersha256"}
        return super().put(key, body, mode=mode, metadata=kept)


class KeepsOldMetadata(MemoryDriver):
    def put(self, key: str, body: bytes, *, mode: PutMode, metadata: Metadata) -> ObjectMeta:
        old = self.objects[key][1].metadata if key in self.objects else {}
        return super().put(key, body, mode=mode, metadata={**old, **metadata})


class HeadLiesAboutSize(MemoryDriver):
    def head(self, key: str) -> ObjectMeta:
        meta = super().head(key)
        return replace(meta, size=meta.size + 1)


class HeadNamesAnotherVersion(MemoryDriver):
    def head(self, key: str) -> ObjectMeta:
        return replace(super().head(key), version=Version("0"))


class ReusesVersions(MemoryDriver):
    """The version is the size."""

    def put(self, key: str, body: bytes, *, mode: PutMode, metadata: Metadata) -> ObjectMeta:
        with self.lock:
            meta = super().put(key, body, mode=mode, metadata=metadata)
            meta = replace(meta, version=Version(str(len(body))))
            self.objects[key] = (body, meta)
            return meta


class DeleteOfAbsentRaises(MemoryDriver):
    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        if key not in self.objects:
            raise MemoryFault(ErrorKind.OTHER, "nothing to delete")
        super().delete(key, if_match=if_match)


class DeletesThePrefix(MemoryDriver):
    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        super().delete(key, if_match=if_match)
        with self.lock:
            for other in [name for name in self.objects if name.startswith(key)]:
                del self.objects[other]


class DeletesTheFolder(MemoryDriver):
    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        super().delete(key, if_match=if_match)
        with self.lock:
            for other in [name for name in self.objects if name.startswith(f"{key}/")]:
                del self.objects[other]


class IgnoresIfMatchOfDelete(MemoryDriver):
    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        super().delete(key)
