"""What must be kept on one cloud: whatever a version, an alias or an intent refers to.

Roots are every version record; every alias and every entry of its history, but for those whose
version was deleted; and the intents of publishers. An intent counts for as long as a publish may
take, by the server's clock: its own times are by the clock of whoever wrote it.

The order matters. Intents are looked at first and versions afterwards: a publish that ends in
between has left its version before it removed its intent, so one of the two is seen.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from deployer.errors import DamagedError
from deployer.registry.cloud import Cloud, in_parallel, read_document
from deployer.registry.format import layout
from deployer.registry.format.records import AliasRecord, Manifest, Record, Txn, VersionRecord
from deployer.registry.publishing.publish import TXN_LIFE
from deployer.registry.viewing.standing import blobs_of
from providers.errors import BucketNotFoundError, NotFoundError
from providers.model import ObjectMeta

__all__ = ["Reachable", "digest_in"]

CLOCK_SKEW = timedelta(hours=1)

R = TypeVar("R", bound=Record)

_ROOT = re.compile(
    r"models/(?P<model>[^/]+)/"
    r"(?:versions/(?P<version>[0-9]{8})|deleted/(?P<deleted>[0-9]{8})"
    r"|aliases/[^/]+?(?P<entry>\.log/[0-9]{8})?)\.json\Z"
)
_BLOB = re.compile(r"blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})\Z")
_MANIFEST = re.compile(r"manifests/sha256/([0-9a-f]{64})\.json\Z")


def digest_in(key: str) -> bytes | None:
    """Return the digest that the key of a blob or a manifest holds; None for any other key."""
    found = _BLOB.match(key) or _MANIFEST.match(key)
    if found is None or key not in (layout.blob(found[1]), layout.manifest(found[1])):
        return None
    return bytes.fromhex(found[1])


@dataclass(frozen=True)
class _Root:
    """A manifest that something refers to, and whether it must be there or is kept if it is."""

    manifest: str
    needed: bool


class Reachable:
    """What marking has found so far; it only ever grows, except for :attr:`expired`.

    Attributes:
        versions: number of version records.
        blobs: digests of contents to be kept.
        manifests: digests of manifests to be kept.
        needed: digest → size (None: not known) of each content that must be there.
        expired: intents that protect nothing any more.

    """

    def __init__(self, cloud: Cloud, at: datetime) -> None:
        self.versions = 0
        self.blobs: set[bytes] = set()
        self.manifests: set[bytes] = set()
        self.needed: dict[bytes, int | None] = {}
        self.expired: dict[str, ObjectMeta] = {}
        self._cloud = cloud
        self._at = at
        self._seen: set[tuple[str, str]] = set()
        self._wanted: dict[str, bool] = {}  # manifest → whether it must be there
        self._read: dict[str, bool] = {}  # the same, of those that were found

    def keeps(self, key: str) -> bool:
        """Tell whether an object must stay."""
        digest = digest_in(key)
        if digest is None:
            return key.startswith(layout.TXNS) and key not in self.expired
        return digest in (self.blobs if key.startswith(layout.BLOBS) else self.manifests)

    def mark(self) -> None:
        """Find everything that is referred to now; what was read before is not read again.

        Raises:
            DamagedError: something cannot be understood, so nothing can be called garbage.

        """
        for root in (*self._intents(), *self._records()):
            needed = self._wanted.get(root.manifest, False)
            self._wanted[root.manifest] = needed or root.needed
        unread = [each for each in self._wanted.items() if self._read.get(each[0]) != each[1]]
        in_parallel(self._manifest, unread)

    def _intents(self) -> list[_Root]:
        self.expired = {}
        live = []
        for meta in self._cloud.store.list(layout.TXNS):
            if meta.modified is None or meta.modified + TXN_LIFE + CLOCK_SKEW > self._at:
                live.append(meta)
            else:
                self.expired[meta.key] = meta
        roots = []
        for intent in self._documents(self._unseen(live), Txn):
            self.manifests.add(bytes.fromhex(intent.manifest))
            self.blobs.update(map(bytes.fromhex, intent.blobs))
            roots.append(_Root(intent.manifest, needed=False))
        return roots

    def _records(self) -> list[_Root]:
        versions: list[ObjectMeta] = []
        aliases: list[ObjectMeta] = []
        entries: list[ObjectMeta] = []
        deleted: set[tuple[str, int]] = set()
        for meta in self._cloud.store.list(layout.MODELS):
            key = _ROOT.match(meta.key)
            if key is None:
                continue
            if key["deleted"]:
                deleted.add((key["model"], int(key["deleted"])))
            elif key["version"]:
                versions.append(meta)
            else:
                (entries if key["entry"] else aliases).append(meta)
        self.versions = len(versions)
        roots = [
            _Root(record.manifest, needed=True)
            for record in self._documents(self._unseen(versions), VersionRecord)
        ]
        roots += [
            _Root(record.manifest, needed=not record.removed)
            for record in self._documents(self._unseen(aliases), AliasRecord)
            if not record.removed or (record.model, record.version) not in deleted
        ]
        roots += [
            _Root(record.manifest, needed=False)
            for record in self._documents(self._unseen(entries), AliasRecord)
            if (record.model, record.version) not in deleted
        ]
        return roots

    def _unseen(self, metas: Iterable[ObjectMeta]) -> list[ObjectMeta]:
        return [meta for meta in metas if (meta.key, meta.version.token) not in self._seen]

    def _documents(self, metas: Sequence[ObjectMeta], kind: type[R]) -> list[R]:
        """Return the documents there are; one that was removed since it was listed is none."""

        def read(meta: ObjectMeta) -> R | None:
            try:
                return read_document(self._cloud, meta.key, kind)[0]
            except BucketNotFoundError:
                raise
            except NotFoundError:
                return None

        found = in_parallel(read, metas)
        self._seen.update((meta.key, meta.version.token) for meta in metas)
        return [record for record in found if record is not None]

    def _manifest(self, wanted: tuple[str, bool]) -> None:
        sha256, needed = wanted
        key = layout.manifest(sha256)
        self.manifests.add(bytes.fromhex(sha256))
        try:
            manifest, _, _ = read_document(self._cloud, key, Manifest, sha256=sha256)
        except BucketNotFoundError:
            raise
        except NotFoundError as error:
            if not needed:
                return
            raise DamagedError(
                "a version needs this manifest, and it is not there",
                where=self._cloud.where(key),
                hint="bring it back before anything is removed: deployer repair",
            ) from error
        blobs = {bytes.fromhex(sha256): size for sha256, size in blobs_of(manifest).items()}
        self.blobs.update(blobs)
        if needed:
            self.needed.update(blobs)
        self._read[sha256] = needed
