"""The registry's JSON documents: typed, strict when read, canonical (RFC 8785) when written.

Canonical bytes make digests meaningful: two programs that write the same manifest write the same
bytes. Unknown fields are an error, since a reader that ignores what it does not know would accept
a document that it does not understand.
"""

import hashlib
from typing import Any, TypeVar

import msgspec
import rfc8785

from deployer.errors import DamagedError

__all__ = [
    "FORMAT",
    "AliasRecord",
    "File",
    "Lineage",
    "Manifest",
    "Marker",
    "Txn",
    "VersionRecord",
    "decode",
    "digest",
    "encode",
]

FORMAT = 1
MAX_DOCUMENT = 16 * 1024 * 1024

_R = TypeVar("_R", bound="Record")


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document of the registry."""


class Marker(Record, frozen=True):
    """``deployer.json``: what this store is.

    Attributes:
        registry: id shared by all stores of one registry.
        store: id of this store alone.
        home: the id of the store that orders publishes.
        epoch: raised whenever another store becomes the home.

    """

    format: int
    registry: str
    store: str
    home: str
    epoch: int
    created: str


class File(Record, frozen=True):
    """One file of a version: relative path with ``/``, bytes, hex SHA-256."""

    path: str
    size: int
    sha256: str


class Lineage(Record, frozen=True):
    """Where a version comes from.

    Attributes:
        parent: manifest digest of the version before it, or None.
        data: digest of the training data, or None.
        commit: source commit, or None.

    """

    parent: str | None = None
    data: str | None = None
    commit: str | None = None


class Manifest(Record, frozen=True):
    """What a version is made of.

    Attributes:
        files: ordered by path.
        schema: inputs and outputs of the model, or None.
        metrics: measured on held-out data, or None.
        frameworks: package name → version.
        residency: regions that it may be stored in; empty: anywhere.
        signature: digest of the blob that holds the signature bundle, or None.

    """

    format: int
    files: tuple[File, ...]
    schema: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    lineage: Lineage = Lineage()
    frameworks: dict[str, str] = {}
    residency: tuple[str, ...] = ()
    signature: str | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class VersionRecord(Record, frozen=True):
    """``versions/N``: created once, at home first; that creation is the commit."""

    format: int
    model: str
    version: int
    manifest: str
    txn: str
    created: str
    by: str


class AliasRecord(Record, frozen=True):
    """An alias as it stands, and each entry of its history.

    Attributes:
        seq: counts the moves of this alias from 1.
        prev: digest of the record before it, or None for the first.

    """

    format: int
    model: str
    alias: str
    epoch: int
    seq: int
    version: int
    manifest: str
    prev: str | None
    txn: str
    at: str
    by: str
    expires: str | None = None
    sig: str | None = None


class Txn(Record, frozen=True):
    """A publisher's intent: what garbage collection must keep until it expires."""

    format: int
    id: str
    model: str
    manifest: str
    blobs: tuple[str, ...]
    created: str
    expires: str
    by: str


def encode(record: Record) -> bytes:
    """Return the canonical JSON of `record`."""
    return rfc8785.dumps(msgspec.to_builtins(record))


def digest(body: bytes) -> str:
    """Return the hex SHA-256 of a document's bytes."""
    return hashlib.sha256(body).hexdigest()


def decode(body: bytes, kind: type[_R], *, where: str) -> _R:
    """Return the document in `body`.

    Raises:
        DamagedError: it is none of this kind and format.

    """
    try:
        if len(body) > MAX_DOCUMENT:
            raise msgspec.ValidationError(f"{len(body)} bytes are too long")
        record = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedError(
            f"not a valid {kind.__name__}: {error}",
            where=where,
            hint="read it from another cloud",
        ) from error
    if getattr(record, "format", FORMAT) != FORMAT:
        raise DamagedError(
            f"{kind.__name__} has format {getattr(record, 'format', '?')}, this program knows {FORMAT}",
            where=where,
            hint="use a newer deployer",
        )
    return record
