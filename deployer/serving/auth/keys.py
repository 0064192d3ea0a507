"""API keys: who has one, known by its hash alone.

A key is 256 random bits, so its plain SHA-256 gives nothing away: there is nothing to guess, and
a slow hash for passwords would only slow down every request.
"""

import hashlib
import hmac
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deployer.config import SERVE_KEYS
from deployer.errors import DeployerError, UsageError
from deployer.serving.auth.key_file import ApiKey, is_name, read_keys
from deployer.serving.refusals import RefusedError, Status

__all__ = ["ApiKeys", "bearer", "parse_hashes", "unauthenticated"]

_LONGEST = 512
_LOOK_EVERY = 1.0
_HEX = frozenset("0123456789abcdef")
NEW_KEY = "make a key with: deployer key api new NAME"


class _Known(NamedTuple):
    name: str
    sha256: str
    expires: float | None


def parse_hashes(text: str) -> list[ApiKey]:
    """Return the keys in ``NAME:SHA256,…``.

    Raises:
        UsageError: it is not of that form; the text itself is not repeated.

    """
    keys: list[ApiKey] = []
    for index, part in enumerate(text.split(","), start=1):
        if not part.strip():
            continue
        name, _, digest = part.strip().rpartition(":")
        digest = digest.lower()
        if not is_name(name) or len(digest) != 64 or not _HEX.issuperset(digest):  # noqa: PLR2004 - a SHA-256
            raise UsageError(
                f"entry {index} is not NAME:SHA256",
                where=SERVE_KEYS,
                hint="use the name and the sha256 that `deployer key api new NAME -o json` prints",
            )
        keys.append(ApiKey(name, digest, "", None))
    return keys


class ApiKeys:
    """Answers those that have one of the keys.

    The file is looked at again at most once a second, so that a revoked key ends without a
    restart. A file that cannot be read leaves the keys as they were; one that is gone leaves none.

    Args:
        file: of hashes; need not exist if there are `hashes`.
        hashes: more of them, as ``NAME:SHA256,…``.

    Raises:
        UsageError: there is no key at all, or something cannot be read.

    """

    def __init__(self, file: Path, hashes: str = "") -> None:
        self._file = file
        self._fixed = _known(parse_hashes(hashes))
        self._seen = _signature(file)
        self._keys = (*self._fixed, *_known(read_keys(file)))
        self._looked = time.monotonic()
        if not self._keys:
            raise UsageError(
                "requests need an API key, and there is none",
                where=str(file),
                hint=f'{NEW_KEY}, set {SERVE_KEYS}, or let everybody in with [serve] auth = "none"',
            )

    def check(self, authorization: str | None, api_key: str | None) -> str:
        """Return the name of the key; see `Authenticator`."""
        given = api_key if api_key is not None else bearer(authorization)
        if len(given) > _LONGEST:
            raise unauthenticated("that is no API key")
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._look(now)
        digest = hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
        found: _Known | None = None
        # All of them, always: how long it takes must not say which key came close.
        for known in self._keys:
            if hmac.compare_digest(known.sha256, digest):
                found = known
        if found is None:
            raise unauthenticated("that API key is not known here")
        if found.expires is not None and found.expires <= time.time():
            raise unauthenticated("that API key has expired")
        return found.name

    def _look(self, now: float) -> None:
        self._looked = now
        signature = _signature(self._file)
        if signature == self._seen:
            return
        self._seen = signature
        try:
            self._keys = (*self._fixed, *_known(read_keys(self._file)))
        except DeployerError as error:
            print(f"warning: API keys stay as they were: {error}", file=sys.stderr, flush=True)  # noqa: T201


def bearer(authorization: str | None) -> str:
    """Return the token of ``Authorization: Bearer …``.

    Raises:
        RefusedError: 401, it is not of that form.

    """
    if authorization is None:
        raise unauthenticated("this needs a key: send X-API-Key or Authorization: Bearer")
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated("send Authorization: Bearer followed by the key")
    return token


def unauthenticated(message: str) -> RefusedError:
    """Return the refusal of somebody who is not known."""
    return RefusedError(Status.UNAUTHENTICATED, message, (("www-authenticate", "Bearer"),))


def _known(keys: Sequence[ApiKey]) -> tuple[_Known, ...]:
    return tuple(_Known(each.name, each.sha256, each.expires_at) for each in keys)


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        seen = os.stat(file)  # noqa: PTH116 - once a second, on the path of a request
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino
