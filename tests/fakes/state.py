"""What one cloud holds: buckets of objects behind one lock.

Every check-then-write runs while the lock is held, so each dialect is linearizable: of sixteen
conditional creates of one key exactly one can win.
"""

from __future__ import annotations

import secrets
import threading
import time
from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One committed object; replaced whole, never changed."""

    key: str
    data: bytes
    etag: str
    generation: int
    created: float
    modified: float
    headers: Mapping[str, str] = field(default_factory=dict)  # Content-Type and its like
    metadata: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)  # algorithm -> base64
    checksum_type: str = "FULL_OBJECT"
    components: int = 1
    blocks: tuple[tuple[str, bytes], ...] = ()  # Azure: the committed block list


@dataclass(slots=True)
class Bucket:
    """One bucket (container); its keys are kept sorted for the listings."""

    name: str
    created: float
    objects: dict[str, StoredObject] = field(default_factory=dict)
    # Python orders strings by code point, which is the order of their UTF-8 bytes.
    ordered: list[str] = field(default_factory=list)

    def put(self, stored: StoredObject) -> None:
        if stored.key not in self.objects:
            insort(self.ordered, stored.key)
        self.objects[stored.key] = stored

    def remove(self, key: str) -> None:
        if self.objects.pop(key, None) is not None:
            self.ordered.remove(key)


@dataclass(slots=True)
class Options:
    """What a test may set, at any time."""

    page_size: int | None = None  # caps every page of every listing
    min_part_size: int = 5 * 1024 * 1024  # S3: every part but the last
    chunk_multiple: int = 256 * 1024  # GCS: every chunk of a resumable upload but the last
    gcs_anonymous: bool = True  # GCS: requests without a token are let in
    repeat_complete: str = "idempotent"  # S3: or "no_such_upload"; see s3_multipart


class State:
    """The buckets of one dialect."""

    def __init__(self, options: Options) -> None:
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}
        self.options = options
        self._generation = 0

    @staticmethod
    def now() -> float:
        return time.time()

    def next_generation(self) -> int:
        """Microseconds, as GCS counts them, and never the same twice."""
        with self.lock:
            self._generation = max(self._generation + 1, time.time_ns() // 1000)
            return self._generation

    def create_bucket(self, name: str) -> bool:
        with self.lock:
            if name in self.buckets:
                return False
            self.buckets[name] = Bucket(name, self.now())
            return True

    def page_limit(self, wanted: int, maximum: int) -> int:
        limit = min(wanted, maximum)
        return limit if self.options.page_size is None else min(limit, self.options.page_size)


def request_id() -> str:
    return secrets.token_hex(8).upper()
