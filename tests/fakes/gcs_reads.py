"""GCS downloads: the media of the JSON API, and GET and HEAD Object of the XML API.

"HTTP headers and query string parameters for XML API", "HTTP status and error codes for XML".
The XML API alone tells the custom metadata along with the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.fakes.common import ApiError, UnsatisfiableError, byte_range
from tests.fakes.wire import Request, Response, http_date

if TYPE_CHECKING:
    from tests.fakes.state import StoredObject

_CONDITIONS = {
    "x-goog-if-generation-match": "ifGenerationMatch",
    "x-goog-if-metageneration-match": "ifMetagenerationMatch",
}
_HEADERS = frozenset(
    ["x-goog-api-client", "x-goog-date", "x-goog-hash", "x-goog-user-project", *_CONDITIONS]
)
_XML_CODES = {
    "authError": "AuthenticationRequired",
    "required": "AuthenticationRequired",
    "forbidden": "AccessDenied",
    "conditionNotMet": "PreconditionFailed",
    "requestedRangeNotSatisfiable": "InvalidRange",
    "rateLimitExceeded": "SlowDown",
    "backendError": "ServiceUnavailable",
    "internalError": "InternalError",
    "notImplemented": "NotImplemented",
}


XML_OPERATIONS = {"GET": "objects.download", "HEAD": "objects.head"}
_JSON_PATHS = ("/storage/", "/download/storage/", "/upload/storage/", "/batch/")


def is_xml(request: Request) -> bool:
    """Whether a read is one of the XML API: /bucket/object."""
    return request.method in XML_OPERATIONS and not request.raw_path.startswith(_JSON_PATHS)


def reject_unknown(request: Request) -> None:
    """Refuse an x-goog-* header that asks for what is not built."""
    for name in request.headers:
        known = name in _HEADERS or name.startswith("x-goog-gcs-")
        if name.startswith("x-goog-") and not known:
            raise ApiError(501, "notImplemented", f"The header {name} is not supported")


def conditions(request: Request) -> dict[str, str]:
    """Return the preconditions of an XML request under their JSON names."""
    found = _CONDITIONS.items()
    return {shown: request.headers[name] for name, shown in found if name in request.headers}


def media(request: Request, stored: StoredObject) -> Response:
    """Objects: get with alt=media."""
    return _ranged(request, stored, {"ETag": stored.etag})


def xml(request: Request, stored: StoredObject) -> Response:
    """GET Object and HEAD Object of the XML API."""
    headers = {
        "ETag": f'"{stored.etag.rstrip("=")}"',
        "Last-Modified": http_date(stored.modified),
        "Accept-Ranges": "bytes",
        "X-Goog-Storage-Class": "STANDARD",
    }
    for name, value in stored.metadata.items():
        # Header values are bytes on the wire: UTF-8 here.
        headers[f"x-goog-meta-{name}"] = value.encode().decode("latin-1")
    if stored.components:
        headers["X-Goog-Component-Count"] = str(stored.components)
    return _ranged(request, stored, headers)


def _ranged(request: Request, stored: StoredObject, headers: dict[str, str]) -> Response:
    """The hashes are those of the whole object, also beside a part of it."""
    size = len(stored.data)
    hashes = [f"{name}={value}" for name, value in stored.checksums.items()]
    headers |= {
        "Content-Type": stored.headers.get("contentType", "application/octet-stream"),
        "X-Goog-Generation": str(stored.generation),
        "X-Goog-Metageneration": "1",
        "X-Goog-Hash": ",".join(hashes),
        "X-Goog-Stored-Content-Length": str(size),
        "X-Goog-Stored-Content-Encoding": stored.headers.get("contentEncoding", "identity"),
    }
    if "contentEncoding" in stored.headers:
        headers["Content-Encoding"] = stored.headers["contentEncoding"]
    try:
        wanted = byte_range(request.headers.get("range"), size)
    except UnsatisfiableError:
        raise ApiError(
            416,
            "requestedRangeNotSatisfiable",
            "The requested range cannot be satisfied.",
            headers={"Content-Range": f"bytes */{size}"},
        ) from None
    status, body = 200, stored.data
    if wanted is not None:
        status, body = 206, stored.data[slice(*wanted)]
        headers["Content-Range"] = f"bytes {wanted[0]}-{wanted[1] - 1}/{size}"
    if request.method == "HEAD":
        return Response(status, headers, length=len(body))
    return Response(status, headers, body)


def xml_error(error: ApiError, headers: dict[str, str]) -> Response:
    code = _XML_CODES.get(error.code, error.code)
    if error.status == 404:
        code = "NoSuchBucket" if "bucket does not exist" in error.message else "NoSuchKey"
    body = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{escape(code)}</Code><Message>{escape(error.message)}</Message></Error>"
    )
    headers["Content-Type"] = "application/xml; charset=UTF-8"
    return Response(error.status, headers, body.encode())
