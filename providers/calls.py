"""The one place where a driver's errors become ours, and where calls are repeated."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from providers.driver import CALL, Driver
from providers.errors import (
    AlreadyExistsError,
    BucketNotFoundError,
    NotFoundError,
    PreconditionError,
    StoreError,
    error_class,
)
from providers.model import ObjectMeta, PutMode, Version
from providers.retry import Retry

__all__ = ["Calls"]

T = TypeVar("T")

MAX_MESSAGE = 300
_SECRET = re.compile(
    r"(?i)((?:sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature|token|"
    r"accountkey|sharedaccesskey)=)[^&;\s\"']+"
)


class Calls:
    """Driver calls with their errors wrapped, exactly once, ``raise … from``."""

    def __init__(self, driver: Driver, retry: Retry) -> None:
        self.driver = driver
        self.retry = retry

    def url(self, key: str) -> str:
        """Return the address of an object, for messages."""
        base = self.driver.url
        return base if not key else f"{base}{key}" if base.endswith("/") else f"{base}/{key}"

    @contextmanager
    def wrapped(self, op: str, key: str) -> Iterator[None]:
        """Turn the errors that the driver knows into StoreErrors."""
        try:
            yield
        except StoreError as error:
            error.op = error.op or op
            error.url = error.url or self.url(key)
            raise
        except Exception as error:
            kind = self.driver.classify(error)
            if kind is None:
                raise
            raise error_class(kind)(_describe(error), op=op, url=self.url(key)) from error

    def once(self, op: str, key: str, act: Callable[[], T]) -> T:
        """Return what `act` returns, its errors wrapped."""
        with self.wrapped(op, key):
            return act()

    def retrying(self, op: str, key: str, act: Callable[[], T]) -> T:
        """Return what `act`, which must be idempotent, returns; retry it while that may help."""
        return self.retry.call(lambda: self.once(op, key, act))

    def own(self, key: str, call: str, error: StoreError) -> ObjectMeta | None:
        """Return the object's meta if the write with the id `call` made it, else None.

        This is how a lost response is told from somebody else's object. If another writer has
        replaced ours in the meantime, ours is gone and None is the answer. After an `error`
        that will be retried anyway one look is enough.

        Raises:
            StoreError: the store refused the write and cannot say whose the object is.

        """
        try:
            if error.retryable:
                meta = self.once("put", key, lambda: self.driver.head(key))
            else:
                meta = self.retrying("put", key, lambda: self.driver.head(key))
        except NotFoundError:
            return None
        except StoreError:
            if error.retryable:
                return None
            raise
        return meta if meta.metadata.get(CALL) == call else None

    @contextmanager
    def conditions(self, key: str, mode: PutMode) -> Iterator[None]:
        """Name a failed condition by what the caller asked for, the same on every cloud."""
        url = self.url(key)
        try:
            yield
        except PreconditionError as error:
            if mode != "create":
                raise
            raise AlreadyExistsError(error.message, op="put", url=url) from error
        except BucketNotFoundError:
            raise
        except (NotFoundError, AlreadyExistsError) as error:
            # S3 answers 404 to If-Match on an absent key.
            if not isinstance(mode, Version):
                raise
            raise PreconditionError(error.message, op="put", url=url) from error


def _describe(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    text = _SECRET.sub(r"\1…", text)
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"
