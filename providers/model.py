"""The nouns of object storage, the same on every cloud."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

__all__ = [
    "ByteRange",
    "Capabilities",
    "Listing",
    "ObjectMeta",
    "Part",
    "PartLimits",
    "PutMode",
    "Read",
    "Version",
]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Version:
    """Which write an object is from: an ETag or a GCS generation, opaque to callers."""

    token: str


PutMode: TypeAlias = Literal["create", "overwrite"] | Version
"""``create``: only if absent; ``overwrite``: whatever is there; a Version: only if it still is it."""


class ByteRange(NamedTuple):
    """Bytes `start` up to, not including, `end`; `end` None means to the end of the object."""

    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class ObjectMeta:
    """What a store knows of an object without reading it.

    Attributes:
        key: its name within the store.
        size: bytes.
        version: which write it is from.
        modified: by the server's clock, in UTC; None when the store does not say.
        sha256: hex digest that the writer recorded; None when it recorded none, and in
            listings of stores that list no metadata. A claim until the bytes are read.
        metadata: the caller's own metadata; empty in listings of stores that list none.

    """

    key: str
    size: int
    version: Version
    modified: datetime | None = None
    sha256: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """One level of a store: the objects right under a prefix, and the prefixes below it.

    Attributes:
        objects: ordered by key.
        prefixes: ordered, each ending in ``/``.

    """

    objects: tuple[ObjectMeta, ...]
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartLimits:
    """What a store demands of the parts of one large upload.

    Attributes:
        min_size: bytes; every part but the last is at least this long.
        max_size: bytes.
        max_count: parts of one object.

    """

    min_size: int
    max_size: int
    max_count: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do, known before the first request.

    Attributes:
        presign: whether it makes URLs that work without credentials for a while.
        server_checksum: the checksum sent with each upload for the server to verify;
            empty when there is none.
        conditional_delete: whether a delete can name the version it means.
        lists_metadata: whether listings carry metadata and the writer's SHA-256.
        parts: limits on the parts of a large upload.

    """

    presign: bool
    server_checksum: str
    conditional_delete: bool
    lists_metadata: bool
    parts: PartLimits


class Part(NamedTuple):
    """A part that the server has confirmed.

    Attributes:
        number: counted from 1.
        size: bytes.
        tag: what the server calls it; needed to complete the upload.

    """

    number: int
    size: int
    tag: str


class Read(NamedTuple):
    """An object being read.

    Attributes:
        meta: of the whole object, also when only a range is read.
        chunks: its bytes, in pieces of the transport's choosing.

    """

    meta: ObjectMeta
    chunks: Iterator[bytes]
