"""The Azure Blob dialect: containers and block blobs.

Sources: Azure Storage REST reference (the page of each operation), "Specifying conditional
headers for Blob service operations", "Blob service error codes", "Setting and retrieving
properties and metadata". What is not built (leases, snapshots, tags, copies, page and append
blobs, structured messages) answers 501.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.sax.saxutils import escape

from tests.fakes import azure_auth, azure_blocks, azure_headers, azure_lists
from tests.fakes.checksums import azure_crc64, b64digest
from tests.fakes.common import ApiError, Peek, UnsatisfiableError, byte_range
from tests.fakes.state import Bucket, State, StoredObject, request_id
from tests.fakes.wire import Request, Response, http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.faults import Action

# (method, is there a blob, restype, comp) -> operation
_OPERATIONS = {
    ("GET", False, "", "list"): "ListContainers",
    ("PUT", False, "container", ""): "CreateContainer",
    ("GET", False, "container", ""): "GetContainerProperties",
    ("HEAD", False, "container", ""): "GetContainerProperties",
    ("DELETE", False, "container", ""): "DeleteContainer",
    ("GET", False, "container", "list"): "ListBlobs",
    ("PUT", True, "", ""): "PutBlob",
    ("PUT", True, "", "block"): "PutBlock",
    ("PUT", True, "", "blocklist"): "PutBlockList",
    ("GET", True, "", "blocklist"): "GetBlockList",
    ("GET", True, "", ""): "GetBlob",
    ("HEAD", True, "", ""): "GetBlobProperties",
    ("DELETE", True, "", ""): "DeleteBlob",
}
_PARAMETERS = {
    "ListBlobs": {"prefix", "delimiter", "marker", "maxresults", "include", "startFrom"},
    "ListContainers": {"prefix", "marker", "maxresults", "include"},
    "PutBlock": {"blockid"},
    "GetBlockList": {"blocklisttype"},
}
_SAS = {
    "sv",
    "sr",
    "sp",
    "se",
    "st",
    "sig",
    "spr",
    "sip",
    "si",
    "ses",
    "snapshot",
    "rscc",
    "rscd",
    "rsce",
    "rscl",
    "rsct",
}
_HEADERS = frozenset(
    [
        "x-ms-date",
        "x-ms-version",
        "x-ms-client-request-id",
        "x-ms-return-client-request-id",
        "x-ms-range",
        "x-ms-range-get-content-md5",
        "x-ms-range-get-content-crc64",
        "x-ms-blob-type",
        "x-ms-blob-content-type",
        "x-ms-blob-content-encoding",
        "x-ms-blob-content-language",
        "x-ms-blob-content-disposition",
        "x-ms-blob-cache-control",
        "x-ms-blob-content-md5",
        "x-ms-content-crc64",
        "x-ms-delete-snapshots",
        "x-ms-encryption-algorithm",
    ]
)
_SCRIPTED = {
    "throttle": (503, "ServerBusy", "The server is currently unable to receive requests."),
    "expire_credentials": (401, "InvalidAuthenticationInfo", "The token is expired."),
    "skew_clock": (403, "AuthenticationFailed", "The request date header is too far off."),
    # Azure documents no code for a full account: see providers._azure_rest.error_kind.
    "quota": (403, "AccountQuotaExceeded", "The account has reached its capacity."),
    "disk_full": (507, "InsufficientStorage", "There is no room left."),
}
_MAX_HASHED_RANGE = 4 * 1024 * 1024
_CODES = {403: "AuthorizationFailure", 404: "BlobNotFound", 500: "InternalError", 503: "ServerBusy"}


def condition_not_met() -> ApiError:
    message = "The condition specified using HTTP conditional header(s) is not met."
    return ApiError(412, "ConditionNotMet", message)


def blob_not_found() -> ApiError:
    return ApiError(404, "BlobNotFound", "The specified blob does not exist.")


class Azure:
    """Azure Blob Storage, path-style: /account/container/blob."""

    name = "azure"

    def __init__(self, state: State) -> None:
        self.state = state
        self.blocks = azure_blocks.Blocks(self)
        self._handlers: dict[str, Callable[[Request], Response]] = {
            "ListContainers": lambda request: azure_lists.containers(self, request),
            "CreateContainer": self._create_container,
            "GetContainerProperties": self._container_properties,
            "DeleteContainer": self._delete_container,
            "ListBlobs": lambda request: azure_lists.blobs(self, request),
            "PutBlob": self._put,
            "PutBlock": self.blocks.put_block,
            "PutBlockList": self.blocks.put_list,
            "GetBlockList": self.blocks.get_list,
            "GetBlob": self._get,
            "GetBlobProperties": self._get,
            "DeleteBlob": self._delete,
        }

    # The protocol of tests.fakes.common.Dialect

    def identify(self, request: Request, peek: Peek) -> None:
        _, _, rest = request.raw_path[1:].partition("/")
        container, _, blob = rest.partition("/")
        request.bucket, request.key = unquote(container), unquote(blob)
        found = (
            request.method,
            bool(blob),
            request.query.get("restype", ""),
            request.query.get("comp", ""),
        )
        if found not in _OPERATIONS:
            raise ApiError(501, "NotImplemented", f"{request.method} {request.raw_path} {found}")
        request.operation = _OPERATIONS[found]

    def handle(self, request: Request) -> Response:
        azure_auth.authenticate(request, request.raw_path[1:].partition("/")[0])
        allowed = _PARAMETERS.get(request.operation, set()) | {"restype", "comp", "timeout"}
        for name in request.query:
            if name not in allowed and not ("sig" in request.query and name in _SAS):
                message = f"The query parameter {name} is not supported."
                raise ApiError(501, "UnsupportedQueryParameter", message)
        for name in request.headers:
            known = name in _HEADERS or name.startswith("x-ms-meta-")
            if name.startswith("x-ms-") and not known:
                raise ApiError(501, "UnsupportedHeader", f"The header {name} is not supported.")
        if request.method == "PUT" and "content-length" not in request.headers:
            raise ApiError(411, "MissingContentLengthHeader", "Content-Length is required.")
        response = self._handlers[request.operation](request)
        return self._stamped(request, response)

    @staticmethod
    def _stamped(request: Request, response: Response) -> Response:
        headers = response.headers
        headers["x-ms-request-id"] = request_id()
        headers["x-ms-version"] = request.headers.get("x-ms-version", "2021-12-02")
        echoed = request.headers.get("x-ms-client-request-id")
        if echoed:
            headers["x-ms-client-request-id"] = echoed
        return response

    def error(self, request: Request, error: ApiError) -> Response:
        headers = {"x-ms-error-code": error.code, **error.headers}
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer authorization_uri=https://login.invalid/tenant"
        if request.method == "HEAD" or error.status == 304:
            return self._stamped(request, Response(error.status, headers))
        details = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in error.details.items())
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message>{details}</Error>"
        )
        headers["Content-Type"] = "application/xml"
        return self._stamped(request, Response(error.status, headers, body.encode()))

    def scripted(self, request: Request, action: Action) -> ApiError:
        if action.kind in _SCRIPTED:
            return ApiError(*_SCRIPTED[action.kind])
        code = action.code or _CODES.get(action.status, "InternalError")
        return ApiError(action.status, code, action.message or "scripted")

    def cut(self, request: Request, received: bytes) -> None:
        """The service keeps nothing of a request that broke off."""

    def rebuilt(self, old: StoredObject, data: bytes) -> StoredObject:
        return self.make(old.key, data, old.headers, old.metadata, b64digest("md5", data))

    def pending(self, bucket: str) -> list[str]:
        return self.blocks.pending(bucket)

    # Shared with the blocks

    def container(self, request: Request) -> Bucket:
        found = self.state.buckets.get(request.bucket)
        if found is None:
            raise ApiError(404, "ContainerNotFound", "The specified container does not exist.")
        return found

    def make(
        self,
        key: str,
        data: bytes,
        headers: Mapping[str, str],
        metadata: Mapping[str, str],
        md5: str | None,
        blocks: tuple[tuple[str, bytes], ...] = (),
    ) -> StoredObject:
        now = self.state.now()
        generation = self.state.next_generation()
        checksums = {} if md5 is None else {"md5": md5}
        return StoredObject(
            key,
            data,
            f"0x8D{generation:X}",
            generation,
            now,
            now,
            headers,
            metadata,
            checksums,
            blocks=blocks,
        )

    @staticmethod
    def check_write(request: Request, current: StoredObject | None) -> None:
        """ "Specifying conditional headers": a lost create is 409, everything else 412."""
        match = request.headers.get("if-match")
        none_match = request.headers.get("if-none-match")
        for name in ("if-modified-since", "if-unmodified-since"):
            if name in request.headers:
                raise ApiError(501, "UnsupportedHeader", f"The header {name} is not supported.")
        if match is not None and (
            current is None or (match != "*" and match.strip('"') != current.etag)
        ):
            raise condition_not_met()
        if none_match == "*" and current is not None:
            raise ApiError(409, "BlobAlreadyExists", "The specified blob already exists.")
        if current is not None and none_match is not None and none_match.strip('"') == current.etag:
            raise condition_not_met()

    def commit(self, request: Request, stored: StoredObject) -> None:
        """Publish a blob; blocks that were staged for it and not used are gone."""
        with self.state.lock:
            container = self.container(request)
            self.check_write(request, container.objects.get(stored.key))
            container.put(stored)
            self.blocks.discard(request.bucket, stored.key)

    # Containers

    def _create_container(self, request: Request) -> Response:
        if not self.state.create_bucket(request.bucket):
            message = "The specified container already exists."
            raise ApiError(409, "ContainerAlreadyExists", message)
        return Response(201, {"ETag": '"0x1"', "Last-Modified": http_date()})

    def _container_properties(self, request: Request) -> Response:
        held = self.container(request)
        headers = {"ETag": '"0x1"', "Last-Modified": http_date(held.created)}
        return Response(200, headers | {"x-ms-lease-state": "available"})

    def _delete_container(self, request: Request) -> Response:
        with self.state.lock:
            self.container(request)
            del self.state.buckets[request.bucket]
        return Response(202)

    # Blobs

    def _put(self, request: Request) -> Response:
        """Put Blob. Both MD5 headers are checked against the body."""
        if request.headers.get("x-ms-blob-type") != "BlockBlob":
            message = "x-ms-blob-type has to be BlockBlob here."
            raise ApiError(400, "InvalidHeaderValue", message)
        echoed = azure_headers.verify_transfer(request)
        md5 = b64digest("md5", request.body)
        if request.headers.get("x-ms-blob-content-md5", md5) != md5:
            message = "The MD5 value specified in the request did not match the calculated one."
            raise ApiError(400, "Md5Mismatch", message)
        stored = self.make(
            request.key,
            request.body,
            azure_headers.properties(request),
            azure_headers.metadata(request),
            md5,
        )
        self.commit(request, stored)
        return Response(201, {**azure_headers.written(stored), **echoed})

    def _get(self, request: Request) -> Response:
        """Get Blob and Get Blob Properties."""
        with self.state.lock:
            stored = self.container(request).objects.get(request.key)
        if stored is None:
            raise blob_not_found()
        match = request.headers.get("if-match")
        none_match = request.headers.get("if-none-match")
        if match is not None and match.strip('"') not in {stored.etag, "*"}:
            raise condition_not_met()
        if none_match is not None and none_match.strip('"') in {stored.etag, "*"}:
            raise ApiError(304, "ConditionNotMet")
        headers = {**azure_headers.describe(stored), **azure_headers.overrides(request)}
        if request.method == "HEAD":
            return Response(
                200, headers | azure_headers.md5_header(stored), length=len(stored.data)
            )
        return self._ranged(request, stored, headers)

    @staticmethod
    def _ranged(request: Request, stored: StoredObject, headers: dict[str, str]) -> Response:
        """x-ms-range wins over Range; there are no suffix ranges ("Specifying the range")."""
        text = request.headers.get("x-ms-range") or request.headers.get("range")
        size = len(stored.data)
        if text is not None and not re.match(r"bytes=\d+-\d*$", text):
            message = "The value for one of the HTTP headers is not in the correct format."
            raise ApiError(400, "InvalidHeaderValue", message)
        try:
            wanted = byte_range(text, size)
        except UnsatisfiableError:
            raise ApiError(
                416,
                "InvalidRange",
                "The range specified is invalid for the current size of the resource.",
                headers={"Content-Range": f"bytes */{size}"},
            ) from None
        if wanted is None:
            return Response(200, headers | azure_headers.md5_header(stored), stored.data)
        part = stored.data[slice(*wanted)]
        headers["Content-Range"] = f"bytes {wanted[0]}-{wanted[1] - 1}/{size}"
        if "md5" in stored.checksums:
            headers["x-ms-blob-content-md5"] = stored.checksums["md5"]
        for name in ("md5", "crc64"):
            if request.headers.get(f"x-ms-range-get-content-{name}", "").lower() != "true":
                continue
            if len(part) > _MAX_HASHED_RANGE:
                message = "A range that is to be hashed may have 4 MiB at most."
                raise ApiError(400, "OutOfRangeInput", message)
            if name == "md5":
                headers["Content-MD5"] = b64digest("md5", part)
            else:
                headers["x-ms-content-crc64"] = azure_crc64(part)
        return Response(206, headers, part)

    def _delete(self, request: Request) -> Response:
        with self.state.lock:
            container = self.container(request)
            current = container.objects.get(request.key)
            if current is None:
                raise blob_not_found()
            self.check_write(request, current)
            container.remove(request.key)
            self.blocks.discard(request.bucket, request.key)
        return Response(202)
