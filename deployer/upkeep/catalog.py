"""What was found on the clouds, kept small: a line per object, each document and content once."""

import threading
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from deployer.errors import DeployerError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import AliasRecord, Deletion, Manifest, Marker, VersionRecord
from deployer.registry.viewing.standing import blobs_of
from providers.errors import StoreError

__all__ = ["Catalog", "Contents", "Document", "Held", "Scan", "Survey"]

Document: TypeAlias = VersionRecord | Deletion | AliasRecord


class Held(NamedTuple):
    """What a cloud has under a key.

    Attributes:
        digest: hex SHA-256 of the bytes as they were read; of a blob that was not read, what its
            writer recorded, or empty.
        size: in bytes.
        problem: why this cannot be what belongs there; empty if it can.
        witnessed: whether the bytes have the digest that their writer recorded.

    """

    digest: str
    size: int
    problem: str = ""
    witnessed: bool = False


class Contents(NamedTuple):
    """What a manifest refers to: numbers of :attr:`Catalog.blobs`, and where it may be kept."""

    blobs: "array[int]"
    residency: tuple[str, ...]


class Catalog:
    """Documents by the digest of their bytes, whichever clouds have them. Safe to share."""

    def __init__(self) -> None:
        self.records: dict[str, Document] = {}
        self.manifests: dict[str, Contents] = {}
        self.blobs: list[tuple[str, int | None]] = []
        self._numbers: dict[tuple[str, int | None], int] = {}
        self._lock = threading.Lock()

    def add(self, digest: str, record: Document) -> None:
        """Remember a record."""
        self.records.setdefault(digest, record)

    def add_manifest(self, digest: str, manifest: Manifest) -> None:
        """Remember what a manifest refers to."""
        if digest in self.manifests:
            return
        with self._lock:
            numbers = array("I", (self._number(blob) for blob in blobs_of(manifest).items()))
            self.manifests[digest] = Contents(numbers, manifest.residency)

    def _number(self, blob: tuple[str, int | None]) -> int:
        number = self._numbers.setdefault(blob, len(self.blobs))
        if number == len(self.blobs):
            self.blobs.append(blob)
        return number


@dataclass
class Scan:
    """One cloud, as it was found.

    Attributes:
        marker: what it says it is, if that can be read.
        marker_text: the bytes of that, readable or not.
        held: key → what is there; keys of the registry only.
        strange: keys that are nobody's.
        badly_signed: manifest key → what is wrong with its signature.

    """

    cloud: Cloud
    marker: Marker | None = None
    marker_text: bytes = b""
    held: dict[str, Held] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)
    badly_signed: dict[str, str] = field(default_factory=dict)

    def has_blob(self, sha256: str, size: int | None) -> bool:
        """Tell whether the content is there and whole."""
        held = self.held.get(layout.blob(sha256))
        return held is not None and not held.problem and size in (None, held.size)


@dataclass(frozen=True)
class Survey:
    """All clouds, as they were found.

    Attributes:
        whole: whether everything was looked at, not only some versions.
        scans: by cloud name, in the order in which the clouds were given.
        failed: cloud name → why it could not be looked at.

    """

    whole: bool
    catalog: Catalog
    scans: Mapping[str, Scan]
    failed: Mapping[str, StoreError | DeployerError]
