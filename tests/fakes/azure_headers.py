"""The headers of the Azure Blob dialect: checksums, properties and metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fakes.checksums import azure_crc64, b64digest, digest, unb64
from tests.fakes.common import ApiError
from tests.fakes.wire import Request, http_date

if TYPE_CHECKING:
    from tests.fakes.state import StoredObject

_PROPERTIES = {
    "x-ms-blob-content-type": "Content-Type",
    "x-ms-blob-content-encoding": "Content-Encoding",
    "x-ms-blob-content-language": "Content-Language",
    "x-ms-blob-content-disposition": "Content-Disposition",
    "x-ms-blob-cache-control": "Cache-Control",
}
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")
_METADATA_LIMIT = 8192


def verify_transfer(request: Request) -> dict[str, str]:
    """Check Content-MD5 and x-ms-content-crc64 of a body; return what the answer echoes."""
    body = request.body
    md5 = request.headers.get("content-md5")
    crc = request.headers.get("x-ms-content-crc64")
    if md5 is not None and crc is not None:
        raise ApiError(400, "BothCrc64AndMd5HeaderPresent", "One of the two, please.")
    if md5 is not None:
        raw = unb64(md5)
        if raw is None or len(raw) != 16:
            raise ApiError(400, "InvalidMd5", "The MD5 value specified is invalid.")
        if raw != digest("md5", body):
            message = "The MD5 value specified in the request did not match the calculated one."
            raise ApiError(400, "Md5Mismatch", message)
    if crc is not None:
        if crc != azure_crc64(body):
            message = "The CRC64 value specified in the request did not match the calculated one."
            raise ApiError(400, "Crc64Mismatch", message)
        return {"x-ms-content-crc64": crc}
    return {"Content-MD5": b64digest("md5", body)}


def metadata(request: Request) -> dict[str, str]:
    """Names are C# identifiers; at most 8 KiB in all ("Naming and referencing metadata")."""
    found = {
        name[len("x-ms-meta-") :]: value
        for name, value in request.headers.items()
        if name.startswith("x-ms-meta-")
    }
    if not all(_METADATA_NAME.match(name) for name in found):
        raise ApiError(400, "InvalidMetadata", "The metadata specified is invalid.")
    if sum(len(name) + len(value) for name, value in found.items()) > _METADATA_LIMIT:
        raise ApiError(400, "MetadataTooLarge", "The metadata exceeds the maximum size.")
    return found


def properties(request: Request) -> dict[str, str]:
    found = {
        shown: request.headers[name]
        for name, shown in _PROPERTIES.items()
        if name in request.headers
    }
    found.setdefault("Content-Type", "application/octet-stream")
    return found


def written(stored: StoredObject) -> dict[str, str]:
    return {
        "ETag": f'"{stored.etag}"',
        "Last-Modified": http_date(stored.modified),
        "x-ms-request-server-encrypted": "true",
    }


def describe(stored: StoredObject) -> dict[str, str]:
    return {
        "ETag": f'"{stored.etag}"',
        "Last-Modified": http_date(stored.modified),
        "Accept-Ranges": "bytes",
        "x-ms-creation-time": http_date(stored.created),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        **stored.headers,
        **{f"x-ms-meta-{name}": value for name, value in stored.metadata.items()},
    }


def md5_header(stored: StoredObject) -> dict[str, str]:
    return {"Content-MD5": stored.checksums["md5"]} if "md5" in stored.checksums else {}


def overrides(request: Request) -> dict[str, str]:
    """Return the response headers that a SAS may set."""
    names = {"rsct": "Content-Type", "rscd": "Content-Disposition", "rscc": "Cache-Control"}
    return {shown: request.query[name] for name, shown in names.items() if name in request.query}
