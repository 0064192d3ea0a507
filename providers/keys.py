"""Which keys and metadata every store can hold, unchanged."""

import re
import unicodedata
from collections.abc import Mapping

from providers.errors import InvalidKeyError

__all__ = ["PARTS_PREFIX", "check_key", "check_metadata"]

PARTS_PREFIX = ".deployer-parts/"
"""Where stores without an upload of their own keep parts; hidden from every listing."""

OWN_NAMES = "deployer"
"""What the names of the store's own metadata begin with."""

MAX_KEY_BYTES = 900  # S3, GCS and Azure allow 1,024; the rest is left for a store's prefix
MAX_SEGMENT_BYTES = 255  # a file name, on most file systems
_METADATA_NAME = re.compile(r"[a-z][a-z0-9]*\Z")
_METADATA_VALUE = re.compile(r"([!-~]([ -~]*[!-~])?)?\Z")  # HTTP trims spaces at the ends


def check_key(key: str) -> None:
    r"""Raise InvalidKeyError unless every store can hold `key`.

    Azure turns ``\`` into ``/`` and drops a segment's trailing dots; file systems know ``.`` and
    ``..``; ``//`` and a trailing ``/`` are folders to some tools and not to others.
    """
    problem = _problem(key)
    if problem:
        raise InvalidKeyError(f"key {key!r} {problem}", op="check", hint="rename it")


def _problem(key: str) -> str:
    if not key:
        return "is empty"
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if length > MAX_KEY_BYTES:
        return f"is longer than {MAX_KEY_BYTES} bytes"
    if "\\" in key:
        return "holds a backslash"
    if any(unicodedata.category(char) == "Cc" for char in key):
        return "holds a control character"
    if key.startswith(PARTS_PREFIX):
        return f"is below {PARTS_PREFIX}, which the store keeps for itself"
    for segment in key.split("/"):
        if not segment:
            return "has an empty segment: no leading, trailing or double '/'"
        if segment.endswith("."):
            return f"has the segment {segment!r}, which ends in a dot"
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            return f"has a segment longer than {MAX_SEGMENT_BYTES} bytes"
    return ""


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raise InvalidKeyError unless every store can hold `metadata`."""
    for name, value in metadata.items():
        if name.startswith(OWN_NAMES):
            raise InvalidKeyError(
                f"metadata name {name!r} is the store's own", op="check", hint="choose another"
            )
        if not _METADATA_NAME.match(name):
            raise InvalidKeyError(
                f"metadata name {name!r} is not lower-case letters and digits",
                op="check",
                hint="Azure takes only identifiers as names",
            )
        if not _METADATA_VALUE.match(value):
            raise InvalidKeyError(
                f"metadata value {value!r} of {name!r} is not printable ASCII without spaces at its ends",
                op="check",
            )
