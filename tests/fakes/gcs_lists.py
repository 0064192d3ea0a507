"""Objects: list, of the Cloud Storage JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes import gcs, gcs_json
from tests.fakes.common import ApiError, page_of

if TYPE_CHECKING:
    from tests.fakes.wire import Request, Response


def objects(dialect: gcs.Gcs, request: Request) -> Response:
    """Objects: list. startOffset is inclusive, endOffset exclusive, at most 1000 a page."""
    query = request.query
    wanted = gcs_json.number(query.get("maxResults", "1000"), "maxResults")
    with dialect.state.lock:
        bucket = dialect.bucket(request)
        try:
            page = page_of(
                bucket.ordered,
                prefix=query.get("prefix", ""),
                delimiter=query.get("delimiter", ""),
                start=query.get("startOffset", ""),
                before=query.get("endOffset", ""),
                token=query.get("pageToken", ""),
                limit=dialect.state.page_limit(wanted or 1000, 1000),
            )
        except ValueError:
            raise ApiError(400, "invalid", "Invalid page token.") from None
        found = [gcs_json.resource(request, bucket.objects[key]) for key in page.keys]
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if page.token is not None:
        answer["nextPageToken"] = page.token
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if found:
        answer["items"] = found
    return gcs_json.json_response(answer)
