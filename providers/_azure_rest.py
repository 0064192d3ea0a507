"""Azure's Blob service in plain values: signature, error codes, headers, bodies, order of names.

Sources: "Authorize with Shared Key", "Blob service error codes", "Common REST API error codes",
"Specifying conditional headers for Blob service operations", "Setting and retrieving properties
and metadata for Blob service resources", "Get Block List", "List Blobs".
"""

import base64
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from providers.driver import SHA256
from providers.errors import ErrorKind
from providers.model import ObjectMeta, Part, PutMode, Version

__all__ = [
    "Page",
    "block_id",
    "block_list",
    "by_code_point",
    "condition",
    "error_kind",
    "md5",
    "meta_of",
    "metadata_headers",
    "parse_block_list",
    "parse_page",
    "parts_of",
    "sign",
    "sorts_alike",
    "text",
    "version",
    "written",
]

METADATA = "x-ms-meta-"

BY_CODE = {
    "BlobAlreadyExists": ErrorKind.ALREADY_EXISTS,
    "BlobNotFound": ErrorKind.NOT_FOUND,
    "InvalidBlockList": ErrorKind.NOT_FOUND,
    "ContainerNotFound": ErrorKind.BUCKET_NOT_FOUND,
    # Another writer holds the blob, or left uncommitted blocks whose ids have another length.
    "InvalidBlobOrBlock": ErrorKind.CONFLICT,
    "LeaseIdMissing": ErrorKind.CONFLICT,
    "PendingCopyOperation": ErrorKind.CONFLICT,
    "InvalidRange": ErrorKind.RANGE,
    "Md5Mismatch": ErrorKind.INTEGRITY,
    "AuthenticationFailed": ErrorKind.UNAUTHENTICATED,
    "InvalidAuthenticationInfo": ErrorKind.UNAUTHENTICATED,
    "NoAuthenticationInformation": ErrorKind.UNAUTHENTICATED,
    "BlobImmutableDueToPolicy": ErrorKind.PERMISSION_DENIED,
    "ServerBusy": ErrorKind.THROTTLED,
    "IngressOverAccountLimit": ErrorKind.THROTTLED,
    "EgressOverAccountLimit": ErrorKind.THROTTLED,
    "OperationTimedOut": ErrorKind.UNAVAILABLE,
    "AccountBeingCreated": ErrorKind.UNAVAILABLE,
    "ContainerBeingDeleted": ErrorKind.UNAVAILABLE,
    "BlobModifiedWhileReading": ErrorKind.UNAVAILABLE,
}
FULL = re.compile(r"(?i)(?:quota|capacity)\w*exceed|exceed\w*(?:quota|capacity)")
REFUSED = range(400, 500)
BY_STATUS = {
    401: ErrorKind.UNAUTHENTICATED,
    403: ErrorKind.PERMISSION_DENIED,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.UNAVAILABLE,
    412: ErrorKind.PRECONDITION,
    416: ErrorKind.RANGE,
    429: ErrorKind.THROTTLED,
    501: ErrorKind.OTHER,
    507: ErrorKind.QUOTA,  # RFC 4918, section 11.5: not to be asked again by itself
}
FAULT = 500


SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def sign(method: str, url: str, headers: Mapping[str, str], account: str, key: bytes) -> str:
    """Return the Authorization header of a request, signed with the account's key."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    if lower.get("content-length") == "0":
        del lower["content-length"]
    own = sorted(item for item in lower.items() if item[0].startswith("x-ms-"))
    _, _, path, query, _ = urlsplit(url)
    arguments = sorted(item.partition("=")[::2] for item in query.split("&") if item)
    lines = [
        method,
        *(lower.get(name, "") for name in SIGNED),
        *(f"{name}:{value}" for name, value in own),
        f"/{account}{path}",
        *(f"{name.lower()}:{unquote(value)}" for name, value in arguments),
    ]
    signature = hmac.digest(key, "\n".join(lines).encode(), "sha256")
    return f"SharedKey {account}:{text(signature)}"


def error_kind(status: int, code: str, *, creating: bool) -> ErrorKind:
    """Return the kind of a refusal; `creating` if the request had ``If-None-Match: *``.

    Blob storage documents no code for an account that is full: neither "Blob service error codes"
    nor the SDK's ``StorageErrorCode`` has one. A refusal whose code names a quota or a capacity is
    taken for one, as those of its neighbours do: ``QuotaExceeded`` of the Resource Manager
    (https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota),
    ``TotalSharesProvisionedCapacityExceedsAccountLimit`` of file shares ("File service error codes").
    """
    kind = BY_CODE.get(code)
    if kind is None and status in REFUSED and FULL.search(code):
        return ErrorKind.QUOTA
    kind = kind or BY_STATUS.get(status)
    if kind is ErrorKind.PRECONDITION and creating:
        return ErrorKind.ALREADY_EXISTS
    if kind is None and (status >= FAULT or status < 300):  # noqa: PLR2004 - 2xx: cut short
        return ErrorKind.UNAVAILABLE
    return kind or ErrorKind.OTHER


def condition(mode: PutMode) -> dict[str, str]:
    """Return the header that makes a request depend on what is there."""
    if isinstance(mode, Version):
        return {"If-Match": f'"{mode.token}"'}
    return {"If-None-Match": "*"} if mode == "create" else {}


def version(etag: str) -> Version:
    """Return an ETag as a version; headers quote it, listings do not."""
    return Version(etag.strip('"'))


def metadata_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return metadata as headers."""
    return {METADATA + name: value for name, value in metadata.items()}


