"""What S3's answers say of an object, and what its requests carry."""

import base64
import zlib
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from providers.driver import SHA256
from providers.model import ObjectMeta, Part, Version

__all__ = ["META", "completed", "crc32", "described", "listed", "quoted", "tag", "written"]

META = "x-amz-meta-"


def crc32(body: bytes) -> str:
    """Return the CRC-32 as S3 writes it."""
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def _version(etag: str) -> Version:
    return Version(etag.strip('"'))


def quoted(version: Version) -> str:
    """Return the ETag that a header names."""
    return f'"{version.token}"'


def tag(etag: str, checksum: str | None) -> str:
    """Return what completion must name of a part: the checksum where the server reports it."""
    return f"{etag} {checksum}" if checksum else etag


def completed(part: Part) -> dict[str, Any]:
    """Return a part as completion names it."""
    etag, _, checksum = part.tag.partition(" ")
    return {"PartNumber": part.number, "ETag": etag} | (
        {"ChecksumCRC32": checksum} if checksum else {}
    )


def written(key: str, size: int, etag: str, metadata: Mapping[str, str]) -> ObjectMeta:
    """Return the meta of an object just written; no answer to a write tells when that was."""
    own = dict(metadata)
    return ObjectMeta(key, size, _version(etag), None, own.pop(SHA256, None), own)


def listed(entry: Mapping[str, Any]) -> ObjectMeta:
    """Return the meta of a listing's entry."""
    modified = entry["LastModified"].astimezone(UTC)
    return ObjectMeta(entry["Key"], entry["Size"], _version(entry["ETag"]), modified)


def described(key: str, headers: Mapping[str, str]) -> ObjectMeta:
    """Return the meta that the headers of HEAD and GET carry, of the whole object."""
    metadata = {
        name[len(META) :].lower(): value
        for name, value in headers.items()
        if name.lower().startswith(META)
    }
    whole = headers.get("content-range", "").rpartition("/")[2]
    modified = headers.get("last-modified")
    return ObjectMeta(
        key=key,
        size=int(whole or headers.get("content-length", "0")),
        version=_version(headers["etag"]),
        modified=parsedate_to_datetime(modified) if modified else None,
        sha256=metadata.pop(SHA256, None),
        metadata=metadata,
    )
