"""Who acts, and when: what records say of their origin."""

import getpass
import socket
from datetime import UTC, datetime, timedelta

__all__ = ["author", "now", "stamp"]


def author() -> str:
    """Return ``user@host``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's numeric user has no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def now() -> datetime:
    """Return the time by this machine's clock, in UTC."""
    return datetime.now(UTC)


def stamp(at: datetime, plus: timedelta = timedelta()) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    return (at + plus).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
