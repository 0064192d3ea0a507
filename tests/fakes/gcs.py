"""The Google Cloud Storage dialect: buckets, objects, compose, listings.

Sources: "Cloud Storage JSON API" (Objects: get, delete, list, compose; Buckets), "Request
preconditions", "HTTP status and error codes for JSON", "Object naming requirements". What is
not built (ACLs, patch, rewrite, batches, versions) answers 501.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.fakes import gcs_lists, gcs_reads, gcs_uploads
from tests.fakes.checksums import b64digest
from tests.fakes.common import ApiError, Peek
from tests.fakes.gcs_json import (
    bucket_resource,
    json_response,
    number,
    parse_json,
    resource,
    select_fields,
)
from tests.fakes.state import Bucket, State, StoredObject
from tests.fakes.wire import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.faults import Action

_COMMON = {"alt", "prettyPrint", "projection", "userProject", "fields", "quotaUser"}
PRECONDITIONS = {
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
}
_PARAMETERS = {
    "buckets.insert": {"project"},
    "buckets.get": PRECONDITIONS,
    "objects.list": {"prefix", "delimiter", "startOffset", "endOffset", "pageToken", "maxResults"},
    "objects.get": PRECONDITIONS | {"generation"},
    "objects.download": PRECONDITIONS | {"generation"},
    "objects.delete": PRECONDITIONS | {"generation"},
    "objects.compose": {"ifGenerationMatch", "ifMetagenerationMatch"},
    "objects.insert": PRECONDITIONS | {"uploadType", "name", "contentEncoding"},
    "objects.insert.start": PRECONDITIONS | {"uploadType", "name", "contentEncoding"},
    "objects.insert.chunk": {"uploadType", "upload_id", "name"},
    "objects.insert.status": {"uploadType", "upload_id", "name"},
    "objects.insert.cancel": {"uploadType", "upload_id", "name"},
}
_SCRIPTED = {
    "throttle": (429, "rateLimitExceeded", "The rate of changes to the object is too high."),
    "expire_credentials": (401, "authError", "Invalid Credentials"),
    "skew_clock": (401, "authError", "Invalid Credentials"),
    "quota": (403, "quotaExceeded", "The quota of the project is used up."),
    "disk_full": (507, "insufficientStorage", "There is no room left."),
}
_REASONS = {
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    408: "requestTimeout",
    409: "conflict",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
    500: "internalError",
    503: "backendError",
}
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_MAX_SOURCES = 32


def condition_not_met() -> ApiError:
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError(412, "conditionNotMet", message)


class Gcs:
    """Google Cloud Storage, JSON API."""

    name = "gcs"

    def __init__(self, state: State) -> None:
        self.state = state
        self.uploads = gcs_uploads.Uploads(self)
        self._handlers: dict[str, Callable[[Request], Response]] = {
            "buckets.insert": self._insert_bucket,
            "buckets.get": self._get_bucket,
            "buckets.delete": self._delete_bucket,
            "objects.list": lambda request: gcs_lists.objects(self, request),
            "objects.get": self._get,
            "objects.download": self._get,
            "objects.head": self._get,
            "objects.delete": self._delete,
            "objects.compose": self._compose,
            "objects.insert": self.uploads.insert,
            "objects.insert.start": self.uploads.start,
            "objects.insert.chunk": self.uploads.chunk,
            "objects.insert.status": self.uploads.status,
            "objects.insert.cancel": self.uploads.cancel,
        }

    # The protocol of tests.fakes.common.Dialect

    def identify(self, request: Request, peek: Peek) -> None:
        """A name is one path segment, its slashes encoded ("Object naming requirements")."""
        parts = [unquote(part) for part in request.raw_path.split("/")[1:]]
        request.operation = ""
        if parts[:3] == ["upload", "storage", "v1"]:
            request.bucket = parts[4] if parts[3:4] == ["b"] else ""
            request.operation = self.uploads.identify(request, peek, parts[5:])
        elif parts[:3] == ["download", "storage", "v1"]:
            request.operation = self._operation(request, parts[3:], download=True)
        elif parts[:2] == ["storage", "v1"]:
            download = request.query.get("alt") == "media"
            request.operation = self._operation(request, parts[2:], download=download)
        elif gcs_reads.is_xml(request):
            request.bucket, _, request.key = unquote(request.raw_path[1:]).partition("/")
            request.operation = gcs_reads.XML_OPERATIONS[request.method] if request.key else ""
        if not request.operation:
            raise ApiError(501, "notImplemented", f"{request.method} {request.raw_path}")

    @staticmethod
    def _operation(request: Request, parts: list[str], *, download: bool) -> str:
        if parts[:1] != ["b"]:
            return ""
        request.bucket = parts[1] if len(parts) > 1 else ""
        request.key = parts[3] if len(parts) > 3 else ""
        shape = ("b", "b/B", "b/B/o", "b/B/o/O", "b/B/o/O/" + parts[-1])[min(len(parts), 5) - 1]
        names = {
            ("POST", "b"): "buckets.insert",
            ("GET", "b/B"): "buckets.get",
            ("DELETE", "b/B"): "buckets.delete",
            ("GET", "b/B/o"): "objects.list",
            ("GET", "b/B/o/O"): "objects.download" if download else "objects.get",
            ("DELETE", "b/B/o/O"): "objects.delete",
            ("POST", "b/B/o/O/compose"): "objects.compose",
        }
        return names.get((request.method, shape), "") if len(parts) <= 5 else ""

    def handle(self, request: Request) -> Response:
        self._authenticate(request)
        allowed = _PARAMETERS.get(request.operation, set()) | _COMMON
        if gcs_reads.is_xml(request):
            allowed = {"generation"}
        for name in request.query:
            if name not in allowed:
                raise ApiError(501, "notImplemented", f"The parameter {name} is not supported")
        gcs_reads.reject_unknown(request)
        response = self._handlers[request.operation](request)
        if "fields" in request.query and response.body and request.operation != "objects.download":
            response.body = select_fields(response.body, request.query["fields"])
        return response

    def _authenticate(self, request: Request) -> None:
        """ "HTTP status and error codes": 401 for who you are, 403 for what you may do."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme and self.state.options.gcs_anonymous:
            return
        if scheme.lower() != "bearer" or not token:
            raise ApiError(401, "required", "Anonymous caller does not have access.")
        if token == "expired":
            raise ApiError(401, "authError", "Invalid Credentials")
        if token == "denied":
            raise ApiError(403, "forbidden", "The caller does not have permission.")

    def error(self, request: Request, error: ApiError) -> Response:
        headers = {"Cache-Control": "no-cache", **error.headers}
        if error.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
        if request.method == "HEAD" or error.status == 304:
            return Response(error.status, headers)
        if gcs_reads.is_xml(request):
            return gcs_reads.xml_error(error, headers)
        if request.operation == "objects.download":
            # A media request is answered in plain text.
            headers["Content-Type"] = "text/html; charset=UTF-8"
            return Response(error.status, headers, error.message.encode())
        body: dict[str, Any] = {"code": error.status, "message": error.message}
        if error.code.isupper():
            # What stands before the API answers in the form of google.rpc.Status (AIP-193).
            told = {"@type": _ERROR_INFO, "reason": error.code, "domain": "googleapis.com"}
            body |= {"status": "PERMISSION_DENIED", "details": [told]}
            return json_response({"error": body}, error.status, headers)
        entry = {"message": error.message, "domain": "global", "reason": error.code}
        if error.status == 412:
            entry |= {"locationType": "header", "location": "If-Match"}
        elif error.status == 429 or error.code.endswith("Exceeded"):
            entry["domain"] = "usageLimits"
        return json_response({"error": {**body, "errors": [entry]}}, error.status, headers)

    def scripted(self, request: Request, action: Action) -> ApiError:
        if action.kind in _SCRIPTED:
            return ApiError(*_SCRIPTED[action.kind])
        code = action.code or _REASONS.get(action.status, "backendError")
        return ApiError(action.status, code, action.message or "scripted")

    def cut(self, request: Request, received: bytes) -> None:
        self.uploads.cut(request, received)

    def rebuilt(self, old: StoredObject, data: bytes) -> StoredObject:
        return self.make(old.key, data, old.headers, old.metadata)

    def pending(self, bucket: str) -> list[str]:
        return self.uploads.pending(bucket)

    # Shared with the uploads

    def bucket(self, request: Request) -> Bucket:
        found = self.state.buckets.get(request.bucket)
        if found is None:
            raise ApiError(404, "notFound", "The specified bucket does not exist.")
        return found

    def make(
        self,
        key: str,
        data: bytes,
        headers: Mapping[str, str],
        metadata: Mapping[str, str],
        *,
        components: int = 0,
    ) -> StoredObject:
        """Build an object; a composed one has a component count and no MD5."""
        now = self.state.now()
        generation = self.state.next_generation()
        checksums = {"crc32c": b64digest("crc32c", data)}
        if not components:
            checksums["md5"] = b64digest("md5", data)
        etag = base64.b64encode(f"{generation}/1".encode()).decode()
        return StoredObject(
            key,
            data,
            etag,
            generation,
            now,
            now,
            headers,
            metadata,
            checksums,
            components=components,
        )

    @staticmethod
    def check(
        conditions: Mapping[str, str], current: StoredObject | None, *, read: bool = False
    ) -> None:
        """ "Request preconditions": generation 0 stands for an object that is not there.

        A metageneration is 1 for as long as it cannot be patched. On a read a NotMatch that
        does not hold is 304.
        """
        actual = {
            "ifGeneration": current.generation if current else 0,
            "ifMetageneration": 1 if current else 0,
        }
        for name in PRECONDITIONS & set(conditions):
            kind, negative = name.removesuffix("NotMatch"), name.endswith("NotMatch")
            wanted = number(conditions[name], name)
            if not negative and wanted != actual[kind.removesuffix("Match")]:
                raise condition_not_met()
            if negative and wanted == actual[kind]:
                raise ApiError(304, "notModified") if read else condition_not_met()

    def commit(self, request: Request, stored: StoredObject, conditions: Mapping[str, str]) -> None:
        with self.state.lock:
            bucket = self.bucket(request)
            self.check(conditions, bucket.objects.get(stored.key))
            bucket.put(stored)

    @staticmethod
    def check_name(name: str) -> str:
        if (
            not 1 <= len(name.encode()) <= 1024
            or name in {".", ".."}
            or "\r" in name
            or "\n" in name
            or name.startswith(".well-known/acme-challenge/")
        ):
            raise ApiError(400, "invalid", f"Invalid object name: {name!r}")
        return name

    # Buckets

    def _insert_bucket(self, request: Request) -> Response:
        name = parse_json(request.body).get("name", "")
        if not name:
            raise ApiError(400, "required", "Required")
        if not self.state.create_bucket(name):
            raise ApiError(409, "conflict", "Your previous request to create the bucket succeeded.")
        return json_response(bucket_resource(self.state.buckets[name]))

    def _get_bucket(self, request: Request) -> Response:
        return json_response(bucket_resource(self.bucket(request)))

    def _delete_bucket(self, request: Request) -> Response:
        with self.state.lock:
            if self.bucket(request).objects:
                raise ApiError(409, "conflict", "The bucket you tried to delete is not empty.")
            del self.state.buckets[request.bucket]
        return Response(204)

    # Objects

    def _current(self, request: Request, bucket: Bucket) -> StoredObject:
        """Find the object; a `generation` other than the live one is gone without versioning."""
        stored = bucket.objects.get(request.key)
        wanted = request.query.get("generation")
        if stored is None or (wanted is not None and wanted != str(stored.generation)):
            message = f"No such object: {request.bucket}/{request.key}"
            raise ApiError(404, "notFound", message)
        return stored

    def _get(self, request: Request) -> Response:
        with self.state.lock:
            stored = self._current(request, self.bucket(request))
        if gcs_reads.is_xml(request):
            self.check(gcs_reads.conditions(request), stored, read=True)
            return gcs_reads.xml(request, stored)
        self.check(request.query, stored, read=True)
        if request.operation == "objects.get":
            return json_response(resource(request, stored), headers={"ETag": stored.etag})
        return gcs_reads.media(request, stored)

    def _delete(self, request: Request) -> Response:
        with self.state.lock:
            bucket = self.bucket(request)
            self.check(request.query, self._current(request, bucket))
            bucket.remove(request.key)
        return Response(204)

    def _compose(self, request: Request) -> Response:
        """Objects: compose. One to 32 sources of this bucket, each with its own precondition."""
        body = parse_json(request.body)
        sources = body.get("sourceObjects") or []
        if not 1 <= len(sources) <= _MAX_SOURCES:
            message = f"The number of source components provided ({len(sources)}) is not 1 to 32."
            raise ApiError(400, "invalid", message)
        target = body.get("destination") or {}
        with self.state.lock:
            bucket = self.bucket(request)
            parts = [self._source(request, bucket, source) for source in sources]
            stored = self.make(
                self.check_name(request.key),
                b"".join(part.data for part in parts),
                gcs_uploads.kept(target),
                target.get("metadata") or {},
                components=sum(part.components or 1 for part in parts),
            )
            gcs_uploads.verify(target, {}, stored.data)
            self.commit(request, stored, request.query)
        return json_response(resource(request, stored))

    @staticmethod
    def _source(request: Request, bucket: Bucket, source: dict[str, Any]) -> StoredObject:
        name, generation = source.get("name", ""), source.get("generation")
        found = bucket.objects.get(name)
        if found is None or (generation is not None and int(generation) != found.generation):
            raise ApiError(404, "notFound", f"No such object: {request.bucket}/{name}")
        wanted = (source.get("objectPreconditions") or {}).get("ifGenerationMatch")
        if wanted is not None and int(wanted) != found.generation:
            raise condition_not_met()
        return found
