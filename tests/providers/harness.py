"""What the conformance suite needs of a backend: the store under test, and a way past it."""

import hashlib
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Self, cast

import pytest

from providers.driver import SHA256, Driver
from providers.model import ObjectMeta
from providers.open import open_store
from providers.store import Store, StoreOptions

__all__ = ["Call", "Gap", "Harness", "Recorder", "digest", "payload", "pieces"]


class Gap(NamedTuple):
    """Why a backend fails a case: a strict expected failure, kept as data.

    Attributes:
        reason: what the backend does instead.
        reference: where that is documented or reported.
        racy: whether the case passes now and then all the same.

    """

    reason: str
    reference: str
    racy: bool = False


class Harness(ABC):
    """One empty place of one backend, private to one test.

    Everything named ``raw_`` goes past the code under test, through the backend's own SDK or the
    file system, so that a read is never tested by a write that is wrong in the same way.

    Attributes:
        store_class: of the stores that it opens; another one for a saboteur.
        url: of the place, as :func:`open_store` takes it.
        endpoint: of the emulator; None for the cloud's own.
        environment: variables that the backend's SDK needs; set for the time of a test.
        part_size: bytes of a part in the stores that it opens; bodies above it are uploaded in
            parts.
        range_size: bytes of a range of a download where a case wants many.
        page: objects in one page of a listing.
        separate_processes: whether another process sees the same objects.
        shows_uploads: whether :meth:`raw_uploads` can tell of unfinished uploads.
        verifies_checksums: whether the backend refuses an upload whose checksum is wrong.

    """

    store_class = Store
    url = ""
    endpoint: str | None = None
    environment: Mapping[str, str] = MappingProxyType({})
    part_size = 1024
    range_size = 1024
    page = 1000
    separate_processes = True
    shows_uploads = True
    verifies_checksums = True

    def open(self, *, wrap: Callable[[Driver], Driver] | None = None, **options: Any) -> Store:
        """Open a store on the place; `wrap` puts another driver around the backend's."""
        chosen = replace(StoreOptions(part_size=self.part_size), **options)
        store = self.connect(chosen)
        return self.store_class(wrap(store.driver), chosen) if wrap else store

    def connect(self, options: StoreOptions) -> Store:
        """Open a store with these very options."""
        return open_store(self.url, endpoint=self.endpoint, options=options)

    def child(self) -> dict[str, str]:
        """Return the environment for another process that opens the store."""
        return {**os.environ, **self.environment}

    @abstractmethod
    def open_missing_bucket(self) -> Store:
        """Open a store on a bucket that does not exist."""

    @abstractmethod
    def raw_put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Write an object, replacing what is there."""

    def raw_put_many(self, keys: Sequence[str]) -> None:
        """Write a one-byte object under each of `keys`."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: self.raw_put(key, b"x"), keys))

    @abstractmethod
    def raw_get(self, key: str) -> bytes:
        """Read an object."""

    @abstractmethod
    def raw_delete(self, key: str) -> None:
        """Remove an object that exists."""

    @abstractmethod
    def raw_keys(self) -> list[str]:
        """Return every key that a reader could find, sorted."""

    def raw_uploads(self) -> int:
        """Return how many uploads were begun and neither finished nor aborted."""
        raise NotImplementedError

    def raw_tamper(self, key: str, body: bytes) -> None:
        """Put other bytes under the SHA-256 that the first writer recorded."""
        recorded = digest(self.raw_get(key))
        self.raw_put(key, body, {SHA256: recorded})

    def close(self) -> None:  # noqa: B027 - a place in memory needs none
        """Remove the place."""

    def __enter__(self) -> Self:
        self._patch = pytest.MonkeyPatch()
        for name, value in self.environment.items():
            self._patch.setenv(name, value)
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.close()
        finally:
            self._patch.undo()


@dataclass(frozen=True)
class Call:
    """One call that a :class:`Recorder` saw."""

    op: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Recorder:
    """A driver that notes each call and passes it on.

    Attributes:
        calls: what was called so far.
        listed: objects that were taken from listings.

    """

    def __init__(self, driver: Driver, before: Callable[[str, int], None] | None = None) -> None:
        self._driver = driver
        self._before = before
        self.calls: list[Call] = []
        self.listed = 0

    @classmethod
    def around(
        cls, driver: Driver, before: Callable[[str, int], None] | None = None
    ) -> "tuple[Recorder, Driver]":
        """Return the recorder twice: as itself and as a driver.

        `before` is called ahead of each call with its name and how many of that name there were.
        """
        recorder = cls(driver, before)
        return recorder, cast(Driver, recorder)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._driver, name)
        if not callable(value) or name in {"classify", "close"}:
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(Call(name, args, kwargs))
            if self._before:
                self._before(name, self.ops().count(name))
            result = value(*args, **kwargs)
            return self._count(result) if name == "list" else result

        return call

    def _count(self, metas: Iterator[ObjectMeta]) -> Iterator[ObjectMeta]:
        for meta in metas:
            self.listed += 1
            yield meta

    def ops(self) -> list[str]:
        """Return the operations called, in order."""
        return [call.op for call in self.calls]


@lru_cache(maxsize=16)
def payload(size: int, seed: int = 0) -> bytes:
    """Return `size` bytes in which no two stretches are alike."""
    return random.Random(seed).randbytes(size)


def pieces(body: bytes, length: int = 777) -> Iterator[bytes]:
    """Yield `body` in pieces of an odd `length`."""
    for start in range(0, len(body), length):
        yield body[start : start + length]


def digest(body: bytes) -> str:
    """Return the SHA-256 of `body` in hex."""
    return hashlib.sha256(body).hexdigest()
