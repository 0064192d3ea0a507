"""Of GCS's XML API, the download: unlike the JSON API's it tells the object's metadata.

Sources: "XML API: GET Object", "HTTP headers and query string parameters for XML API", "HTTP
status and error codes for XML".
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.fakes.wire import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.common import ApiError
    from tests.fakes.state import StoredObject

_JSON_PATHS = ("/storage/v1/", "/download/storage/v1/", "/upload/storage/v1/")
_CONDITIONS = {
    "x-goog-if-generation-match": "ifGenerationMatch",
    "x-goog-if-metageneration-match": "ifMetagenerationMatch",
}
_CODES = {
    401: "AuthenticationRequired",
    403: "AccessDenied",
    404: "NoSuchKey",
    412: "PreconditionFailed",
    416: "InvalidRange",
    429: "SlowDown",
    500: "InternalError",
    503: "ServiceUnavailable",
}


def is_xml(request: Request) -> bool:
    return not request.raw_path.startswith(_JSON_PATHS)


def conditions(request: Request) -> Mapping[str, str]:
    """Preconditions are headers here and parameters in the JSON API."""
    if not is_xml(request):
        return request.query
    return {
        name: request.headers[header]
        for header, name in _CONDITIONS.items()
        if header in request.headers
    }


def described(stored: StoredObject) -> dict[str, str]:
    """Return the headers that a download by the JSON API does not have."""
    moment = datetime.fromtimestamp(stored.created, UTC)
    metadata = {f"X-Goog-Meta-{name}": text for name, text in stored.metadata.items()}
    return {"Last-Modified": format_datetime(moment, usegmt=True), **metadata}


def error(problem: ApiError, headers: Mapping[str, str]) -> Response:
    missing_bucket = problem.status == 404 and "bucket does not exist" in problem.message
    code = "NoSuchBucket" if missing_bucket else _CODES.get(problem.status, problem.code)
    text = f"<Error><Code>{code}</Code><Message>{escape(problem.message)}</Message></Error>"
    body = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
    kind = {"Content-Type": "application/xml; charset=UTF-8"}
    return Response(problem.status, {**headers, **kind}, body)
