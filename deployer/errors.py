"""Failures as a user sees them: what happened, where, what to do next, and an exit code.

::

    DeployerError(message; where, hint, exit_code)
    ├─ UsageError          2   bad arguments, bad configuration, bad input data
    ├─ CredentialsError    3   no credentials, or not allowed
    ├─ CloudError          4   a cloud or the network is unavailable
    ├─ PolicyError         5   a rule of the user's own forbids it
    ├─ MissingError        6   what was named does not exist
    ├─ TimedOutError       9
    ├─ PartialError       10   some clouds have it, some do not
    ├─ DamagedError       11   bytes or signatures are not what was promised
    └─ FailedError         1   anything else that we can name
"""

from enum import IntEnum

from providers.errors import ErrorKind, StoreError

__all__ = [
    "CloudError",
    "CredentialsError",
    "DamagedError",
    "DeployerError",
    "ExitCode",
    "FailedError",
    "MissingError",
    "PartialError",
    "PolicyError",
    "TimedOutError",
    "UsageError",
    "from_store_error",
]


class ExitCode(IntEnum):
    """What the process returns; part of the interface, so never renumbered."""

    OK = 0
    ERROR = 1
    USAGE = 2
    CREDENTIALS = 3
    UNAVAILABLE = 4
    POLICY = 5
    NOT_FOUND = 6
    CHANGES = 7
    CANCELLED = 8
    TIMEOUT = 9
    PARTIAL = 10
    INTEGRITY = 11
    OBJECTIVE = 12
    INTERRUPTED = 130


class DeployerError(Exception):
    """A failure with a place and advice.

    Attributes:
        message: what happened, in one line.
        where: cloud, key, file, row or column; may be empty.
        hint: what to do next; may be empty.

    """

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class FailedError(DeployerError):
    """Something failed that no narrower class names."""


class UsageError(DeployerError):
    """Bad arguments, configuration or input."""

    exit_code = ExitCode.USAGE


class CredentialsError(DeployerError):
    """No credentials, or not enough permission."""

    exit_code = ExitCode.CREDENTIALS


class CloudError(DeployerError):
    """A cloud or the network is unavailable."""

    exit_code = ExitCode.UNAVAILABLE


class PolicyError(DeployerError):
    """A rule of the user's own forbids it.

    Attributes:
        digest: hex SHA-256 of the manifest that it is about, for the audit log; None if there is
            none.

    """

    exit_code = ExitCode.POLICY

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", digest: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.digest = digest


class MissingError(DeployerError):
    """What was named does not exist."""

    exit_code = ExitCode.NOT_FOUND


class TimedOutError(DeployerError):
    """It took longer than the user allows."""

    exit_code = ExitCode.TIMEOUT


class PartialError(DeployerError):
    """Some of the clouds are behind."""

    exit_code = ExitCode.PARTIAL


class DamagedError(DeployerError):
    """Bytes or signatures are not what was promised."""

    exit_code = ExitCode.INTEGRITY


_BY_KIND: dict[ErrorKind, type[DeployerError]] = {
    ErrorKind.NOT_FOUND: MissingError,
    ErrorKind.BUCKET_NOT_FOUND: MissingError,
    ErrorKind.ALREADY_EXISTS: FailedError,
    ErrorKind.PRECONDITION: FailedError,
    ErrorKind.CONFLICT: CloudError,
    ErrorKind.RANGE: FailedError,
    ErrorKind.INTEGRITY: DamagedError,
    ErrorKind.PERMISSION_DENIED: CredentialsError,
    ErrorKind.QUOTA: CloudError,
    ErrorKind.UNAUTHENTICATED: CredentialsError,
    ErrorKind.CLOCK: CredentialsError,
    ErrorKind.THROTTLED: CloudError,
    ErrorKind.UNAVAILABLE: CloudError,
    ErrorKind.UNSUPPORTED: UsageError,
    ErrorKind.INVALID_KEY: UsageError,
    ErrorKind.OTHER: FailedError,
}


def from_store_error(error: StoreError) -> DeployerError:
    """Return the user's view of a storage error: its exit code, place and advice."""
    return _BY_KIND[error.kind](error.message, where=error.url, hint=error.hint)
