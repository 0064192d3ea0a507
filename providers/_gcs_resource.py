"""Objects as Cloud Storage's two APIs describe them, and ours."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from providers.driver import SHA256
from providers.model import ObjectMeta, PutMode, Version

__all__ = ["ALL_FIELDS", "GENERATION", "NEW_FIELDS", "condition", "meta", "meta_of_headers"]

ALL_FIELDS = "name,size,generation,updated,metadata"
NEW_FIELDS = "size,generation,updated"
"""What the writer of an object does not know of it."""

GENERATION = "x-goog-generation"

_META = "x-goog-meta-"


def condition(mode: PutMode) -> dict[str, str]:
    """Return the query parameter for `mode`; generation 0 stands for "no object"."""
    if mode == "overwrite":
        return {}
    return {"ifGenerationMatch": "0" if mode == "create" else mode.token}


def meta(resource: Mapping[str, Any]) -> ObjectMeta:
    """Return what a resource of the JSON API says."""
    metadata = dict(resource.get("metadata", {}))
    return ObjectMeta(
        key=resource["name"],
        size=int(resource["size"]),
        version=Version(str(resource["generation"])),
        modified=datetime.fromisoformat(resource["updated"]),
        sha256=metadata.pop(SHA256, None),
        metadata=metadata,
    )


def meta_of_headers(key: str, headers: Mapping[str, str]) -> ObjectMeta:
    """Return what the headers of a download by the XML API say, of the whole object."""
    metadata = {
        name.lower().removeprefix(_META): value
        for name, value in headers.items()
        if name.lower().startswith(_META)
    }
    whole = headers.get("content-range", "").rpartition("/")[2]
    size = whole or headers.get("x-goog-stored-content-length") or headers["content-length"]
    return ObjectMeta(
        key=key,
        size=int(size),
        version=Version(headers[GENERATION]),
        modified=parsedate_to_datetime(headers["last-modified"]),
        sha256=metadata.pop(SHA256, None),
        metadata=metadata,
    )
