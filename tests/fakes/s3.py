"""The S3 REST dialect: buckets and whole objects.

Sources: Amazon S3 API Reference (the page of each operation), "Add preconditions to S3
operations with conditional requests", "Checking object integrity in Amazon S3", "Error
responses". What S3 offers and this fake does not (copies, versions, tags, ACLs) answers 501.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.fakes import s3_auth, s3_lists, s3_multipart
from tests.fakes.checksums import b64digest, digest
from tests.fakes.common import ApiError, Peek, UnsatisfiableError, byte_range
from tests.fakes.s3_xml import document, parse
from tests.fakes.state import Bucket, State, StoredObject, request_id
from tests.fakes.wire import Request, Response, http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.faults import Action

# (method, is there a key, the sub-resource) -> operation
_OPERATIONS = {
    ("PUT", False, ""): "CreateBucket",
    ("HEAD", False, ""): "HeadBucket",
    ("DELETE", False, ""): "DeleteBucket",
    ("GET", False, "list-type"): "ListObjectsV2",
    ("GET", False, "uploads"): "ListMultipartUploads",
    ("POST", False, "delete"): "DeleteObjects",
    ("PUT", True, ""): "PutObject",
    ("GET", True, ""): "GetObject",
    ("HEAD", True, ""): "HeadObject",
    ("DELETE", True, ""): "DeleteObject",
    ("POST", True, "uploads"): "CreateMultipartUpload",
    ("PUT", True, "uploadId"): "UploadPart",
    ("GET", True, "uploadId"): "ListParts",
    ("POST", True, "uploadId"): "CompleteMultipartUpload",
    ("DELETE", True, "uploadId"): "AbortMultipartUpload",
}
_SUBRESOURCES = ("uploadId", "uploads", "list-type", "delete")
_LISTING = {"prefix", "delimiter", "encoding-type"}
_PARAMETERS = {
    "ListObjectsV2": _LISTING
    | {"list-type", "max-keys", "start-after", "continuation-token", "fetch-owner"},
    "ListMultipartUploads": _LISTING | {"uploads", "max-uploads", "key-marker", "upload-id-marker"},
    "DeleteObjects": {"delete"},
    "CreateMultipartUpload": {"uploads"},
    "UploadPart": {"uploadId", "partNumber"},
    "ListParts": {"uploadId", "max-parts", "part-number-marker"},
    "CompleteMultipartUpload": {"uploadId"},
    "AbortMultipartUpload": {"uploadId"},
    "GetObject": {"response-content-type", "response-content-disposition"},
}
# Headers that mean something here or are harmless; any other x-amz-* asks for what is not built.
_HEADERS = ("x-amz-meta-", "x-amz-checksum-", "x-amz-sdk-", "x-amz-user-agent")
_EXACT_HEADERS = frozenset(
    [
        "x-amz-date",
        "x-amz-content-sha256",
        "x-amz-decoded-content-length",
        "x-amz-trailer",
        "x-amz-security-token",
        "x-amz-mp-object-size",
        "x-amz-expected-bucket-owner",
        "x-amz-storage-class",
        "x-amz-server-side-encryption",
    ]
)
_KEPT = ("content-type", "content-encoding", "content-disposition", "cache-control")
_METADATA_LIMIT = 2048

_SCRIPTED = {
    "throttle": (503, "SlowDown", "Please reduce your request rate."),
    "conflict409": (409, "ConditionalRequestConflict", "A conflicting operation is going on."),
    "expire_credentials": (400, "ExpiredToken", "The provided token has expired."),
    "skew_clock": (403, "RequestTimeTooSkewed", "The request time is too far off."),
    "quota": (403, "QuotaExceeded", "The quota of the bucket is used up."),
    "disk_full": (507, "InsufficientStorage", "There is no room left."),
}
_CODES = {403: "AccessDenied", 404: "NoSuchKey", 500: "InternalError", 503: "ServiceUnavailable"}


def header_metadata(request: Request) -> dict[str, str]:
    """User metadata: at most 2 KB, names and values together ("Working with object metadata")."""
    found = {
        name[len("x-amz-meta-") :]: value
        for name, value in request.headers.items()
        if name.startswith("x-amz-meta-")
    }
    if sum(len(name) + len(value) for name, value in found.items()) > _METADATA_LIMIT:
        raise ApiError(400, "MetadataTooLarge", "The metadata headers are too large.")
    return found


def kept_headers(request: Request) -> dict[str, str]:
    """Return the system metadata of a write; aws-chunked describes the transfer only."""
    kept = {name: request.headers[name] for name in _KEPT if name in request.headers}
    coding = [part.strip() for part in kept.pop("content-encoding", "").split(",")]
    coding = [part for part in coding if part and part != "aws-chunked"]
    if coding:
        kept["content-encoding"] = ",".join(coding)
    kept.setdefault("content-type", "binary/octet-stream")
    return kept


class S3:
    """Amazon S3, path-style."""

    name = "s3"

    def __init__(self, state: State) -> None:
        self.state = state
        self.multipart = s3_multipart.Multipart(self)
        self._handlers: dict[str, Callable[[Request], Response]] = {
            "CreateBucket": self._create_bucket,
            "HeadBucket": self._head_bucket,
            "DeleteBucket": self._delete_bucket,
            "ListObjectsV2": lambda request: s3_lists.objects(self, request),
            "DeleteObjects": self._delete_many,
            "PutObject": self._put,
            "GetObject": self._get,
            "HeadObject": self._get,
            "DeleteObject": self._delete,
            "ListMultipartUploads": self.multipart.list_uploads,
            "CreateMultipartUpload": self.multipart.create,
            "UploadPart": self.multipart.upload_part,
            "ListParts": self.multipart.list_parts,
            "CompleteMultipartUpload": self.multipart.complete,
            "AbortMultipartUpload": self.multipart.abort,
        }

    # The protocol of tests.fakes.common.Dialect

    def identify(self, request: Request, peek: Peek) -> None:
        _, _, rest = request.raw_path.partition("/")
        bucket, _, key = rest.partition("/")
        request.bucket, request.key = unquote(bucket), unquote(key)
        found = next((name for name in _SUBRESOURCES if name in request.query), "")
        operation = _OPERATIONS.get((request.method, bool(key), found))
        if operation is None or not bucket:
            raise ApiError(501, "NotImplemented", f"{request.method} {request.raw_path}")
        request.operation = operation

    def handle(self, request: Request) -> Response:
        s3_auth.authenticate(request)
        self._reject_unknown(request)
        if len(request.key.encode()) > 1024:
            raise ApiError(400, "KeyTooLongError", "Your key is too long")
        return self._handlers[request.operation](request)

    @staticmethod
    def _reject_unknown(request: Request) -> None:
        allowed = _PARAMETERS.get(request.operation, set())
        for name in request.query:
            if name not in allowed and name != "x-id" and not name.startswith("X-Amz-"):
                raise ApiError(501, "NotImplemented", f"The parameter {name} is not supported")
        for name in request.headers:
            if name.startswith("x-amz-") and not (
                name in _EXACT_HEADERS or name.startswith(_HEADERS)
            ):
                raise ApiError(
                    501,
                    "NotImplemented",
                    "A header you provided implies functionality that is not implemented",
                    details={"Header": name},
                )
        if request.method == "PUT" and not {"content-length", "transfer-encoding"} & set(
            request.headers
        ):
            raise ApiError(411, "MissingContentLength", "Content-Length is required.")

    def error(self, request: Request, error: ApiError) -> Response:
        identity = request_id()
        headers = {"x-amz-request-id": identity, **error.headers}
        if request.method == "HEAD" or error.status == 304:
            return Response(error.status, headers)
        body = document(
            "Error",
            {
                "Code": error.code,
                "Message": error.message,
                **error.details,
                "Resource": f"/{request.bucket}/{request.key}",
                "RequestId": identity,
            },
            namespace=False,
        )
        return Response(error.status, {"Content-Type": "application/xml", **headers}, body)

    def scripted(self, request: Request, action: Action) -> ApiError:
        if action.kind == "conflict409" and request.operation == "CompleteMultipartUpload":
            self.multipart.conflict(request)
        if action.kind in _SCRIPTED:
            return ApiError(*_SCRIPTED[action.kind])
        code = action.code or _CODES.get(action.status, "InternalError")
        return ApiError(action.status, code, action.message or "scripted")

    def cut(self, request: Request, received: bytes) -> None:
        """S3 keeps nothing of a request that broke off."""

    def rebuilt(self, old: StoredObject, data: bytes) -> StoredObject:
        checksums = {name: b64digest(name, data) for name in old.checksums} or {
            "crc32": b64digest("crc32", data)
        }
        return self.make(old.key, data, old.headers, old.metadata, checksums)

    def pending(self, bucket: str) -> list[str]:
        return self.multipart.pending(bucket)

    # Shared with the other parts of this dialect

    def bucket(self, request: Request) -> Bucket:
        found = self.state.buckets.get(request.bucket)
        if found is None:
            raise ApiError(404, "NoSuchBucket", "The specified bucket does not exist")
        return found

    def make(
        self,
        key: str,
        data: bytes,
        headers: Mapping[str, str],
        metadata: Mapping[str, str],
        checksums: Mapping[str, str],
    ) -> StoredObject:
        now = self.state.now()
        etag = digest("md5", data).hex()
        generation = self.state.next_generation()
        return StoredObject(key, data, etag, generation, now, now, headers, metadata, checksums)

    @staticmethod
    def check_write(request: Request, current: StoredObject | None) -> None:
        """ "How to prevent object overwrites with conditional writes".

        If-None-Match takes `*` alone; If-Match takes an ETag, and an absent object is 404.
        """
        none_match = request.headers.get("if-none-match")
        match = request.headers.get("if-match")
        if none_match is not None and (match is not None or none_match != "*"):
            raise ApiError(501, "NotImplemented", "If-None-Match takes * alone")
        if none_match is not None and current is not None:
            raise precondition_failed("If-None-Match")
        if match is not None:
            if current is None:
                raise ApiError(404, "NoSuchKey", "The specified key does not exist.")
            if match.strip('"') != current.etag:
                raise precondition_failed("If-Match")

    # Buckets

    def _create_bucket(self, request: Request) -> Response:
        if not self.state.create_bucket(request.bucket):
            raise ApiError(409, "BucketAlreadyOwnedByYou", "You already own this bucket.")
        return Response(200, {"Location": f"/{request.bucket}"})

    def _head_bucket(self, request: Request) -> Response:
        self.bucket(request)
        return Response(200, {"x-amz-bucket-region": "us-east-1"})

    def _delete_bucket(self, request: Request) -> Response:
        with self.state.lock:
            if self.bucket(request).objects:
                raise ApiError(409, "BucketNotEmpty", "The bucket is not empty.")
            del self.state.buckets[request.bucket]
        return Response(204)

    # Objects

    def _put(self, request: Request) -> Response:
        data, checksums = s3_auth.payload_of(request)
        stored = self.make(
            request.key, data, kept_headers(request), header_metadata(request), checksums
        )
        with self.state.lock:
            bucket = self.bucket(request)
            self.check_write(request, bucket.objects.get(request.key))
            bucket.put(stored)
        return Response(200, {"ETag": f'"{stored.etag}"', **checksum_headers(stored)})

    def _get(self, request: Request) -> Response:
        with self.state.lock:
            stored = self.bucket(request).objects.get(request.key)
        if stored is None:
            raise ApiError(404, "NoSuchKey", "The specified key does not exist.")
        self._check_read(request, stored)
        headers = _describe(stored)
        for name in ("content-type", "content-disposition"):
            if f"response-{name}" in request.query:
                headers[name] = request.query[f"response-{name}"]
        size = len(stored.data)
        try:
            wanted = byte_range(request.headers.get("range"), size)
        except UnsatisfiableError:
            raise ApiError(
                416,
                "InvalidRange",
                "The requested range is not satisfiable",
                headers={"Content-Range": f"bytes */{size}"},
                details={
                    "RangeRequested": request.headers["range"],
                    "ActualObjectSize": str(size),
                },
            ) from None
        status, body = 200, stored.data
        if wanted is not None:
            status, body = 206, stored.data[slice(*wanted)]
            headers["Content-Range"] = f"bytes {wanted[0]}-{wanted[1] - 1}/{size}"
        elif request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
            # A checksum describes the whole object: it does not come with a part of it.
            headers |= checksum_headers(stored)
        if request.method == "HEAD":
            return Response(status, headers, length=len(body))
        return Response(status, headers, body)

    @staticmethod
    def _check_read(request: Request, stored: StoredObject) -> None:
        """ "Conditional reads": If-Match wins over If-None-Match."""
        match = request.headers.get("if-match")
        none_match = request.headers.get("if-none-match")
        if match is not None and match != "*" and match.strip('"') != stored.etag:
            raise precondition_failed("If-Match")
        if none_match is not None and none_match.strip('"') in {stored.etag, "*"}:
            raise ApiError(304, "NotModified", headers={"ETag": f'"{stored.etag}"'})

    def _delete(self, request: Request) -> Response:
        """DeleteObject: an absent key is no error, unless If-Match asked for it.

        "How to perform conditional deletes": `*` or an ETag; 412 when it differs.
        """
        match = request.headers.get("if-match")
        with self.state.lock:
            bucket = self.bucket(request)
            current = bucket.objects.get(request.key)
            if match is not None:
                if current is None:
                    raise ApiError(404, "NoSuchKey", "The specified key does not exist.")
                if match != "*" and match.strip('"') != current.etag:
                    raise precondition_failed("If-Match")
            bucket.remove(request.key)
        return Response(204)

    def _delete_many(self, request: Request) -> Response:
        """DeleteObjects: up to 1000 keys, each answered for itself; a checksum is required."""
        body, checksums = s3_auth.payload_of(request)
        if not checksums and "content-md5" not in request.headers:
            raise ApiError(400, "InvalidRequest", "Missing required header: Content-MD5")
        root = parse(body, "Delete")
        named = [entry.findtext("Key", "") for entry in root.findall("Object")]
        if not 1 <= len(named) <= 1000 or any(len(entry) > 1 for entry in root.findall("Object")):
            raise ApiError(400, "MalformedXML", "1 to 1000 objects, each a key alone")
        with self.state.lock:
            bucket = self.bucket(request)
            for key in named:
                bucket.remove(key)
        quiet = root.findtext("Quiet") == "true"
        shown: list[dict[str, object]] = [{"Key": key} for key in ([] if quiet else named)]
        return xml_response(document("DeleteResult", {"Deleted": shown}))


def precondition_failed(condition: str) -> ApiError:
    return ApiError(
        412,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        details={"Condition": condition},
    )


def checksum_headers(stored: StoredObject) -> dict[str, str]:
    headers = {f"x-amz-checksum-{name}": value for name, value in stored.checksums.items()}
    return {**headers, "x-amz-checksum-type": stored.checksum_type} if headers else {}


def _describe(stored: StoredObject) -> dict[str, str]:
    return {
        "ETag": f'"{stored.etag}"',
        "Last-Modified": http_date(stored.modified),
        "Accept-Ranges": "bytes",
        **stored.headers,
        **{f"x-amz-meta-{name}": value for name, value in stored.metadata.items()},
    }


def timestamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def xml_response(body: bytes) -> Response:
    return Response(200, {"Content-Type": "application/xml"}, body)
