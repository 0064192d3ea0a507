"""What can go wrong with an object store.

::

    StoreError(message; op, url, kind, retryable, hint)
    ├─ NotFoundError (also FileNotFoundError)
    │  └─ BucketNotFoundError
    ├─ AlreadyExistsError (also FileExistsError)
    ├─ PreconditionError
    ├─ ConflictError       retryable: the write must be started again from its first byte
    ├─ RangeError
    ├─ IntegrityError
    ├─ PermissionDeniedError
    │  └─ QuotaError       the store takes no more; waiting does not help
    ├─ UnauthenticatedError
    │  └─ ClockError       this machine's clock is wrong, so what it signs is refused
    ├─ ThrottledError      retryable
    ├─ UnavailableError    retryable
    ├─ UnsupportedError    raised when a store is opened
    └─ InvalidKeyError

Drivers raise what their SDK raises and name its :class:`ErrorKind`;
:class:`providers.store.Store` wraps exactly once, ``raise … from``.
"""

from enum import StrEnum

__all__ = [
    "AlreadyExistsError",
    "BucketNotFoundError",
    "ClockError",
    "ConflictError",
    "ErrorKind",
    "IntegrityError",
    "InvalidKeyError",
    "NotFoundError",
    "PermissionDeniedError",
    "PreconditionError",
    "QuotaError",
    "RangeError",
    "StoreError",
    "ThrottledError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnsupportedError",
    "error_class",
]


class ErrorKind(StrEnum):
    """The kinds of failure that callers tell apart, one per leaf of the tree."""

    NOT_FOUND = "not-found"
    BUCKET_NOT_FOUND = "bucket-not-found"
    ALREADY_EXISTS = "already-exists"
    PRECONDITION = "precondition"
    CONFLICT = "conflict"
    RANGE = "range"
    INTEGRITY = "integrity"
    PERMISSION_DENIED = "permission-denied"
    QUOTA = "quota"
    UNAUTHENTICATED = "unauthenticated"
    CLOCK = "clock"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    UNSUPPORTED = "unsupported"
    INVALID_KEY = "invalid-key"
    OTHER = "other"


class StoreError(Exception):
    """An operation on a store failed.

    Attributes:
        op: the verb that failed, such as ``put``.
        url: the object or store it failed on; never holds a secret.
        kind: which failure it was.
        retryable: whether the same call may succeed later, unchanged.
        hint: what the user can do next; empty when nothing general helps.

    """

    kind = ErrorKind.OTHER
    retryable = False
    default_hint = ""

    def __init__(self, message: str, *, op: str = "", url: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.op = op
        self.url = url
        self.hint = hint or self.default_hint

    def __str__(self) -> str:
        return f"{self.url}: {self.message}" if self.url else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions rebuild from ``args`` alone and would lose the keyword arguments.
        return (_rebuild, (type(self), self.message, self.op, self.url, self.hint))


def _rebuild(cls: type[StoreError], message: str, op: str, url: str, hint: str) -> StoreError:
    return cls(message, op=op, url=url, hint=hint)


class NotFoundError(StoreError, FileNotFoundError):
    """The object does not exist."""

    kind = ErrorKind.NOT_FOUND


class BucketNotFoundError(NotFoundError):
    """The bucket or container does not exist."""

    kind = ErrorKind.BUCKET_NOT_FOUND
    default_hint = "create the bucket, or correct its name in the configuration"


class AlreadyExistsError(StoreError, FileExistsError):
    """A create-only write found the key taken."""

    kind = ErrorKind.ALREADY_EXISTS


class PreconditionError(StoreError):
    """The object is no longer the version that the caller named."""

    kind = ErrorKind.PRECONDITION
    default_hint = "someone else wrote it meanwhile: read it again and repeat the command"


class ConflictError(StoreError):
    """Two writes met; this one must be started again, its parts included.

    S3 answers 409 ConditionalRequestConflict: neither "exists" nor "unavailable".
    """

    kind = ErrorKind.CONFLICT
    retryable = True
    default_hint = "another writer is busy on the same object: repeat the command"


class RangeError(StoreError):
    """The range starts at or past the end of the object."""

    kind = ErrorKind.RANGE


class IntegrityError(StoreError):
    """The bytes are not the bytes that were promised."""

    kind = ErrorKind.INTEGRITY
    default_hint = "do not use this copy; read it from another cloud"


class PermissionDeniedError(StoreError):
    """The credentials are valid, but may not do this."""

    kind = ErrorKind.PERMISSION_DENIED
    default_hint = "grant this identity read and write on the bucket"


class QuotaError(PermissionDeniedError):
    """The store takes no more: a quota is used up, or its disks are full. A pause does not help."""

    kind = ErrorKind.QUOTA
    default_hint = (
        "raise the quota, or free space (deployer gc); running the same command again resumes"
    )


class UnauthenticatedError(StoreError):
    """There are no credentials, or the cloud rejects them."""

    kind = ErrorKind.UNAUTHENTICATED
    default_hint = "sign in with the cloud's own tool, or correct its credential variables"


class ClockError(UnauthenticatedError):
    """The request was signed at a time too far from the cloud's own; new credentials do not help."""

    kind = ErrorKind.CLOCK
    default_hint = (
        "this machine's clock is more than 15 minutes wrong: set it by NTP, such as "
        "timedatectl set-ntp true"
    )


class ThrottledError(StoreError):
    """The cloud asks for fewer requests."""

    kind = ErrorKind.THROTTLED
    retryable = True
    default_hint = "repeat the command later, or lower --concurrency"


class UnavailableError(StoreError):
    """The cloud or the network did not answer, or answered with a fault of its own."""

    kind = ErrorKind.UNAVAILABLE
    retryable = True
    default_hint = "check the network and the endpoint; running the same command again resumes"


class UnsupportedError(StoreError):
    """The store cannot do what is asked of it, now or ever."""

    kind = ErrorKind.UNSUPPORTED


class InvalidKeyError(StoreError, ValueError):
    """The key is not one that every store can hold."""

    kind = ErrorKind.INVALID_KEY


_CLASSES: dict[ErrorKind, type[StoreError]] = {
    cls.kind: cls
    for cls in (
        NotFoundError,
        BucketNotFoundError,
        AlreadyExistsError,
        PreconditionError,
        ConflictError,
        RangeError,
        IntegrityError,
        PermissionDeniedError,
        QuotaError,
        UnauthenticatedError,
        ClockError,
        ThrottledError,
        UnavailableError,
        UnsupportedError,
        InvalidKeyError,
        StoreError,
    )
}


def error_class(kind: ErrorKind) -> type[StoreError]:
    """Return the exception class of `kind`."""
    return _CLASSES[kind]
