"""The store that callers hold: one class for every cloud, with all that clouds share.

Hashing, retries, lost responses, parallel transfer, resuming and verification are here and in
the modules this one is made of; a driver only translates.
"""

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from providers.calls import Calls
from providers.download import Download
from providers.driver import CALL, Driver
from providers.errors import (
    BucketNotFoundError,
    IntegrityError,
    NotFoundError,
    PreconditionError,
    RangeError,
    StoreError,
    UnavailableError,
    UnsupportedError,
)
from providers.journal import Journal
from providers.keys import check_key, check_metadata
from providers.model import (
    MIB,
    ByteRange,
    Capabilities,
    Listing,
    ObjectMeta,
    PutMode,
    Read,
    Version,
)
from providers.retry import Retry
from providers.source import Body, as_source
from providers.writer import Write, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from providers.preconditions import Preconditions

__all__ = ["Store", "StoreOptions"]


@dataclass(frozen=True)
class StoreOptions:
    """How much a store may use, and how patient it is.

    Attributes:
        workers: transfers at once; also how many parts may be in memory.
        part_size: bytes of one part; objects up to this size go in one request.
        timeout: seconds that a connection or a read may stall.
        attempts: tries of one request, the first included.
        journal: folder that remembers unfinished uploads; None if they need not resume.

    """

    workers: int = 4
    part_size: int = 8 * MIB
    timeout: float = 60.0
    attempts: int = 5
    journal: Path | None = None


DEFAULTS = StoreOptions()


