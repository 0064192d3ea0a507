"""What a cloud has to implement: as little as possible, nothing twice.

A driver translates; it decides nothing. It raises what its SDK raises and tells
:class:`providers.store.Store` the kind of each error; retries, hashing, lost responses,
parallel transfer and resuming live in the store, once for all clouds. So a driver turns its
SDK's own retries off.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

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

__all__ = ["CALL", "SHA256", "Driver"]

SHA256 = "deployersha256"
"""Metadata name of the writer's digest. One word: Azure takes only C# identifiers as names."""

CALL = "deployercall"
"""Metadata name of the id of the call that wrote an object.

A conditional write is not idempotent under retries: when the answer to a successful one is
lost, the repetition is told that the object exists. The call id tells whose it is.
"""


class Driver(Protocol):
    """One cloud. Safe to use from many threads.

    `metadata` in every signature is complete: the caller's own plus :data:`SHA256` and
    :data:`CALL`. An :class:`ObjectMeta` returned has :data:`SHA256` lifted into its field and
    keeps the rest, :data:`CALL` included, in ``metadata``.
    """

    @property
    def url(self) -> str:
        """Where the store is, such as ``s3://bucket``; never holds a secret."""

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do."""

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object in one request; it is visible whole or not at all."""

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Begin a large object and return the upload's id; nothing is visible yet."""

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        """Send part `number` (from 1), whose first byte is byte `offset` of the object.

        Sending the same number again replaces the part.
        """

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return the parts that the server holds, by number; not found if it forgot the upload."""

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Make the object of its parts, at once and under the condition `mode`."""

    def abort_upload(self, key: str, upload: str) -> None:
        """Give the parts up; an upload that is gone is no error."""

    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> AbstractContextManager[Read]:
        """Read an object or a range of it, optionally only if it still is a version."""

    def head(self, key: str) -> ObjectMeta:
        """Return what the store knows of an object."""

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object; an absent one is no error, on every cloud."""

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects whose keys start with `prefix`, in order, those after `start_after`.

        Order is by code point, as UTF-8 sorts. Pages are fetched as they are needed.
        """

    def list_dir(self, prefix: str) -> Listing:
        """Return one level, ``/`` being the separator."""

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Return a URL that reads the object without credentials until it expires."""

    def refuses_wrong_checksum(self, key: str) -> bool:
        """Send an object under a checksum of other bytes and tell whether it was refused."""

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an error of this cloud's SDK, or None for a stranger's."""

    def close(self) -> None:
        """Close connections."""
