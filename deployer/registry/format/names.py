"""Names of models and aliases, and references to a version: ``name``, ``name:3``, ``name@alias``.

A reference by digest is ``name@sha256:…``.
"""

import re
from dataclasses import dataclass

from deployer.errors import UsageError

__all__ = ["LATEST", "Reference", "check_alias", "check_name", "is_name", "parse_reference"]

LATEST = "latest"
"""The alias that every publish moves; ``name`` alone means it."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
MAX_VERSION = 99_999_999  # eight digits in a key
MAX_DIGITS = 99


@dataclass(frozen=True, slots=True)
class Reference:
    """One version of a model, named in one of three ways.

    Attributes:
        name: the model.
        version: its number, or None.
        alias: its alias, or None; ``latest`` when nothing else is given.
        digest: hex SHA-256 of its manifest, or None.

    """

    name: str
    version: int | None = None
    alias: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        if self.digest:
            return f"{self.name}@sha256:{self.digest}"
        return f"{self.name}:{self.version}" if self.version else f"{self.name}@{self.alias}"


def check_name(name: str) -> str:
    """Return `name` if a model may be called so.

    Raises:
        UsageError: it may not.

    """
    return _checked(name, "model name")


def check_alias(alias: str) -> str:
    """Return `alias` if an alias may be called so.

    Raises:
        UsageError: it may not.

    """
    if alias.isdigit():
        raise UsageError(f"alias {alias!r} is a number", hint="numbers are versions: NAME:3")
    return _checked(alias, "alias")


def is_name(text: str) -> bool:
    """Tell whether a model or an alias may be called `text`."""
    return bool(_NAME.match(text)) and ".." not in text


def _checked(text: str, what: str) -> str:
    if not is_name(text):
        raise UsageError(
            f"{what} {text!r} is not valid",
            hint="use 1 to 63 of a-z, 0-9, '.', '_' and '-', letters or digits at both ends",
        )
    return text


def parse_reference(text: str) -> Reference:
    """Return the reference that `text` is.

    Raises:
        UsageError: it is none.

    """
    name, separator, rest = _split(text)
    try:
        check_name(name)
        if not separator:
            return Reference(name, alias=LATEST)
        if separator == ":":
            return Reference(name, version=_version(rest))
        if rest.startswith("sha256:"):
            return Reference(name, digest=_digest(rest.removeprefix("sha256:")))
        return Reference(name, alias=check_alias(rest))
    except UsageError as error:
        hint = "write NAME, NAME:3, NAME@ALIAS or NAME@sha256:DIGEST"
        raise UsageError(f"bad reference {text!r}: {error.message}", hint=hint) from error


def _split(text: str) -> tuple[str, str, str]:
    at, colon = text.find("@"), text.find(":")
    if at >= 0 and (colon < 0 or at < colon):
        return text[:at], "@", text[at + 1 :]
    return text.partition(":")


def _version(text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,7}", text[:99]) or len(text) > MAX_DIGITS:
        raise UsageError(f"version {text[:20]!r} is not a number from 1 to {MAX_VERSION}")
    return int(text)


def _digest(text: str) -> str:
    if not _DIGEST.match(text):
        raise UsageError(f"digest {text!r} is not 64 hexadecimal digits in lower case")
    return text
