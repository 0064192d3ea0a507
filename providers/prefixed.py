"""A part of a store as a store: every key below one prefix."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from providers.diagnosis import Diagnosis, diagnosis_of
from providers.driver import Driver
from providers.errors import ErrorKind
from providers.model import (
    ByteRange,
    Capabilities,
    Listing,
    ObjectMeta,
    Part,
    PutMode,
    Read,
    Version,
)

__all__ = ["PrefixedDriver"]


class PrefixedDriver:
    """Adds `prefix`, which ends in ``/``, to every key on its way in and removes it on its way out."""

    def __init__(self, driver: Driver, prefix: str) -> None:
        self._driver = driver
        self._prefix = prefix
        self.url = f"{driver.url}/{prefix.rstrip('/')}"

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What the store below can tell of itself."""
        return diagnosis_of(self._driver)

    @property
    def capabilities(self) -> Capabilities:
        """What the store below can do."""
        return self._driver.capabilities

    def _inner(self, key: str) -> str:
        return self._prefix + key

    def _outer(self, meta: ObjectMeta) -> ObjectMeta:
        return replace(meta, key=meta.key.removeprefix(self._prefix))

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        return self._outer(self._driver.put(self._inner(key), body, mode=mode, metadata=metadata))

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Begin an upload."""
        return self._driver.start_upload(self._inner(key), metadata=metadata)

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        """Send a part."""
        return self._driver.put_part(self._inner(key), upload, number, offset, body)

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return the parts that the server holds."""
        return self._driver.list_parts(self._inner(key), upload)

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Make the object of its parts."""
        return self._outer(
            self._driver.finish_upload(
                self._inner(key), upload, parts, mode=mode, metadata=metadata
            )
        )

    def abort_upload(self, key: str, upload: str) -> None:
        """Give the parts up."""
        self._driver.abort_upload(self._inner(key), upload)

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        with self._driver.get(self._inner(key), range=range, if_match=if_match) as read:
            yield Read(self._outer(read.meta), read.chunks)

    def head(self, key: str) -> ObjectMeta:
        """Return what is known of an object."""
        return self._outer(self._driver.head(self._inner(key)))

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object."""
        self._driver.delete(self._inner(key), if_match=if_match)

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects under a prefix."""
        after = None if start_after is None else self._inner(start_after)
        for meta in self._driver.list(self._inner(prefix), start_after=after):
            yield self._outer(meta)

    def list_dir(self, prefix: str) -> Listing:
        """Return one level."""
        listing = self._driver.list_dir(self._inner(prefix))
        return Listing(
            tuple(self._outer(meta) for meta in listing.objects),
            tuple(below.removeprefix(self._prefix) for below in listing.prefixes),
        )

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Return a URL that reads the object."""
        return self._driver.presign(self._inner(key), expires=expires)

    def refuses_wrong_checksum(self, key: str) -> bool:
        """Tell whether the server verifies what it is sent."""
        return self._driver.refuses_wrong_checksum(self._inner(key))

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an error."""
        return self._driver.classify(error)

    def close(self) -> None:
        """Close the store below."""
        self._driver.close()
