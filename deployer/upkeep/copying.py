"""Putting one object right: created where it is missing, swapped where it is proven wrong.

Something that is there is replaced by a compare-and-swap with exactly the write that was read and
found wrong just before. So there is no moment in which the object is not there, and nothing that
somebody else has written meanwhile is lost.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from deployer.errors import DamagedError, DeployerError
from deployer.registry.cloud import Cloud, write_document
from providers.errors import (
    AlreadyExistsError,
    BucketNotFoundError,
    ErrorKind,
    IntegrityError,
    NotFoundError,
    PreconditionError,
    StoreError,
)
from providers.model import PutMode, Version

__all__ = ["Target", "fetch_document", "is_gone"]

MAX_TURNS = 5


class _SourceError(Exception):
    """A cloud that was to be copied from failed, or served wrong bytes."""


@dataclass(frozen=True)
class Target:
    """A cloud that objects are brought to.

    Attributes:
        read_back: read each content after it was sent: this cloud does not check what it is sent.
        progress: called with numbers of bytes.

    """

    cloud: Cloud
    read_back: bool
    progress: Callable[[int], None]
    _silent: set[str] = field(default_factory=set, init=False)  # sources that do not answer

    def bring_document(self, key: str, body: bytes, *, seen: str | None) -> None:
        """Let a document be there with these bytes.

        Args:
            key: its name.
            body: its bytes.
            seen: digest of what was found there and seen to be wrong; None if nothing was.

        Raises:
            DamagedError: something else is there by now.

        """
        wanted = hashlib.sha256(body).hexdigest()
        self._settle(
            key, wanted, seen, lambda mode: write_document(self.cloud, key, body, mode=mode)
        )

    def bring_content(
        self, key: str, sha256: str, size: int, sources: Sequence[Cloud], *, seen: str | None
    ) -> None:
        """Let a content be there, copied from the first of `sources` that has it whole.

        Raises:
            StoreError, DeployerError: the last source's failure, or this cloud's.

        """
        failure: StoreError | DeployerError | None = None
        for source in sources:
            if source.name in self._silent:
                continue
            try:
                self._settle(
                    key,
                    sha256,
                    seen,
                    functools.partial(self._copy, source, key, sha256, size),
                )
            except _SourceError as error:
                cause = error.__cause__
                assert isinstance(cause, StoreError | DeployerError)  # noqa: S101 - see _pieces
                failure = cause
                if isinstance(cause, StoreError) and cause.retryable:
                    self._silent.add(source.name)
            else:
                return
        raise failure or DamagedError(
            "no cloud that answers has it whole",
            where=self.cloud.where(key),
            hint="repeat the command when the others answer",
        )

    def _settle(
        self, key: str, sha256: str, seen: str | None, write: Callable[[PutMode], object]
    ) -> None:
        """Call `write` until the object is there, under the condition that fits what is there."""
        mode: PutMode | None = "create" if seen is None else self._condition(key, sha256, seen)
        for _ in range(MAX_TURNS):
            if mode is None:
                return
            try:
                write(mode)
            except (AlreadyExistsError, PreconditionError):
                mode = self._condition(key, sha256, seen)
            else:
                return
        raise DamagedError(
            "somebody else writes it all the time",
            where=self.cloud.where(key),
            hint="repeat the command",
        )

    def _condition(self, key: str, sha256: str, seen: str | None) -> PutMode | None:
        """Read what is there; return how to write over it, or None if it is right."""
        found = _read(self.cloud, key)
        if found is None:
            return "create"
        if found.digest == sha256 and found.recorded in (None, sha256):
            return None
        proven = not found.whole or _names_its_digest(key) or found.digest == seen
        if not proven:
            raise DamagedError(
                "another record is there by now",
                where=self.cloud.where(key),
                hint="nothing was overwritten; see: deployer verify --all-clouds",
            )
        return found.version

    def _copy(self, source: Cloud, key: str, sha256: str, size: int, mode: PutMode) -> None:
        self.cloud.store.put(
            key,
            _pieces(source, key, sha256, size),
            mode=mode,
            sha256=sha256,
            progress=self.progress,
        )
        if self.read_back:
            with self.cloud.store.open(key, sha256=sha256) as read:
                for _ in read.chunks:
                    pass


def _names_its_digest(key: str) -> bool:
    return not key.startswith("models/")


def _pieces(source: Cloud, key: str, sha256: str, size: int) -> Iterator[bytes]:
    """Yield a content; the end is reached only if its bytes are right."""
    try:
        with source.store.open(key, sha256=sha256) as read:
            if read.meta.size != size:
                message = f"{read.meta.size} bytes instead of {size}"
                raise IntegrityError(message, op="get", url=source.where(key))
            yield from read.chunks
    except (StoreError, DeployerError) as error:
        raise _SourceError from error


class _There(NamedTuple):
    """What is under a key: whether it could be read to the end, and which write it is."""

    digest: str
    recorded: str | None
    whole: bool
    version: Version


def _read(cloud: Cloud, key: str) -> _There | None:
    found = hashlib.sha256()
    whole = True
    try:
        with cloud.store.open(key) as read:
            try:
                for chunk in read.chunks:
                    found.update(chunk)
            except IntegrityError:
                whole = False
            return _There(found.hexdigest(), read.meta.sha256, whole, read.meta.version)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None


def fetch_document(sources: Sequence[Cloud], key: str, sha256: str) -> bytes:
    """Return a document's bytes from the first cloud that has it whole.

    Raises:
        StoreError: none has.

    """
    failure: StoreError | None = None
    for source in sources:
        try:
            return source.store.get(key, sha256=sha256)
        except StoreError as error:
            failure = error
    assert failure is not None  # noqa: S101 - there is at least one
    raise failure


def is_gone(cloud: Cloud, error: StoreError | DeployerError) -> bool:
    """Tell whether an error means that nothing more can be done to `cloud`."""
    if not isinstance(error, StoreError) or not f"{error.url}/".startswith(f"{cloud.store.url}/"):
        return False
    return error.retryable or error.kind in _HOPELESS


_HOPELESS = frozenset(
    {
        ErrorKind.BUCKET_NOT_FOUND,
        ErrorKind.PERMISSION_DENIED,
        ErrorKind.QUOTA,
        ErrorKind.UNAUTHENTICATED,
        ErrorKind.CLOCK,
    }
)
