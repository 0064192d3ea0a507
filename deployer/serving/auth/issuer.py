"""The public keys of an OpenID Connect issuer, fetched by a thread of their own.

Sources: https://openid.net/specs/openid-connect-discovery-1_0.html (4), RFC 7517.
"""

import json
import sys
import threading
import time
from http.client import HTTPException
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from jwt import PyJWK, PyJWTError

from deployer.errors import UsageError

__all__ = ["IssuerKeys"]

_LARGEST = 1024 * 1024
_MOST_KEYS = 100
_MIN_RSA = 2048
_TIMEOUT = 5.0
_OLD = 300.0
_PAUSE = 10.0
_LONGEST_REASON = 200
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}


class _UntrustedError(Exception):
    """What the issuer sent cannot be used."""


# Whatever answers at the address may send anything, such as what is no HTTP.
_NO_KEYS = (_UntrustedError, URLError, OSError, HTTPException, ValueError, RecursionError)


class _NoRedirects(HTTPRedirectHandler):
    """An issuer says where its keys are; whoever sends us elsewhere is not asked."""

    def redirect_request(
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Follow nothing."""


class IssuerKeys:
    """The keys of one issuer; those that were fetched last stay while it cannot be reached.

    They are fetched once at the start, and again in the background: when they are older than five
    minutes, or when a token names a key that is not among them, at most every ten seconds.

    Args:
        issuer: its address.

    Attributes:
        known: the keys.
        trouble: why they could not be fetched the last time; "" if they could.

    Raises:
        UsageError: the address is not ``https://`` (``http://`` is taken from this machine only).

    """

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        _check_address(issuer, UsageError("oidc_issuer must be an https:// address", where=issuer))
        self._opener = build_opener(_NoRedirects)
        self._lock = threading.Lock()
        self._busy = False
        self.known: tuple[PyJWK, ...] = ()
        self.trouble = ""
        self._asked = time.monotonic()
        self._fetch()

    def refresh_if_old(self, now: float) -> None:
        """Have the keys fetched, if that was long ago."""
        age = now - self._asked
        if age >= _OLD or (not self.known and age >= _PAUSE):
            self.refresh(now)

    def refresh(self, now: float) -> bool:
        """Have the keys fetched, unless that has just been done; return whether it is under way."""
        with self._lock:
            if self._busy:
                return True
            if now - self._asked < _PAUSE:
                return False
            self._asked = now
            self._busy = True
        threading.Thread(target=self._run, name="issuer-keys", daemon=True).start()
        return True

    def _run(self) -> None:
        before = self.trouble
        try:
            self._fetch()
        finally:
            self._busy = False
        if self.trouble and self.trouble != before:
            print(f"warning: {self._issuer}: {self.trouble}", file=sys.stderr, flush=True)  # noqa: T201

    def _fetch(self) -> None:
        try:
            configuration = self._get(
                f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            )
            if configuration.get("issuer") != self._issuer:
                raise _UntrustedError("its configuration names another issuer")
            address = configuration.get("jwks_uri")
            if not isinstance(address, str):
                raise _UntrustedError("its configuration names no keys")
            _check_address(address, _UntrustedError("its keys are not at an https:// address"))
            self.known = _keys(self._get(address))
            self.trouble = ""
        except _NO_KEYS as error:
            self.trouble = f"its keys cannot be fetched: {_in_one_line(str(error))}"

    def _get(self, address: str) -> dict[str, Any]:
        with self._opener.open(address, timeout=_TIMEOUT) as response:
            content = response.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise _UntrustedError(f"more than {_LARGEST} bytes")
        document = json.loads(content)
        if not isinstance(document, dict):
            raise _UntrustedError("no JSON object")
        return document


def _in_one_line(reason: str) -> str:
    """Return a reason without what the issuer may have put into it: lines, colours."""
    plain = "".join(char if char.isprintable() else " " for char in reason)
    return " ".join(plain.split())[:_LONGEST_REASON]


def _check_address(address: str, error: Exception) -> None:
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not (parts.hostname and (parts.scheme == "https" or local)):
        raise error


def _keys(document: dict[str, Any]) -> tuple[PyJWK, ...]:
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise _UntrustedError("no list of keys")
    keys = [key for each in listed[:_MOST_KEYS] if (key := _key(each)) is not None]
    if not keys:
        raise _UntrustedError("no key for RS256 or ES256")
    return tuple(keys)


def _key(given: Any) -> PyJWK | None:
    """Return a key that signs tokens with an algorithm that we take; None for another."""
    if not isinstance(given, dict) or given.get("use", "sig") != "sig":
        return None
    algorithm = _ALGORITHMS.get(str(given.get("kty")))
    if algorithm is None or given.get("alg", algorithm) != algorithm:
        return None
    if given.get("kty") == "EC" and given.get("crv") != "P-256":
        return None
    try:
        key = PyJWK(given, algorithm)
    except PyJWTError:
        return None
    return None if algorithm == "RS256" and key.key.key_size < _MIN_RSA else key
