"""Broken memory drivers: listings, names and buckets that are not what they should be."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from providers.errors import ErrorKind
from providers.memory import MemoryDriver, MemoryFault
from providers.model import Listing, ObjectMeta, Version
from tests.providers.harness_local import NoBucketDriver

PAGE = 100


class DropsTheLastPage(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        metas = list(super().list(prefix, start_after=start_after))
        full = len(metas) // PAGE * PAGE
        yield from metas[:full] if full else metas


class RepeatsAPageEdge(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        for number, meta in enumerate(super().list(prefix, start_after=start_after), 1):
            yield meta
            if number % PAGE == 0:
                yield meta


class SortsByUtf16(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        metas = super().list(prefix, start_after=start_after)
        return iter(sorted(metas, key=lambda meta: meta.key.encode("utf-16-be")))


class SortsWithoutCase(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        metas = super().list(prefix, start_after=start_after)
        return iter(sorted(metas, key=lambda meta: meta.key.lower()))


class StartAfterInclusive(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        for meta in super().list(prefix):
            if start_after is None or meta.key >= start_after:
                yield meta


class StartAfterMustExist(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        metas = super().list(prefix)
        if start_after is None:
            return metas
        return itertools.islice(
            itertools.dropwhile(lambda meta: meta.key != start_after, metas), 1, None
        )


class PrefixIsAFolder(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        whole = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
        return super().list(whole, start_after=start_after)


class DirTakesNamesakesForBelow(MemoryDriver):
    """``ab/`` counts as below ``a``."""

    def list_dir(self, prefix: str) -> Listing:
        listing = super().list_dir(prefix)
        merged: list[str] = []
        for below in listing.prefixes:
            if not merged or not below.startswith(merged[-1].rstrip("/")):
                merged.append(below)
        return Listing(listing.objects, tuple(merged))


class DirShowsWhatIsDeeper(MemoryDriver):
    def list_dir(self, prefix: str) -> Listing:
        return Listing(tuple(self.list(prefix)), super().list_dir(prefix).prefixes)


class DirDropsAnObjectBesideItsPrefix(MemoryDriver):
    def list_dir(self, prefix: str) -> Listing:
        listing = super().list_dir(prefix)
        shown = (meta for meta in listing.objects if f"{meta.key}/" not in listing.prefixes)
        return Listing(tuple(shown), listing.prefixes)


class FoldsCase(MemoryDriver):
    def _find(self, key: str) -> tuple[bytes, ObjectMeta]:
        with self.lock:
            for name in self.objects:
                if name.lower() == key.lower():
                    return super()._find(name)
        return super()._find(key)


class PresignsInTheClear(MemoryDriver):
    """Promises presigned URLs and returns one that nobody can use."""

    capabilities = replace(MemoryDriver.capabilities, presign=True)

    def presign(self, key: str, *, expires: timedelta) -> str:
        return f"http://127.0.0.1:9/{key}"


class NotFoundForMissingBucket(NoBucketDriver):
    kind = ErrorKind.NOT_FOUND


class UnavailableForMissingBucket(NoBucketDriver):
    kind = ErrorKind.UNAVAILABLE


class RemembersFolders(MemoryDriver):
    """Shows a prefix that once had objects."""

    def __init__(self) -> None:
        super().__init__()
        self._deleted: set[str] = set()

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        self._deleted.add(key)
        super().delete(key, if_match=if_match)

    def list_dir(self, prefix: str) -> Listing:
        listing = super().list_dir(prefix)
        below = (key.removeprefix(prefix) for key in self._deleted if key.startswith(prefix))
        once = {f"{prefix}{key.partition('/')[0]}/" for key in below if "/" in key}
        return Listing(listing.objects, tuple(sorted({*listing.prefixes, *once})))


class EmptyPrefixIsMissing(MemoryDriver):
    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        metas = list(super().list(prefix, start_after=start_after))
        if prefix and not metas:
            raise MemoryFault(ErrorKind.NOT_FOUND, "there is no such prefix")
        return iter(metas)


class ClosesOnce(MemoryDriver):
    def __init__(self) -> None:
        super().__init__()
        self._closed = False

    def close(self) -> None:
        if self._closed:
            raise MemoryFault(ErrorKind.OTHER, "is closed already")
        self._closed = True
