"""Garbage collection: removing what no version, alias or publish refers to, on one cloud.

A first run writes what is unreachable into tombstones and removes nothing. A run after the grace
removes what is in an old tombstone and still unreachable, while publishers wait; see
:mod:`deployer.registry.publishing.sweeps` for why nothing that somebody needs can be lost. It does so in
short rounds, so that nobody waits for long, each with a marking of its own.

Every step can be repeated: a run that was broken off is finished by the next one.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deployer.errors import DamagedError, MissingError
from deployer.registry.cloud import Cloud, in_parallel, read_marker
from deployer.registry.format import layout
from deployer.registry.format.records import Garbage
from deployer.registry.publishing.sweeps import POLLS, Lease, server_time, sweeping
from deployer.registry.who import now
from deployer.upkeep.garbage.reachable import Reachable, digest_in
from deployer.upkeep.garbage.tombstones import Tombstones, bury, garbage_of, read_tombstones
from providers.errors import PreconditionError, UnsupportedError
from providers.model import ObjectMeta, Version
from providers.preconditions import PROBE_PREFIX

__all__ = ["Amount", "Collected", "Collection", "collect"]

ROUND = 30.0  # seconds that publishers may be kept waiting by one round, beside its marking
BREAK = 3 * POLLS[-1]  # seconds between rounds; who waits looks more often than that
BATCH = 200


@dataclass
class Amount:
    """Some objects."""

    objects: int = 0
    size: int = 0

    def add(self, size: int) -> None:
        """Count one more."""
        self.objects += 1
        self.size += size


@dataclass
class Collected:
    """What came of it, or would come of it, on one cloud.

    Attributes:
        versions: how many there are; what they refer to is kept.
        marked: what was found unreachable for the first time.
        waiting: what was found so before, but not long enough ago.
        removed: what was old, still unreachable, and is gone.
        next: from when on a run may remove something; None if nothing waits.

    """

    versions: int = 0
    marked: Amount = field(default_factory=Amount)
    waiting: Amount = field(default_factory=Amount)
    removed: Amount = field(default_factory=Amount)
    next: datetime | None = None


@dataclass(frozen=True)
class Collection:
    """How to collect.

    Attributes:
        grace: for how long something must have been known to be unreachable.
        dry_run: write nothing.

    """

    grace: timedelta
    dry_run: bool = False


def collect(cloud: Cloud, how: Collection) -> Collected:
    """Remove or mark what is unreachable on `cloud`.

    Raises:
        DamagedError: something that is reachable is missing or damaged; nothing was removed.
        FailedError: somebody else is collecting.
        StoreError: the cloud failed; a repetition goes on.

    """
    if read_marker(cloud) is None:
        raise MissingError(
            "there is no registry here", where=cloud.store.url, hint="leave it out: --clouds"
        )
    at = now() if how.dry_run else server_time(cloud)
    tombstones = read_tombstones(cloud, at, how.grace)
    reachable = Reachable(cloud, at)
    reachable.mark()
    done = Collected(versions=reachable.versions)
    fresh, old = _sort(cloud, reachable, tombstones, at, how.grace, done)
    buried: datetime | None = None
    if how.dry_run:
        buried = at if fresh else None
        for each in old:
            done.removed.add(each.size)
    else:
        buried = bury(cloud, fresh)
        _remove(cloud, reachable, old, at, done)
        in_parallel(cloud.store.delete, tombstones.keys)
    ready = buried + how.grace if buried else None
    done.next = min(filter(None, (tombstones.next, ready)), default=None)
    return done


def _sort(
    cloud: Cloud,
    reachable: Reachable,
    tombstones: Tombstones,
    at: datetime,
    grace: timedelta,
    done: Collected,
) -> tuple[list[Garbage], list[Garbage]]:
    """Return what is unreachable: seen so now for the first time, and long ago."""
    fresh, old = [], []
    for meta in _unreachable(cloud, reachable, at - grace):
        since = tombstones.first_seen(meta)
        if since is None:
            fresh.append(garbage_of(meta))
            done.marked.add(meta.size)
        elif since + grace <= at:
            old.append(garbage_of(meta))
        else:
            done.waiting.add(meta.size)
    return fresh, old


def _unreachable(cloud: Cloud, reachable: Reachable, before: datetime) -> Iterator[ObjectMeta]:
    """Yield what may be removed; what is no object of the registry's is left alone.

    Manifests come before blobs: nobody shall find one whose content is gone.

    Raises:
        DamagedError: contents that are needed are not there.

    """
    for meta in cloud.store.list(layout.MANIFESTS):
        if digest_in(meta.key) and not reachable.keeps(meta.key):
            yield meta
    missing = dict(reachable.needed)
    for meta in cloud.store.list(layout.BLOBS):
        digest = digest_in(meta.key)
        if digest and not reachable.keeps(meta.key):
            yield meta
        elif digest in missing and missing[digest] in (None, meta.size):
            del missing[digest]
    if missing:
        raise DamagedError(
            f"{len(missing)} contents that versions need are missing or damaged",
            where=cloud.where(layout.blob(next(iter(missing)).hex())),
            hint="bring them back before anything is removed: deployer repair",
        )
    for meta in cloud.store.list(PROBE_PREFIX):
        if meta.modified is not None and meta.modified <= before:
            yield meta
    yield from reachable.expired.values()


def _remove(
    cloud: Cloud,
    reachable: Reachable,
    garbage: list[Garbage],
    at: datetime,
    done: Collected,
) -> None:
    """Remove what is still unreachable, in rounds."""
    position = 0
    while position < len(garbage):
        if position:
            time.sleep(BREAK)
        with sweeping(cloud, at) as lease:
            reachable.mark()
            until = time.monotonic() + ROUND
            while position < len(garbage):
                batch = garbage[position : position + BATCH]
                gone = in_parallel(lambda each: _delete(cloud, reachable, lease, each), batch)
                for each, removed in zip(batch, gone, strict=True):
                    if removed:
                        done.removed.add(each.size)
                position += len(batch)
                if time.monotonic() >= until:
                    break


def _delete(cloud: Cloud, reachable: Reachable, lease: Lease, garbage: Garbage) -> bool:
    if reachable.keeps(garbage.key):
        return False
    lease.require()
    try:
        cloud.store.delete(garbage.key, if_match=Version(garbage.version))
    except PreconditionError:
        return False  # written anew: another object
    except UnsupportedError:
        # The condition spares what is written without an intent; the lease is what protects.
        cloud.store.delete(garbage.key)
    return True
