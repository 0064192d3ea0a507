"""Writing one object: in one request or in parts, under a condition, exactly once.

A write under a condition that is repeated after a lost response is told that its condition has
failed. So every write carries a call id, and before such a refusal is believed the object is
asked whose it is.
"""

import hashlib
import itertools
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from providers.calls import Calls
from providers.driver import CALL, SHA256
from providers.errors import (
    ConflictError,
    ErrorKind,
    IntegrityError,
    StoreError,
)
from providers.journal import Entry, Journal
from providers.model import ObjectMeta, PutMode
from providers.source import Source
from providers.upload import LargeUpload, StartAgainError, fit_part_size

__all__ = ["Write", "Writer"]

START_AGAIN_ATTEMPTS = 3

_REFUSED = frozenset(
    {ErrorKind.ALREADY_EXISTS, ErrorKind.PRECONDITION, ErrorKind.NOT_FOUND, ErrorKind.CONFLICT}
)


@dataclass(frozen=True)
class Write:
    """One object to write.

    Attributes:
        sha256: hex digest that the bytes must have, or None.
        metadata: the caller's own.
        progress: called with the number of bytes that were sent.

    """

    key: str
    source: Source
    mode: PutMode
    sha256: str | None
    metadata: Mapping[str, str]
    progress: Callable[[int], None]


@dataclass(frozen=True)
class Writer:
    """Writes objects to one store.

    Attributes:
        pool: returns the executor that sends parts.
        permits: one for each part that may be in memory.
        part_size: bytes wanted; also the largest object that goes in one request.

    """

    calls: Calls
    pool: Callable[[], Executor]
    permits: threading.Semaphore
    part_size: int
    journal: Journal

    def write(self, write: Write) -> ObjectMeta:
        """Write the object and return its meta, its digest included.

        Raises:
            AlreadyExistsError: the mode is ``create`` and the key is taken.
            PreconditionError: the object is no longer the version named, or is gone.
            IntegrityError: the bytes do not have the digest given, or the file changed.

        """
        source = write.source
        limits = self.calls.driver.capabilities.parts
        part_size = fit_part_size(limits, self.part_size, source.size)
        first: Iterator[bytes] | None = None
        if source.size is None or source.size <= part_size:
            with self.permits:
                parts = source.parts(part_size)
                head = next(parts)
                second = next(parts, None) if len(head) == part_size else None
                if second is None:
                    source.check()
                    with self.calls.conditions(write.key, write.mode):
                        return self._in_one(write, head)
            first = itertools.chain([head, second], parts)
        return self._in_parts(write, first, part_size)

    def _in_one(self, write: Write, body: bytes) -> ObjectMeta:
        digest = hashlib.sha256(body).hexdigest()
        self._compare(write, digest)
        call = uuid.uuid4().hex
        metadata = {**write.metadata, SHA256: digest, CALL: call}

        def put() -> ObjectMeta:
            return self.calls.driver.put(write.key, body, mode=write.mode, metadata=metadata)

        attempt = 0
        while True:
            try:
                meta = self.calls.once("put", write.key, put)
                break
            except StoreError as error:
                attempt += 1
                if error.kind in _REFUSED or (error.retryable and write.mode != "overwrite"):
                    own = self.calls.own(write.key, call, error)
                    if own is not None:
                        meta = own
                        break
                if not self.calls.retry.again(error, attempt):
                    raise
            self.calls.retry.wait(attempt)
        write.progress(len(body))
        return replace(meta, sha256=digest)

    def _compare(self, write: Write, digest: str) -> None:
        if write.sha256 is not None and digest != write.sha256:
            raise IntegrityError(
                f"the bytes to send have the SHA-256 {digest}, not {write.sha256}",
                op="put",
                url=self.calls.url(write.key),
            )

    def _in_parts(self, write: Write, first: Iterator[bytes] | None, part_size: int) -> ObjectMeta:
        digest = write.source.hash()
        if digest is not None:
            self._compare(write, digest)
        with self._claim(write, digest, part_size) as entry:
            for attempt in range(START_AGAIN_ATTEMPTS):
                upload = LargeUpload(
                    calls=self.calls,
                    key=write.key,
                    source=write.source,
                    mode=write.mode,
                    metadata={**write.metadata, SHA256: digest} if digest else write.metadata,
                    part_size=part_size,
                    expected=write.sha256,
                    pool=self.pool(),
                    permits=self.permits,
                    progress=write.progress,
                )
                try:
                    meta = upload.run(uuid.uuid4().hex, entry, first)
                    return replace(meta, sha256=upload.sha256)
                except StartAgainError as error:
                    if not write.source.restartable or attempt == START_AGAIN_ATTEMPTS - 1:
                        raise ConflictError(
                            "the store gave the upload up",
                            op="put",
                            url=self.calls.url(write.key),
                        ) from error.__cause__
                self.calls.retry.wait(attempt)
        raise AssertionError  # the loop returned or raised

    @contextmanager
    def _claim(self, write: Write, digest: str | None, part_size: int) -> Iterator[Entry | None]:
        """Yield the journal's entry of an upload that can be told from every other."""
        if digest is None:
            yield None
            return
        what = f"{write.source.size} {part_size} {write.mode} {sorted(write.metadata.items())}"
        with self.journal.claim(self.calls.url(write.key), digest, what) as entry:
            yield entry
