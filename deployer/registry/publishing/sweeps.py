"""Publishing while garbage is collected: how neither loses what the other relies on.

A publisher may find content on a cloud that no version refers to any more, and use it; a
collector may be about to remove it. Both write before they look:

==========================================  ==========================================
publisher (:func:`announce`)                collector (:func:`sweeping`)
==========================================  ==========================================
1. write the intent, which names every      1. make ``gc/sweep`` active
   blob and the manifest
2. read ``gc/sweep``; while it is active,   2. mark from the beginning: first the
   wait, then go back to 1                     intents, then what versions refer to
3. ask which blobs are there; upload the    3. remove what is in an old tombstone and
   others; create manifest and version         still unreachable
4. remove the intent                        4. make ``gc/sweep`` inactive
==========================================  ==========================================

If the publisher read ``gc/sweep`` before the collector made it active, its intent is older than
that, and the collector's marking sees it; or the publish has ended by then, and the marking,
which looks at intents first, sees its version. Otherwise the publisher waits until nothing is
removed any more, and only then asks what is there. This does not depend on conditional deletes:
an ETag is the same for the same bytes, so on S3 the condition alone would let a collector remove
a blob that was written anew.

A tombstone alone needs no waiting: nothing is removed without the steps above. It only keeps
from being removed at once what readers and other programs may still be at.

**Crashes.** A collector that dies leaves ``gc/sweep`` active. It counts for :data:`LEASE` from
the time that the server gave it; a publisher learns the server's time from its own intent. The
collector stops sending removals at :data:`SAFE` by its own clocks, so that the last of them has
minutes to arrive. It only makes the record inactive if all of its removals were answered.
"""

import itertools
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from deployer.errors import CloudError, FailedError, TimedOutError
from deployer.registry.cloud import Cloud, write_document
from deployer.registry.format import layout
from deployer.registry.format.records import FORMAT, Sweep, decode, encode
from deployer.registry.who import author, now, stamp
from providers.errors import (
    AlreadyExistsError,
    BucketNotFoundError,
    NotFoundError,
    PreconditionError,
)
from providers.model import PutMode, Version
from providers.preconditions import PROBE_PREFIX

__all__ = ["LEASE", "SAFE", "Lease", "announce", "server_time", "sweeping"]

LEASE = timedelta(minutes=10)
SAFE = timedelta(minutes=5)
POLLS = (0.5, 1.0, 2.0)  # seconds; the last again and again
PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class _Found:
    record: Sweep
    version: Version
    modified: datetime | None


def announce(cloud: Cloud, ident: str, intent: bytes) -> None:
    """Write a publisher's intent, and return once what it names is safe from being removed.

    To be called before anything is asked of the content that is there. It costs one request
    beside the intent's own if nobody collects garbage.

    Args:
        cloud: where to.
        ident: the intent's id.
        intent: its bytes.

    Raises:
        TimedOutError: garbage is collected for longer than it should ever take.

    """
    key = layout.txn(ident)
    waited = timedelta()
    for turn in itertools.count():
        # Not create-only: an intent that a long break let expire protects nothing.
        write_document(cloud, key, intent, mode="overwrite")
        found = _look(cloud)
        if found is None or not found.record.active or _is_over(found, _modified(cloud, key)):
            return
        if waited >= PATIENCE:
            raise TimedOutError(
                f"garbage is being collected by {found.record.by} since {found.record.at}",
                where=cloud.where(layout.SWEEP),
                hint="wait for its end, then run the same command again",
            )
        seconds = POLLS[min(turn, len(POLLS) - 1)]
        time.sleep(seconds)
        waited += timedelta(seconds=seconds)


class Lease:
    """The right to remove objects from one cloud for a while."""

    def __init__(self, cloud: Cloud, at: datetime) -> None:
        self._cloud = cloud
        self._record = Sweep(
            format=FORMAT, id=str(uuid.uuid4()), active=True, at=stamp(now()), by=author()
        )
        found = _look(cloud)
        if found is not None and found.record.active and not _is_over(found, at):
            raise _busy(cloud, found)
        mode: PutMode = found.version if found else "create"
        self._begun = _clocks()
        try:
            self._version = write_document(cloud, layout.SWEEP, encode(self._record), mode=mode)
        except (AlreadyExistsError, PreconditionError) as error:
            raise _busy(cloud, found) from error

    def require(self) -> None:
        """Check that there is time left.

        Raises:
            CloudError: there is none; publishers may soon stop waiting.

        """
        # Both clocks: the one stands still while the machine sleeps, the other can be set.
        passed = max(new - old for new, old in zip(_clocks(), self._begun, strict=True))
        if passed > SAFE.total_seconds():
            raise CloudError(
                "it is too slow for its garbage to be removed in time",
                where=self._cloud.store.url,
                hint="run the same command again: it goes on",
            )

    def end(self) -> None:
        """Let publishers go on."""
        body = encode(msgspec.structs.replace(self._record, active=False))
        try:
            write_document(self._cloud, layout.SWEEP, body, mode=self._version)
        except PreconditionError:
            return  # it took so long that another collector has taken over


@contextmanager
def sweeping(cloud: Cloud, at: datetime) -> Iterator[Lease]:
    """Make publishers on `cloud` wait for the time of a ``with`` block.

    After an error they wait until the lease is over, for a removal that was not answered may
    still be carried out.

    Args:
        cloud: where.
        at: a time by the server's clock, not later than now.

    Raises:
        FailedError: somebody else collects, or died doing so less than a lease ago.

    """
    lease = Lease(cloud, at)
    yield lease
    lease.end()


def server_time(cloud: Cloud) -> datetime:
    """Return the time by the server's clock, asked with an object that is removed again."""
    key = f"{PROBE_PREFIX}{uuid.uuid4().hex}"
    cloud.store.put(key, b"", mode="create")
    try:
        found = _modified(cloud, key)
    finally:
        cloud.store.delete(key)
    if found is None:
        raise FailedError(
            "the store does not say when objects were written, so none can be called old",
            where=cloud.store.url,
            hint="leave this cloud out: --clouds",
        )
    return found


def _modified(cloud: Cloud, key: str) -> datetime | None:
    return cloud.store.head(key).modified


def _look(cloud: Cloud) -> _Found | None:
    try:
        with cloud.store.open(layout.SWEEP) as read:
            body = b"".join(read.chunks)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None
    record = decode(body, Sweep, where=cloud.where(layout.SWEEP))
    return _Found(record, read.meta.version, read.meta.modified)


def _is_over(found: _Found, at: datetime | None) -> bool:
    """Tell whether the lease is over at a time by the server's clock."""
    return at is not None and found.modified is not None and found.modified + LEASE <= at


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.time()


def _busy(cloud: Cloud, found: _Found | None) -> FailedError:
    if found is None or found.modified is None:
        hint = "run the same command again later"
    else:
        hint = f"if it was broken off: possible again from {stamp(found.modified + LEASE)}"
    who = f" by {found.record.by} since {found.record.at}" if found and found.record.active else ""
    return FailedError(f"its garbage is being collected{who}", where=cloud.store.url, hint=hint)
