"""What was seen unreachable, and since when: records that make garbage old before it is removed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deployer.registry.cloud import Cloud, read_document, write_document
from deployer.registry.format import layout
from deployer.registry.format.records import FORMAT, Garbage, Tombstone, encode
from deployer.registry.who import author, now, stamp
from providers.errors import BucketNotFoundError, NotFoundError
from providers.model import ObjectMeta

__all__ = ["Tombstones", "bury", "garbage_of", "read_tombstones"]

MAX_OBJECTS = 20_000  # of one tombstone: a few megabytes


def garbage_of(meta: ObjectMeta) -> Garbage:
    """Return how a tombstone names an object."""
    return Garbage(key=meta.key, size=meta.size, version=meta.version.token)


@dataclass
class Tombstones:
    """The tombstones of one cloud.

    Attributes:
        keys: of those that are old enough.
        since: object and write of it → when it was first seen unreachable.
        next: when the first of the others will be old enough; None if there are no others.

    """

    keys: list[str] = field(default_factory=list)
    since: dict[tuple[str, str], datetime] = field(default_factory=dict)
    next: datetime | None = None

    def first_seen(self, meta: ObjectMeta) -> datetime | None:
        """Return since when an object is known to be unreachable; None if it is not.

        An ETag is the same for the same bytes: an object that was written since the tombstone is
        another one.
        """
        since = self.since.get((meta.key, meta.version.token))
        return since if since and meta.modified and meta.modified <= since else None


def read_tombstones(cloud: Cloud, at: datetime, grace: timedelta) -> Tombstones:
    """Return the tombstones there are at a time by the server's clock."""
    found = Tombstones()
    for meta in cloud.store.list(layout.GARBAGE):
        if meta.key == layout.SWEEP or meta.modified is None:
            continue
        try:
            tombstone = read_document(cloud, meta.key, Tombstone)[0]
        except BucketNotFoundError:
            raise
        except NotFoundError:
            continue  # another collector has finished with it
        for each in tombstone.objects:
            known = found.since.get((each.key, each.version), meta.modified)
            found.since[each.key, each.version] = min(known, meta.modified)
        ready = meta.modified + grace
        if ready <= at:
            found.keys.append(meta.key)
        else:
            found.next = min(found.next or ready, ready)
    return found


def bury(cloud: Cloud, objects: Sequence[Garbage]) -> datetime | None:
    """Write tombstones for objects that have none; return when the last one was written."""
    written: datetime | None = None
    for first in range(0, len(objects), MAX_OBJECTS):
        ident = str(uuid.uuid4())
        tombstone = Tombstone(
            format=FORMAT,
            id=ident,
            at=stamp(now()),
            by=author(),
            objects=tuple(objects[first : first + MAX_OBJECTS]),
        )
        key = layout.tombstone(ident)
        write_document(cloud, key, encode(tombstone), mode="create")
        written = cloud.store.head(key).modified
    return written