class Store:
    """Objects behind one driver. Safe to use from many threads.

    Every method raises a :class:`providers.errors.StoreError` and nothing else for what goes
    wrong at the store.
    """

    def __init__(self, driver: Driver, options: StoreOptions = DEFAULTS) -> None:
        self.driver = driver
        self.options = options
        self.calls = Calls(driver, Retry(attempts=options.attempts))
        self._writer = Writer(
            calls=self.calls,
            pool=lambda: self._pool,
            permits=threading.BoundedSemaphore(options.workers),
            part_size=options.part_size,
            journal=Journal(options.journal),
        )

    @property
    def url(self) -> str:
        """Where the store is; never holds a secret."""
        return self.driver.url

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
        return self.driver.capabilities

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.options.workers, thread_name_prefix="transfer")

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and stop the workers; closing twice is allowed."""
        if "_pool" in self.__dict__:
            self._pool.shutdown()
            del self.__dict__["_pool"]
        self.driver.close()

    # Writing

    def put(
        self,
        key: str,
        body: Body,
        *,
        mode: PutMode,
        sha256: str | None = None,
        metadata: Mapping[str, str] | None = None,
        progress: "Callable[[int], None] | None" = None,
    ) -> ObjectMeta:
        """Write an object; it becomes visible whole or not at all.

        Args:
            key: its name.
            body: bytes, a path, an open binary file, an iterable of bytes or a
                :class:`providers.source.Source`.
            mode: ``create``, ``overwrite``, or the version that must still be there.
            sha256: hex digest that the bytes must have.
            metadata: names ``[a-z][a-z0-9]*``, values printable ASCII.
            progress: called with the number of bytes that were sent, from several threads.

        Returns:
            The object's meta, its digest included.

        Raises:
            AlreadyExistsError: `mode` is ``create`` and the key is taken.
            PreconditionError: the object is no longer the version named, or is gone.
            IntegrityError: the bytes do not have the digest given, or the file changed.

        """
        check_key(key)
        check_metadata(metadata or {})
        source = as_source(body)
        try:
            meta = self._writer.write(
                Write(key, source, mode, sha256, dict(metadata or {}), progress or _ignore)
            )
            return _shown(meta)
        finally:
            if source is not body:
                source.close()

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object; an absent one is no error.

        Raises:
            PreconditionError: it is no longer the version `if_match`.
            UnsupportedError: the store has no conditional delete.

        """
        check_key(key)
        if if_match is not None and not self.capabilities.conditional_delete:
            raise UnsupportedError("no conditional delete", op="delete", url=self.calls.url(key))
        try:
            self.calls.retrying("delete", key, lambda: self.driver.delete(key, if_match=if_match))
        except BucketNotFoundError:
            raise
        except NotFoundError:
            return  # an earlier try whose answer was lost

    # Reading

    def head(self, key: str) -> ObjectMeta:
        """Return what the store knows of an object.

        Raises:
            NotFoundError: there is none.

        """
        check_key(key)
        return _shown(self._head(key))

    def _head(self, key: str) -> ObjectMeta:
        return self.calls.retrying("head", key, lambda: self.driver.head(key))

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        try:
            self.head(key)
        except BucketNotFoundError:
            raise
        except NotFoundError:
            return False
        return True

    def get(
        self,
        key: str,
        *,
        range: ByteRange | None = None,
        if_match: Version | None = None,
        sha256: str | None = None,
    ) -> bytes:
        """Return an object's bytes, or those of a range; for arguments and errors see `open`."""
        with self.open(key, range=range, if_match=if_match, sha256=sha256) as read:
            return b"".join(read.chunks)

    @contextmanager
    def open(
        self,
        key: str,
        *,
        range: ByteRange | None = None,
        if_match: Version | None = None,
        sha256: str | None = None,
    ) -> Iterator[Read]:
        """Read an object as a stream that survives interruptions.

        Args:
            key: its name.
            range: only these bytes; an end past the object's is moved to it.
            if_match: the version it must be.
            sha256: hex digest that the whole must have; default is the one its writer recorded.

        Raises:
            NotFoundError: there is none.
            RangeError: the range is empty or starts at or past the end.
            PreconditionError: it is another version.
            IntegrityError: at the end of a whole read: the bytes have another digest.

        """
        check_key(key)
        if range is not None and not _is_sound(range):
            raise RangeError(f"{range} is empty", op="get", url=self.calls.url(key))
        with contextlib.ExitStack() as stack:
            read = self._enter(stack, key, range, if_match)
            end = read.meta.size
            if range is not None and range.end is not None:
                end = min(end, range.end)
            chunks = self._resuming(stack, key, read, range.start if range else 0, end)
            if range is None:
                chunks = self._verified(key, chunks, sha256 or read.meta.sha256)
            yield Read(_shown(read.meta), chunks)

    def _enter(
        self,
        stack: contextlib.ExitStack,
        key: str,
        wanted: ByteRange | None,
        if_match: Version | None,
    ) -> Read:
        return self.calls.retrying(
            "get",
            key,
            lambda: stack.enter_context(self.driver.get(key, range=wanted, if_match=if_match)),
        )

    def _resuming(
        self, stack: contextlib.ExitStack, key: str, read: Read, start: int, end: int
    ) -> Iterator[bytes]:
        """Yield the bytes from `start` to `end`; go on where a broken read stopped."""
        failures = 0
        while True:
            try:
                with self.calls.wrapped("get", key):
                    for chunk in read.chunks:
                        start += len(chunk)
                        if start > end:
                            raise IntegrityError("more bytes than the store announced")
                        yield chunk
                    if start < end:
                        raise UnavailableError(f"the answer ended {end - start} bytes early")
                return
            except StoreError as error:
                failures += 1
                if start == end and error.retryable:
                    return  # every byte was here before the connection broke
                if not self.calls.retry.again(error, failures):
                    raise
            self.calls.retry.wait(failures)
            stack.close()
            read = self._enter(stack, key, ByteRange(start, end), read.meta.version)

    def _verified(self, key: str, chunks: Iterator[bytes], expected: str | None) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
            yield chunk
        if expected is not None and digest.hexdigest() != expected:
            raise IntegrityError(
                f"the bytes have the SHA-256 {digest.hexdigest()}, not {expected}",
                op="get",
                url=self.calls.url(key),
            )

    def download(
        self,
        key: str,
        path: Path,
        *,
        if_match: Version | None = None,
        sha256: str | None = None,
        progress: "Callable[[int], None] | None" = None,
    ) -> ObjectMeta:
        """Read an object into the file `path`, which appears whole and verified or not at all.

        Large objects are fetched in ranges side by side; run again after an interruption it
        fetches only the rest. Arguments and errors as for :meth:`open`.
        """
        check_key(key)
        meta = self._head(key)
        if if_match is not None and meta.version != if_match:
            raise PreconditionError("another version", op="get", url=self.calls.url(key))
        digest = Download(
            meta=meta,
            path=path,
            url=self.calls.url(key),
            read=self._read_range,
            pool=self._pool,
            range_size=self.options.part_size,
            expected=sha256 or meta.sha256,
            progress=progress or _ignore,
        ).run()
        return _shown(replace(meta, sha256=digest))

    def _read_range(self, meta: ObjectMeta, wanted: ByteRange) -> Iterator[bytes]:
        with self.open(meta.key, range=wanted, if_match=meta.version) as read:
            yield from read.chunks

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Return a URL that reads the object without credentials until it expires.

        Raises:
            UnsupportedError: this store, or the credentials in use, cannot make one.

        """
        check_key(key)
        if not self.capabilities.presign:
            raise UnsupportedError(
                "no presigned URLs with this store and these credentials",
                op="presign",
                url=self.calls.url(key),
            )
        return self.calls.once("presign", key, lambda: self.driver.presign(key, expires=expires))

    # Listing

    def list(self, prefix: str = "", *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects whose keys start with `prefix`, ordered by code point.

        Pages are fetched as they are needed. `start_after` is exclusive and need not exist.
        """
        failures = 0
        while True:
            try:
                with self.calls.wrapped("list", prefix):
                    for meta in self.driver.list(prefix, start_after=start_after):
                        yield _shown(meta)
                        start_after = meta.key
                return
            except StoreError as error:
                failures += 1
                if not self.calls.retry.again(error, failures):
                    raise
            self.calls.retry.wait(failures)

    def list_dir(self, prefix: str = "") -> Listing:
        """Return one level below `prefix`, which is empty or ends in ``/``."""
        listing = self.calls.retrying("list", prefix, lambda: self.driver.list_dir(prefix))
        return Listing(tuple(_shown(meta) for meta in listing.objects), listing.prefixes)

    def verify_preconditions(self) -> "Preconditions":
        """Try to break the store's promises; see :mod:`providers.preconditions`."""
        from providers.preconditions import verify_preconditions  # noqa: PLC0415 - circular

        return verify_preconditions(self)


def _shown(meta: ObjectMeta) -> ObjectMeta:
    """Leave the store's own entries out of what callers see."""
    if CALL not in meta.metadata:
        return meta
    return replace(meta, metadata={k: v for k, v in meta.metadata.items() if k != CALL})


def _is_sound(wanted: ByteRange) -> bool:
    return wanted.start >= 0 and (wanted.end is None or wanted.end > wanted.start)


def _ignore(_: int) -> None:
    """Report progress to nobody."""
