"""Decides who the HTTP API answers: the function that it asks before every request.

The same rule as the server's own: health asks for no key, everything else for one whose SHA-256
is in the secret, ``NAME:SHA256,…``. It runs on Lambda's managed Python, from this file alone.

================ ========================================================================
KEYS_SECRET      name or ARN of the secret in Secrets Manager
OPEN_PATHS       paths that ask for no key, separated by blanks
================ ========================================================================

The event and the answer are of format 2.0, simple:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

# ruff: noqa: INP001 - uploaded by itself, and no part of the package

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Gate", "handler"]

_REMEMBERED = 60.0  # seconds; a revoked key ends within them
_LONGEST = 512


class Gate:
    """Knows the keys, for a minute at a time.

    Args:
        fetch: returns the secret's text.
        open_paths: that ask for no key.
        clock: seconds that never go back.

    """

    def __init__(
        self,
        fetch: Callable[[], str],
        open_paths: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._open = open_paths
        self._clock = clock
        self._keys: list[tuple[str, str]] = []
        self._until = float("-inf")

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return whether a request may go on, and whose key it came with."""
        method = ((event.get("requestContext") or {}).get("http") or {}).get("method")
        if method in {"GET", "HEAD"} and event.get("rawPath") in self._open:
            return {"isAuthorized": True, "context": {"who": ""}}
        headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
        who = self._who(_given(headers))
        return {"isAuthorized": bool(who), "context": {"who": who}}

    def _who(self, given: str) -> str:
        if not given or len(given) > _LONGEST:
            return ""
        digest = hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
        found = ""
        # All of them, always: how long it takes must not say which key came close.
        for name, sha256 in self._known():
            if hmac.compare_digest(sha256, digest):
                found = name
        return found

    def _known(self) -> list[tuple[str, str]]:
        if self._clock() >= self._until:
            # If the secret cannot be read, this raises and nobody gets in.
            self._keys = _parsed(self._fetch())
            self._until = self._clock() + _REMEMBERED
        return self._keys


def _given(headers: Mapping[str, str]) -> str:
    if "x-api-key" in headers:
        return headers["x-api-key"]
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _parsed(text: str) -> list[tuple[str, str]]:
    pairs = (part.strip().rpartition(":") for part in text.split(","))
    return [(name, sha256.lower()) for name, _, sha256 in pairs if name and sha256.isascii()]


def _fetch() -> str:
    import boto3  # noqa: PLC0415 - Lambda's runtime has it; whoever reads this file need not

    client = boto3.client("secretsmanager")
    return str(client.get_secret_value(SecretId=os.environ["KEYS_SECRET"])["SecretString"])


_gate: list[Gate] = []


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer one question of the HTTP API; what Lambda calls."""
    if not _gate:
        _gate.append(Gate(_fetch, frozenset(os.environ.get("OPEN_PATHS", "").split())))
    return _gate[0].answer(event)
