"""Reading objects whatever they are: what is damaged is a finding here, not a failure."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from deployer.registry.cloud import Cloud
from deployer.registry.format.keys import Kind, Place
from deployer.registry.format.records import (
    MAX_DOCUMENT,
    AliasRecord,
    Deletion,
    Record,
    VersionRecord,
    digest,
)
from deployer.upkeep.catalog import Held
from providers.errors import BucketNotFoundError, IntegrityError, NotFoundError
from providers.model import ObjectMeta, PutMode, Version

__all__ = [
    "READERS",
    "Found",
    "belongs",
    "condition_of",
    "hashed",
    "in_turn",
    "look_at",
    "recorded",
]

READERS = 16  # small documents asked for at once, of one store
AHEAD = 4

S = TypeVar("S")
T = TypeVar("T")


def in_turn(workers: int, act: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """Yield ``act(item)`` of each item, in order, a few at a time and not many ahead."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="upkeep")
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(act, item))
            if len(waiting) >= workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Not waiting: an interrupted command must end.
        pool.shutdown(wait=False, cancel_futures=True)


def hashed(cloud: Cloud, key: str, sha256: str, progress: Callable[[int], None]) -> Held | None:
    """Read and hash a content; None if it is not there."""
    found, size = hashlib.sha256(), 0
    problem = ""
    try:
        with cloud.store.open(key, sha256=sha256) as read:
            for chunk in read.chunks:
                found.update(chunk)
                size += len(chunk)
                progress(len(chunk))
    except IntegrityError as error:
        problem = error.message
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None
    # One digest for all whole copies of a content: their own is a copy in memory each.
    return Held(found.hexdigest() if problem else sha256, size, problem)


def belongs(record: Record, place: Place) -> bool:
    """Tell whether a record is of what its key says."""
    if isinstance(record, AliasRecord):
        in_place = place.kind == Kind.ALIAS or record.seq == place.number
        return (record.model, record.alias) == (place.model, place.name) and in_place
    assert isinstance(record, VersionRecord | Deletion)  # noqa: S101 - the kinds that are read
    return (record.model, record.version) == (place.model, place.number)


class Found(NamedTuple):
    """A document as it is, whatever it is, and which write of it."""

    body: bytes
    held: Held
    version: Version


def condition_of(found: Found | None) -> PutMode:
    """Return how to write only over what was found."""
    return found.version if found else "create"


def look_at(cloud: Cloud, key: str) -> Found | None:
    """Return what is under `key`, or None."""
    chunks: list[bytes] = []
    problem = ""
    try:
        with cloud.store.open(key) as read:
            meta = read.meta
            if meta.size > MAX_DOCUMENT:
                held = Held("", meta.size, f"{meta.size} bytes are too long")
                return Found(b"", held, meta.version)
            try:
                chunks.extend(read.chunks)
            except IntegrityError as error:
                problem = error.message
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None
    body = b"".join(chunks)
    found = digest(body)
    held = Held(found, len(body), problem, witnessed=meta.sha256 == found)
    return Found(body, held, meta.version)


def recorded(cloud: Cloud, key: str, sha256: str, meta: ObjectMeta | None) -> Held | None:
    """Return what is recorded of a content, without reading it."""
    try:
        meta = meta or cloud.store.head(key)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None
    wrong = meta.sha256 not in (None, sha256)
    problem = f"its recorded SHA-256 is {meta.sha256}" if wrong else ""
    return Held(meta.sha256 or "", meta.size, problem)
