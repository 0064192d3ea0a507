"""What a driver can tell of itself beside its objects, for those who look for what is wrong.

Optional: a driver that has it names it ``diagnosis``. Its methods raise what the SDK raises, as a
driver's do. None of what they return is a secret.
"""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, cast

from providers.driver import Driver

__all__ = ["Bucket", "Credentials", "Diagnosis", "Here", "date_of", "diagnosis_of"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks.

    Attributes:
        source: where they were found, such as ``AZURE_STORAGE_KEY`` or ``iam-role``.
        identity: whose they are: a name, a number, the end of a key's id; empty if unknown.
        expires: when they end, or None if they do not, or it cannot be told.
        renews: whether they are renewed without the user.

    """

    source: str
    identity: str = ""
    expires: datetime | None = None
    renews: bool = True


@dataclass(frozen=True, slots=True)
class Bucket:
    """How a bucket is set up; None is what the cloud does not tell, or not to these credentials.

    Attributes:
        region: where it is, in the cloud's own words.
        versioning: whether what is overwritten or deleted is kept as a version.
        retained: days for which a deleted object can be brought back.

    """

    region: str | None = None
    versioning: bool | None = None
    retained: int | None = None


class Diagnosis(Protocol):
    """What a driver knows of its cloud."""

    def credentials(self) -> Credentials:
        """Return who asks; finds, and where that is how it is done, renews the credentials."""

    def server_time(self) -> datetime | None:
        """Return the server's clock, by a small request without credentials; None if not told.

        Whatever the server answers, it answers: this is also how to see that it can be reached.
        """

    def bucket(self) -> Bucket:
        """Return how the bucket is set up."""


class Here:
    """The diagnosis of a store that has no server: a folder, or memory."""

    def __init__(self, source: str) -> None:
        self._source = source

    def credentials(self) -> Credentials:
        """Return the user of this process."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a container's numeric user has no name
            user = ""
        return Credentials(self._source, user)

    def server_time(self) -> None:
        """Return None: this machine's clock is the only one."""

    def bucket(self) -> Bucket:
        """Return that nothing is known."""
        return Bucket()


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time at which an answer was sent, by its ``Date`` header; to the second."""
    try:
        found = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def diagnosis_of(driver: Driver) -> Diagnosis | None:
    """Return what `driver` can tell of itself, or None if it has nothing to tell."""
    return cast("Diagnosis | None", getattr(driver, "diagnosis", None))
