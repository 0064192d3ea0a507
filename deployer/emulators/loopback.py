"""Plain HTTP to the emulators: never through a proxy, never anywhere but this machine."""

import http.client
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from deployer.errors import FailedError

__all__ = ["PATIENCE", "Answer", "expect", "request"]

TIMEOUT = 5.0
"""Seconds for one request; health checks repeat."""

PATIENCE = 60.0
"""Seconds for a request that is sent once, also on a machine that has much else to do."""


class Answer(NamedTuple):
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = TIMEOUT,
) -> Answer | None:
    """Send a request. Returns None when nobody answers in HTTP."""
    parts = urlsplit(url)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request(method, target, body=body or None, headers=dict(headers or {}))
        response = connection.getresponse()
        lowered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, lowered, response.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def expect(answer: Answer | None, statuses: set[int], doing: str) -> None:
    """Raise unless `answer` has one of `statuses`.

    Raises:
        FailedError: it has not, or nobody answered.

    """
    if answer is None:
        raise FailedError(f"{doing}: no answer")
    if answer.status not in statuses:
        said = answer.body[:200].decode("utf-8", "replace")
        raise FailedError(f"{doing}: HTTP {answer.status} {said}".strip())