def written(
    key: str, size: int, headers: Mapping[str, str], metadata: Mapping[str, str]
) -> ObjectMeta:
    """Return what is known of an object from the answer to its write."""
    modified = parsedate_to_datetime(headers["Last-Modified"])
    return _record(key, size, headers["ETag"], modified, metadata)


def meta_of(key: str, headers: Mapping[str, str]) -> ObjectMeta:
    """Return what the headers of a read tell of the whole object."""
    whole = headers.get("Content-Range", "").rpartition("/")[2] or headers["Content-Length"]
    metadata = {
        name[len(METADATA) :]: value
        for name, value in headers.items()
        if name.lower().startswith(METADATA)
    }
    return written(key, int(whole), headers, metadata)


def _record(
    key: str, size: int, etag: str, modified: datetime, metadata: Mapping[str, str]
) -> ObjectMeta:
    """Return an object's meta, the writer's digest lifted out of its metadata."""
    own = {name.lower(): value for name, value in metadata.items()}
    return ObjectMeta(
        key=key,
        size=size,
        version=version(etag),
        modified=modified,
        sha256=own.pop(SHA256, None),
        metadata=own,
    )


def md5(body: bytes) -> bytes:
    """Return the MD5 that the server will verify."""
    return hashlib.md5(body, usedforsecurity=False).digest()


def text(value: bytes) -> str:
    """Return bytes in Base64."""
    return base64.b64encode(value).decode()


def block_id(upload: str, number: int, digest: bytes) -> str:
    """Return the id of a block: whose it is, its place and its MD5; of one length for all."""
    return f"{upload[:16]}-{number:05d}-{digest.hex()}"


def parts_of(upload: str, blocks: Iterable[tuple[str, int]]) -> list[Part]:
    """Return those of `blocks`, given as ``(id, size)``, that are an upload's.

    Of a number that was sent with two contents neither counts: which came last is not told.
    """
    ours = re.compile(rf"{re.escape(upload[:16])}-(\d{{5}})-[0-9a-f]{{32}}\Z")
    found = {
        Part(int(match[1]), size, block) for block, size in blocks if (match := ours.match(block))
    }
    times = Counter(part.number for part in found)
    return sorted(part for part in found if times[part.number] == 1)


def block_list(blocks: Iterable[str]) -> bytes:
    """Return the body of Put Block List: each block's latest content, uncommitted or committed."""
    latest = "".join(f"<Latest>{text(block.encode())}</Latest>" for block in blocks)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{latest}</BlockList>'.encode()


def parse_block_list(body: bytes) -> list[tuple[str, int]]:
    """Return ``(id, size)`` of each block in an answer to Get Block List, in its order."""
    return [
        (
            base64.b64decode(block.findtext("Name", "")).decode(errors="replace"),
            int(block.findtext("Size", "")),
        )
        for block in ET.fromstring(body).iter("Block")  # noqa: S314 - expat ≥ 2.6 is safe
    ]


class Page(NamedTuple):
    """One answer to List Blobs.

    Attributes:
        objects: committed blobs.
        prefixes: what has the delimiter behind the listing's prefix.
        marker: where the next page begins; empty after the last one.

    """

    objects: list[ObjectMeta]
    prefixes: list[str]
    marker: str


def parse_page(body: bytes) -> Page:
    """Read an answer to List Blobs."""
    root = ET.fromstring(body)  # noqa: S314 - as above
    return Page(
        [_listed(blob) for blob in root.iterfind("Blobs/Blob")],
        [_name(prefix) for prefix in root.iterfind("Blobs/BlobPrefix")],
        root.findtext("NextMarker") or "",
    )


def _listed(blob: ET.Element) -> ObjectMeta:
    get = {field.tag: field.text or "" for field in blob.iterfind("Properties/*")}.__getitem__
    return _record(
        _name(blob),
        int(get("Content-Length")),
        get("Etag"),
        parsedate_to_datetime(get("Last-Modified")),
        {field.tag: field.text or "" for field in blob.iterfind("Metadata/*")},
    )


def _name(item: ET.Element) -> str:
    name = item.find("Name")
    if name is None or name.text is None:
        return ""
    # Names that XML cannot hold come percent-encoded, and say so.
    return unquote(name.text) if name.get("Encoded") == "true" else name.text


def sorts_alike(name: str) -> bool:
    """Tell whether `name` has the same names after it by code point and by UTF-16.

    Azure documents "alphabetical order" only. The two orders differ where one name has a
    character from U+E000 to U+FFFF and the other one above: UTF-16 puts the latter first.
    """
    return not any("\ue000" <= char <= "\uffff" for char in name)


def by_code_point(metas: Iterable[ObjectMeta]) -> Iterator[ObjectMeta]:
    """Put a listing that is ordered by UTF-16 or by code point into the latter order.

    Lazily: only names that share what precedes a character above U+FFFF are held back.
    """
    held: list[ObjectMeta] = []
    shared = ""
    for meta in metas:
        if held and not meta.key.startswith(shared):
            yield from sorted(held, key=_key)
            held.clear()
        above = next((i for i, char in enumerate(meta.key) if char > "\uffff"), None)
        if not held and above is not None:
            shared = meta.key[:above]
        if held or above is not None:
            held.append(meta)
        else:
            yield meta
    yield from sorted(held, key=_key)


def _key(meta: ObjectMeta) -> str:
    return meta.key
