"""What a key of the registry says of the object under it."""

import re
from enum import StrEnum
from typing import NamedTuple

from deployer.registry.format import layout
from deployer.registry.format.names import is_name
from providers.keys import PARTS_PREFIX

__all__ = ["KNOWN", "Kind", "Place", "place_of"]

KNOWN = frozenset(
    {
        layout.MODELS,
        "blobs/",
        "manifests/",
        layout.TXNS,
        layout.GARBAGE,
        layout.EPOCHS,
        layout.DIVERGED,
        "deployer-probe/",
        PARTS_PREFIX,
    }
)
"""The first segments that objects of ours have."""

_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{2})/(\1[0-9a-f]{62})\Z")
_MANIFEST = re.compile(r"manifests/sha256/([0-9a-f]{64})\.json\Z")
_RECORD = re.compile(r"models/([^/]+)/(versions|deleted)/([0-9]{8})\.json\Z")
_ENTRY = re.compile(r"models/([^/]+)/aliases/([^/]+)\.log/([0-9]{8})\.json\Z")
_ALIAS = re.compile(r"models/([^/]+)/aliases/([^/]+)\.json\Z")


class Kind(StrEnum):
    """Kinds of objects, in the order in which one may refer to the other."""

    MARKER = "marker"
    BLOB = "blob"
    MANIFEST = "manifest"
    VERSION = "version"
    DELETION = "deletion"
    ENTRY = "log entry"
    ALIAS = "alias"


class Place(NamedTuple):
    """What belongs under a key.

    Attributes:
        model: empty for blobs and manifests.
        name: the alias, or the digest of a blob or a manifest.
        number: the version's, or the log entry's.

    """

    kind: Kind
    model: str = ""
    name: str = ""
    number: int = 0


def place_of(key: str) -> Place | None:
    """Return what belongs under `key`, or None for a key that is not of the registry."""
    if key == layout.MARKER:
        return Place(Kind.MARKER)
    if found := _BLOB.match(key):
        return Place(Kind.BLOB, name=found[2])
    if found := _MANIFEST.match(key):
        return Place(Kind.MANIFEST, name=found[1])
    if (found := _RECORD.match(key)) and is_name(found[1]) and int(found[3]):
        kind = Kind.VERSION if found[2] == "versions" else Kind.DELETION
        return Place(kind, found[1], number=int(found[3]))
    if (found := _ENTRY.match(key)) and _are_names(found) and int(found[3]):
        return Place(Kind.ENTRY, found[1], found[2], int(found[3]))
    if (found := _ALIAS.match(key)) and _are_names(found):
        return Place(Kind.ALIAS, found[1], found[2])
    return None


def _are_names(found: re.Match[str]) -> bool:
    return is_name(found[1]) and is_name(found[2])
