"""The registry's JSON documents: typed, strict when read, canonical (RFC 8785) when written.

Canonical bytes make digests meaningful: two programs that write the same manifest write the same
bytes. Unknown fields are an error, since a reader that ignores what it does not know would accept
a document that it does not understand.
"""

import hashlib
from typing import Annotated, Any, TypeVar

import msgspec
import rfc8785
from msgspec import Meta

from deployer import typed
from deployer.errors import DamagedError, UsageError

__all__ = [
    "FORMAT",
    "AliasRecord",
    "Deletion",
    "File",
    "Garbage",
    "Lineage",
    "Manifest",
    "Marker",
    "Sweep",
    "Tombstone",
    "Txn",
    "VersionRecord",
    "decode",
    "digest",
    "encode",
    "subject_of",
    "to_be_signed",
]

FORMAT = 1
MAX_DOCUMENT = 16 * 1024 * 1024
MAX_SAFE_INTEGER = 2**53 - 1

_R = TypeVar("_R", bound="Record")

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")]
Count = Annotated[int, Meta(ge=1)]
Size = Annotated[int, Meta(ge=0)]


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
    registry: Uuid
    store: Uuid
    home: Uuid
    epoch: Count
    created: Time


class File(Record, frozen=True):
    """One file of a version: relative path with ``/``, bytes, hex SHA-256."""

    path: str
    size: Size
    sha256: Digest


class Lineage(Record, frozen=True):
    """Where a version comes from.

    Attributes:
        parent: manifest digest of the version before it, or None.
        data: digest of the training data, or None.
        commit: source commit, or None.

    """

    parent: Digest | None
    data: Digest | None
    commit: str | None


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
    schema: dict[str, Any] | None
    metrics: dict[str, Any] | None
    lineage: Lineage
    frameworks: dict[str, str]
    residency: tuple[str, ...]
    signature: Digest | None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class VersionRecord(Record, frozen=True):
    """``versions/N``: created once, at home first; that creation is the commit."""

    format: int
    model: str
    version: Count
    manifest: Digest
    txn: Uuid
    created: Time
    by: str


class AliasRecord(Record, frozen=True, omit_defaults=True):
    """An alias as it stands, and each entry of its history.

    Attributes:
        seq: counts the moves of this alias from 1.
        prev: digest of the record before it, or None for the first.
        expires: after this it must not be believed.
        note: why it was moved, in the words of whoever did it.
        removed: the alias points nowhere any more; version and manifest are its last ones.
        verdict: of the gate, on this version; evidence for people, which no reader depends on.
        sig: signature of this record without this field.

    """

    format: int
    model: str
    alias: str
    epoch: Count
    seq: Count
    version: Count
    manifest: Digest
    prev: Digest | None
    txn: Uuid
    at: Time
    by: str
    expires: Time | None = None
    note: str | None = None
    removed: bool = False
    verdict: dict[str, Any] | None = None
    sig: str | None = None


class Deletion(Record, frozen=True, omit_defaults=True):
    """``deleted/N``: this version was taken back; its number is never given again.

    Attributes:
        manifest: what the version was.
        note: why, in the words of whoever did it.
        claim: not yet: somebody is about to, and looks whether an alias is in the way.

    """

    format: int
    model: str
    version: Count
    manifest: Digest
    txn: Uuid
    at: Time
    by: str
    note: str | None = None
    claim: bool = False


class Txn(Record, frozen=True):
    """A publisher's intent: what garbage collection must keep until it expires."""

    format: int
    id: Uuid
    model: str
    manifest: Digest
    blobs: tuple[Digest, ...]
    created: Time
    expires: Time
    by: str


class Garbage(Record, frozen=True):
    """An object that nothing refers to, and which write of it was seen (an opaque token)."""

    key: str
    size: Size
    version: str


class Tombstone(Record, frozen=True):
    """``gc/<id>``: these objects were seen unreachable; once it is old they may be removed."""

    format: int
    id: Uuid
    at: Time
    by: str
    objects: tuple[Garbage, ...]


class Sweep(Record, frozen=True):
    """``gc/sweep``: whether somebody removes objects now; publishers wait while it is so.

    Attributes:
        id: of this removal; every one has its own.
        active: it may be going on, unless the record is older than a removal may last.

    """

    format: int
    id: Uuid
    active: bool
    at: Time
    by: str


class _Header(msgspec.Struct):
    format: int


def encode(record: Record) -> bytes:
    """Return the canonical JSON of `record`.

    Raises:
        UsageError: a number in it has no canonical form (not finite, or an integer past 2^53).

    """
    try:
        return rfc8785.dumps(_in_range(msgspec.to_builtins(record)))
    except (rfc8785.CanonicalizationError, OverflowError) as error:
        raise UsageError(
            f"{type(record).__name__} holds a number that JSON cannot say: {error}",
            hint="correct the model's metrics or schema",
        ) from error


def _in_range(value: Any) -> Any:
    """Return `value` with large integers as floats, which all numbers of RFC 8785 are.

    It prints the float 1e16 as ``10000000000000000``, which JSON readers take for an integer,
    which it does not allow to be printed: the way back must work, too.
    """
    if isinstance(value, dict):
        return {key: _in_range(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_in_range(each) for each in value]
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return float(value)
    return value


def digest(body: bytes) -> str:
    """Return the hex SHA-256 of a document's bytes."""
    return hashlib.sha256(body).hexdigest()


def subject_of(model: str, manifest: Manifest) -> str:
    """Return what a signature of this manifest is about: the model, and all that is said of it."""
    unsigned = msgspec.structs.replace(manifest, signature=None)
    return f"{model}@sha256:{digest(encode(unsigned))}"


def to_be_signed(record: AliasRecord) -> bytes:
    """Return the bytes that the signature of an alias record is over."""
    return encode(msgspec.structs.replace(record, sig=None))


def decode(body: bytes, kind: type[_R], *, where: str) -> _R:
    """Return the document in `body`.

    Raises:
        DamagedError: it is none of this kind and format, or not in canonical form.

    """
    try:
        found = typed.decode(body, _Header).format
        if found != FORMAT:
            raise DamagedError(
                f"{kind.__name__} has format {found}, this program knows {FORMAT}",
                where=where,
                hint="use a newer deployer",
            )
        record = typed.decode(body, kind)
        canonical = encode(record) == body
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UsageError) as error:
        raise DamagedError(
            f"not a valid {kind.__name__}: {error}",
            where=where,
            hint="read it from another cloud",
        ) from error
    if not canonical:
        # Else two programs could read one document differently: a name twice, a float for an int.
        raise DamagedError(
            f"{kind.__name__} is not canonical JSON",
            where=where,
            hint="read it from another cloud",
        )
    return record
