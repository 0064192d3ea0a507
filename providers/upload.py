"""Large objects: parts sent side by side, in bounded memory, resumed after a crash.

The parts that the server confirms are the truth of how far an upload has come; the journal only
remembers the upload's id. A part is read when there is room for it, so at most as many parts of
one store are in memory as it has permits, however many uploads run.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field

from providers.calls import Calls
from providers.driver import CALL, SHA256
from providers.errors import (
    ErrorKind,
    IntegrityError,
    NotFoundError,
    PreconditionError,
    StoreError,
    UnsupportedError,
)
from providers.journal import Entry
from providers.model import ObjectMeta, Part, PartLimits, PutMode, Version
from providers.source import Source

__all__ = ["LargeUpload", "StartAgainError", "fit_part_size"]


class StartAgainError(Exception):
    """The server gave this upload up; its parts must be sent again under a new id."""


def fit_part_size(limits: PartLimits, wanted: int, size: int | None) -> int:
    """Return the part size nearest to `wanted` that the store allows for an object of `size`.

    Raises:
        UnsupportedError: no part size is large enough.

    """
    needed = -(-size // limits.max_count) if size else 0
    if needed > limits.max_size:
        raise UnsupportedError(f"{size} bytes are more than the store holds in one object")
    return min(limits.max_size, max(limits.min_size, wanted, needed))


@dataclass
class LargeUpload:
    """One object on its way to one store.

    Attributes:
        metadata: the caller's own and the digest, where it is known before the last byte.
        expected: hex SHA-256 that the bytes must have, or None.
        permits: one for each part that may be in memory.
        sha256: hex digest of what was sent, once :meth:`run` has returned.

    """

    calls: Calls
    key: str
    source: Source
    mode: PutMode
    metadata: Mapping[str, str]
    part_size: int
    expected: str | None
    pool: Executor
    permits: threading.Semaphore
    progress: Callable[[int], None]
    sha256: str | None = field(default=None, init=False)
    _failed: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self, call: str, entry: Entry | None, first: Iterator[bytes] | None) -> ObjectMeta:
        """Send what the server does not have yet and complete the object.

        Args:
            call: id of this call; a resumed upload keeps the one it began with.
            entry: where to remember the upload; None if it cannot be resumed.
            first: the parts of a stream of which some had to be read to learn its length.

        Raises:
            StartAgainError: the server gave the upload up.
            IntegrityError: the bytes are not the expected ones; nothing became visible.

        """
        upload, call, done = self._open(call, entry)
        try:
            parts = self._send_all(upload, done, first)
            metadata = {**self.metadata, SHA256: self.sha256 or "", CALL: call}
            with self.calls.conditions(self.key, self.mode), self.calls.wrapped("put", self.key):
                meta = self._finish(upload, parts, metadata)
        except BaseException as error:
            if entry is None or not _resumable(error):
                self._abort(upload)
                if entry is not None:
                    entry.clear()
            raise
        if entry is not None:
            entry.clear()
        return meta

    def _open(self, call: str, entry: Entry | None) -> tuple[str, str, Sequence[Part]]:
        """Return ``(upload, call id, parts that the server has)``."""
        driver = self.calls.driver
        saved = entry.load() if entry is not None else {}
        if saved:
            upload = saved["upload"]
            try:
                held = self.calls.retrying(
                    "put", self.key, lambda: driver.list_parts(self.key, upload)
                )
                return upload, saved["call"], [part for part in held if self._fits(part)]
            except NotFoundError:
                pass
        metadata = {**self.metadata, CALL: call}
        upload = self.calls.retrying(
            "put", self.key, lambda: driver.start_upload(self.key, metadata=metadata)
        )
        if entry is not None:
            entry.save({"upload": upload, "call": call})
        return upload, call, ()

    def _fits(self, part: Part) -> bool:
        size = self.source.size or 0
        return part.size == min(self.part_size, size - (part.number - 1) * self.part_size)

    def _send_all(
        self, upload: str, done: Sequence[Part], first: Iterator[bytes] | None
    ) -> Sequence[Part]:
        futures: list[Future[Part]] = []
        try:
            for number, body in self._missing(done, first):
                futures.append(self.pool.submit(self._send, upload, number, body))
            parts = sorted([*done, *(future.result() for future in futures)])
        except BaseException:
            for future in futures:
                if future.cancel():
                    self.permits.release()
            wait(futures)
            raise
        self.source.check()
        if self.expected is not None and self.sha256 != self.expected:
            raise IntegrityError(
                f"the bytes to send have the SHA-256 {self.sha256}, not {self.expected}", op="put"
            )
        return parts

    def _missing(
        self, done: Sequence[Part], first: Iterator[bytes] | None
    ) -> Iterator[tuple[int, bytes]]:
        """Yield ``(number, bytes)`` of each part to send; its permit goes along with it."""
        finished = frozenset(part.number for part in done)
        self.progress(sum(part.size for part in done))
        known = self.source.hash()
        digest = hashlib.sha256()
        parts = (
            self.source.skip(self.part_size, finished)
            if known
            else enumerate(first or self.source.parts(self.part_size), 1)
        )
        while not self._failed.is_set():
            self.permits.acquire()
            try:
                number, body = next(parts)
            except BaseException as error:
                self.permits.release()
                if isinstance(error, StopIteration):
                    break
                raise
            if not known:
                digest.update(body)
            if number in finished:
                self.permits.release()
            else:
                yield number, body
        self.sha256 = known or digest.hexdigest()

    def _send(self, upload: str, number: int, body: bytes) -> Part:
        offset = (number - 1) * self.part_size
        driver = self.calls.driver
        try:
            part = self.calls.retrying(
                "put", self.key, lambda: driver.put_part(self.key, upload, number, offset, body)
            )
            self.progress(len(body))
        except BaseException:
            self._failed.set()
            raise
        finally:
            self.permits.release()
        return part

    def _finish(
        self, upload: str, parts: Sequence[Part], metadata: Mapping[str, str]
    ) -> ObjectMeta:
        def finish() -> ObjectMeta:
            return self.calls.driver.finish_upload(
                self.key, upload, parts, mode=self.mode, metadata=metadata
            )

        attempt = 0
        while True:
            try:
                return self.calls.once("put", self.key, finish)
            except StoreError as error:
                own = self.calls.own(self.key, metadata[CALL], error)
                if own is not None:
                    self._abort(upload)  # a store whose parts are objects may still hold them
                    return own
                self._require_condition()
                if error.kind in (ErrorKind.CONFLICT, ErrorKind.NOT_FOUND):
                    raise StartAgainError from error
                attempt += 1
                if not self.calls.retry.again(error, attempt):
                    raise
            self.calls.retry.wait(attempt)

    def _require_condition(self) -> None:
        """Raise PreconditionError if the object is not the version to be replaced any more.

        A store answers "not found" both for an upload that it gave up and for an object to be
        replaced that is gone; only for the first does sending the parts again help.
        """
        if isinstance(self.mode, Version):
            meta = self.calls.retrying("put", self.key, lambda: self.calls.driver.head(self.key))
            if meta.version != self.mode:
                raise PreconditionError("the object is another version by now")

    def _abort(self, upload: str) -> None:
        try:
            self.calls.retrying(
                "abort", self.key, lambda: self.calls.driver.abort_upload(self.key, upload)
            )
        except StoreError:
            # The first error is the one to report; the bucket's lifecycle rule removes the parts.
            return


def _resumable(error: BaseException) -> bool:
    """Tell whether the same command, run again, should find the parts that were sent."""
    if isinstance(error, StoreError):
        return error.retryable or error.kind in (
            ErrorKind.UNAUTHENTICATED,
            ErrorKind.CLOCK,
            ErrorKind.PERMISSION_DENIED,
            ErrorKind.QUOTA,
        )
    return isinstance(error, KeyboardInterrupt | SystemExit)
