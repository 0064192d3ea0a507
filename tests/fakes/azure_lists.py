"""List Containers and List Blobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.fakes.common import ApiError, Page, page_of
from tests.fakes.wire import Request, Response, http_date

if TYPE_CHECKING:
    from tests.fakes import azure
    from tests.fakes.state import Bucket


_ECHOED = {
    "Prefix": "prefix",
    "Marker": "marker",
    "MaxResults": "maxresults",
    "Delimiter": "delimiter",
}


def containers(dialect: azure.Azure, request: Request) -> Response:
    if request.query.get("marker"):
        raise ApiError(501, "NotImplemented", "Pages of containers are not supported.")
    prefix = request.query.get("prefix", "")
    shown = "".join(
        f"<Container><Name>{escape(name)}</Name><Properties>"
        f"<Last-Modified>{http_date(held.created)}</Last-Modified><Etag>0x1</Etag>"
        "</Properties></Container>"
        for name, held in sorted(dialect.state.buckets.items())
        if name.startswith(prefix)
    )
    return xml_response(
        f"<EnumerationResults><Containers>{shown}</Containers><NextMarker/></EnumerationResults>"
    )


def blobs(dialect: azure.Azure, request: Request) -> Response:
    """List Blobs: names in order, at most 5000 a page; startFrom is inclusive."""
    query = request.query
    text = query.get("maxresults", "5000")
    if not text.isdigit() or int(text) == 0:
        message = "maxresults is not a positive number."
        raise ApiError(400, "OutOfRangeQueryParameterValue", message)
    include = set(filter(None, query.get("include", "").split(",")))
    with dialect.state.lock:
        container = dialect.container(request)
        names = container.ordered
        if "uncommittedblobs" in include:
            names = sorted({*names, *dialect.blocks.pending(request.bucket)})
        try:
            page = page_of(
                names,
                prefix=query.get("prefix", ""),
                delimiter=query.get("delimiter", ""),
                start=query.get("startFrom", ""),
                token=query.get("marker", ""),
                limit=dialect.state.page_limit(int(text), 5000),
            )
        except ValueError:
            message = "The value of marker is invalid."
            raise ApiError(400, "InvalidQueryParameterValue", message) from None
        return xml_response(_listing(request, container, page, metadata="metadata" in include))


def _name(name: str) -> str:
    """A name with characters XML 1.0 cannot carry is percent-encoded, and says so."""
    if re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", name):
        return f'<Name Encoded="true">{quote(name)}</Name>'
    return f"<Name>{escape(name)}</Name>"


def _listing(request: Request, container: Bucket, page: Page, *, metadata: bool) -> str:
    shown = []
    for is_prefix, name in page.entries:
        if is_prefix:
            shown.append(f"<BlobPrefix>{_name(name)}</BlobPrefix>")
            continue
        stored = container.objects.get(name)
        if stored is None:  # blocks only
            empty = "<Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType>"
            shown.append(f"<Blob>{_name(name)}<Properties>{empty}</Properties></Blob>")
            continue
        held = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in stored.metadata.items())
        md5 = stored.checksums.get("md5", "")
        shown.append(
            f"<Blob>{_name(name)}<Properties>"
            f"<Creation-Time>{http_date(stored.created)}</Creation-Time>"
            f"<Last-Modified>{http_date(stored.modified)}</Last-Modified>"
            f"<Etag>{stored.etag}</Etag>"
            f"<Content-Length>{len(stored.data)}</Content-Length>"
            f"<Content-Type>{escape(stored.headers.get('Content-Type', ''))}</Content-Type>"
            f"<Content-MD5>{md5}</Content-MD5><BlobType>BlockBlob</BlobType>"
            "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
            "<ServerEncrypted>true</ServerEncrypted></Properties>"
            + (f"<Metadata>{held}</Metadata>" if metadata else "")
            + "</Blob>"
        )
    # The SDK takes the size of the next page from MaxResults.
    echoed = "".join(
        f"<{name}>{escape(request.query[parameter])}</{name}>"
        for name, parameter in _ECHOED.items()
        if parameter in request.query
    )
    attributes = f'ServiceEndpoint="/" ContainerName="{escape(request.bucket)}"'
    return (
        f"<EnumerationResults {attributes}>{echoed}<Blobs>{''.join(shown)}</Blobs>"
        f"<NextMarker>{page.token or ''}</NextMarker></EnumerationResults>"
    )


def xml_response(inner: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?>{inner}'.encode()
    return Response(200, {"Content-Type": "application/xml"}, body)
