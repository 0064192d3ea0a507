"""ListObjectsV2, as its page in the Amazon S3 API Reference has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.fakes import s3
from tests.fakes.common import ApiError, page_of
from tests.fakes.s3_xml import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.wire import Request, Response

_MAXIMUM = 1000


def number(request: Request, name: str, default: int) -> int:
    """Read a non-negative integer parameter."""
    text = request.query.get(name, str(default))
    if not text.isdigit():
        raise ApiError(400, "InvalidArgument", f"Provided {name} not an integer or within range")
    return int(text)


def encoder(request: Request) -> Callable[[str], str]:
    """With encoding-type=url every name in the answer is percent-encoded."""
    kind = request.query.get("encoding-type")
    if kind not in {None, "url"}:
        raise ApiError(400, "InvalidArgument", "Invalid Encoding Method specified in Request")
    return (lambda name: quote(name, safe="/")) if kind else (lambda name: name)


def objects(dialect: s3.S3, request: Request) -> Response:
    """One page, in UTF-8 order; keys and common prefixes count alike towards max-keys."""
    query = request.query
    encode = encoder(request)
    wanted = number(request, "max-keys", _MAXIMUM)
    if query.get("list-type") != "2":
        raise ApiError(501, "NotImplemented", "ListObjects (version 1) is not supported")
    if query.get("continuation-token") == "":
        raise ApiError(400, "InvalidArgument", "The continuation token provided is incorrect")
    with dialect.state.lock:
        bucket = dialect.bucket(request)
        try:
            page = page_of(
                bucket.ordered,
                prefix=query.get("prefix", ""),
                delimiter=query.get("delimiter", ""),
                after=query.get("start-after", ""),
                token=query.get("continuation-token", ""),
                limit=dialect.state.page_limit(wanted, _MAXIMUM),
            )
        except ValueError:
            message = "The continuation token provided is incorrect"
            raise ApiError(400, "InvalidArgument", message) from None
        found = [bucket.objects[key] for key in page.keys]
    contents: list[dict[str, object]] = []
    for stored in found:
        entry: dict[str, object] = {
            "Key": encode(stored.key),
            "LastModified": s3.timestamp(stored.modified),
            "ETag": f'"{stored.etag}"',
        }
        if stored.checksums:
            entry["ChecksumAlgorithm"] = [name.upper() for name in stored.checksums]
            entry["ChecksumType"] = stored.checksum_type
        contents.append({**entry, "Size": len(stored.data), "StorageClass": "STANDARD"})
    return s3.xml_response(
        document(
            "ListBucketResult",
            {
                "Name": request.bucket,
                "Prefix": encode(query.get("prefix", "")),
                "Delimiter": encode(query["delimiter"]) if query.get("delimiter") else None,
                "StartAfter": encode(query["start-after"]) if query.get("start-after") else None,
                "MaxKeys": wanted,
                "EncodingType": query.get("encoding-type"),
                "KeyCount": len(page.entries),
                "IsTruncated": page.token is not None,
                "ContinuationToken": query.get("continuation-token"),
                "NextContinuationToken": page.token,
                "Contents": contents,
                "CommonPrefixes": [{"Prefix": encode(name)} for name in page.prefixes],
            },
        )
    )
