"""Google Cloud Storage.

What the cloud does, as its documentation has it, and what follows from it here:

- A precondition names a generation, and 0 means "no object" ("Request preconditions"). So a
  version is a generation, and no write can be told apart from another by its content.
- A single request may carry an object of any size, its resource, and a checksum that the server
  verifies before the object exists ("Object uploads", "Data validation").
- A resumable upload takes its bytes one after the other; side by side, bytes become objects of
  their own that are then composed, 32 at a time, on the server ("Parallel composite uploads",
  "Composite objects"). The compose request takes preconditions and metadata ("Objects:
  compose") and refuses a wrong checksum of the result (the Go client's reference,
  ``Composer.SendCRC32C``), which is derived from those of the parts: nothing is read again.
- Parts are plain objects under ``.deployer-parts/``. Those that a crash leaves behind are the
  business of a lifecycle rule with ``matchesPrefix`` ("Object Lifecycle Management").
- A download by the JSON API does not tell the object's metadata; one by the XML API does, in
  ``x-goog-meta-`` headers ("HTTP headers and query string parameters for XML API").
- One object takes about one write per second ("Quotas & limits"): 429, which is retried. So is a
  rate that Google's front tells with 403, as ``userRateLimitExceeded`` (googleapis/google-cloud-go,
  issue 269) or ``RATE_LIMIT_EXCEEDED``; a quota that no pause gives back, as ``quotaExceeded`` or
  ``RESOURCE_QUOTA_EXCEEDED``, is not ("Troubleshoot quota errors", https://cloud.google.com/docs/quotas/troubleshoot;
  ``google.api.ErrorReason``). Cloud Storage's own list of codes has the 429 alone.
- Credentials are found as "Application Default Credentials" says.
"""

import functools
import os
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import google.auth
import google.auth.exceptions
import urllib3.exceptions

from providers import _gcs_crc32c as crc32c
from providers._gcs_diagnosis import GcsDiagnosis
from providers._gcs_http import STRANGE, GcsError, Http, escape, pages, strange
from providers._gcs_parts import COMPOSE_SOURCES, PartObjects
from providers._gcs_resource import (
    ALL_FIELDS,
    GENERATION,
    NEW_FIELDS,
    condition,
    meta,
    meta_of_headers,
)
from providers.emptying import OldVersion
from providers.errors import ErrorKind
from providers.keys import PARTS_PREFIX
from providers.model import (
    MIB,
    ByteRange,
    Capabilities,
    Listing,
    ObjectMeta,
    Part,
    PartLimits,
    PutMode,
    Read,
    Version,
)

__all__ = ["GcsDriver", "open_driver"]

PUBLIC_ENDPOINT = "https://storage.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"

PARTS = PartLimits(min_size=1, max_size=1024 * MIB, max_count=COMPOSE_SOURCES**3)
READ_SIZE = MIB

_MISSING = 404
_DELETES = 16  # at once, when a bucket is emptied
_STALE = 412

_KIND_OF_STATUS = {
    401: ErrorKind.UNAUTHENTICATED,
    403: ErrorKind.PERMISSION_DENIED,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.UNAVAILABLE,
    409: ErrorKind.CONFLICT,
    412: ErrorKind.PRECONDITION,
    416: ErrorKind.RANGE,
    429: ErrorKind.THROTTLED,
    507: ErrorKind.QUOTA,  # RFC 4918, section 11.5: not to be asked again by itself
}
# Of reasons without capitals and underscores: each of Google's fronts writes them its own way.
_KIND_OF_REASON = {
    "ratelimitexceeded": ErrorKind.THROTTLED,
    "slowdown": ErrorKind.THROTTLED,
    "userratelimitexceeded": ErrorKind.THROTTLED,
    "dailylimitexceeded": ErrorKind.QUOTA,
    "quotaexceeded": ErrorKind.QUOTA,
    "resourcequotaexceeded": ErrorKind.QUOTA,
}
_TOO_MANY = 429


def open_driver(
    bucket: str, *, endpoint: str | None = None, timeout: float = 60.0, connections: int = 32
) -> "GcsDriver":
    """Return the driver of a bucket; nothing is sent yet.

    Args:
        bucket: its name.
        endpoint: base URL; ``STORAGE_EMULATOR_HOST``, or else Google's own, when None. Plain
            ``http`` gets no credentials: a token must not cross a network in the clear.
        timeout: seconds to connect, and again for each read.
        connections: how many are kept open.

    """
    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    url = endpoint or emulator or PUBLIC_ENDPOINT
    if "://" not in url:
        url = f"http://{url}"
    anonymous = url.startswith("http://") or (not endpoint and bool(emulator))
    account = None if anonymous else Account()
    return GcsDriver(bucket, url, account, timeout=timeout, connections=connections)


class Account:
    """Application Default Credentials, looked for when the first request needs them."""

    def __init__(self) -> None:
        # Reentrant: a refresh holds it while it asks for the credentials.
        self._lock = threading.RLock()

    @functools.cached_property
    def credentials(self) -> Any:
        """The credentials found."""
        with self._lock:
            return google.auth.default(scopes=[SCOPE])[0]

    @functools.cached_property
    def _transport(self) -> Any:
        # A third of a second to import, which an emulator, asking for no token, need not cost.
        from google.auth.transport.requests import Request  # noqa: PLC0415

        return Request()

    def authorize(self, method: str, url: str, headers: dict[str, str]) -> None:
        """Add a token to `headers`, a new one if it is time."""
        with self._lock:
            self.credentials.before_request(self._transport, method, url, headers)

    @property
    def signs(self) -> bool:
        """Whether the credentials can sign URLs."""
        try:
            credentials = self.credentials
        except google.auth.exceptions.GoogleAuthError:
            return False
        from google.auth.credentials import Signing  # noqa: PLC0415 - loaded with the credentials

        return isinstance(credentials, Signing)


class GcsDriver:
    """Objects of one bucket."""

    def __init__(
        self,
        bucket: str,
        endpoint: str,
        account: Account | None,
        *,
        timeout: float,
        connections: int,
    ) -> None:
        self.url = f"gs://{bucket}"
        self._account = account
        self._bucket = bucket
        self._objects = f"/storage/v1/b/{escape(bucket)}/o"
        self._uploads = f"/upload/storage/v1/b/{escape(bucket)}/o"
        self._http = Http(
            endpoint,
            account.authorize if account else None,
            timeout=timeout,
            connections=connections,
        )
        self.diagnosis = GcsDiagnosis(bucket, self._http, account)
        self._parts = PartObjects(self._http, self._objects, self._uploads, self.delete)

    @property
    def capabilities(self) -> Capabilities:
        """What Cloud Storage can do with these credentials."""
        return Capabilities(
            presign=self._account is not None and self._account.signs,
            server_checksum="crc32c",
            conditional_delete=True,
            lists_metadata=True,
            parts=PARTS,
        )

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an error of Cloud Storage, its credentials or the network."""
        match error:
            case GcsError(code=code) if code == STRANGE:
                return ErrorKind.UNSUPPORTED
            case GcsError(status=404, bucket=True):
                return ErrorKind.BUCKET_NOT_FOUND
            case GcsError(status=400) if "doesn't match calculated" in error.message:
                return ErrorKind.INTEGRITY
            case GcsError():
                return _kind(error)
            case urllib3.exceptions.HTTPError() | google.auth.exceptions.TransportError():
                return ErrorKind.UNAVAILABLE
            case google.auth.exceptions.GoogleAuthError():
                return ErrorKind.UNAVAILABLE if error.retryable else ErrorKind.UNAUTHENTICATED
        return None

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object, its checksum verified, in one request."""
        query = {"uploadType": "multipart", "fields": NEW_FIELDS, **condition(mode)}
        resource = {"name": key, "metadata": metadata, "crc32c": crc32c.checksum(body)}
        written = self._http.upload(self._uploads, query, resource, body)
        return meta({**written, "name": key, "metadata": metadata})

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Return a new id; the server learns of it with the first part."""
        return uuid.uuid4().hex

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        """Write a part as an object of its own."""
        return self._parts.put(upload, number, body)

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return the parts there are; an upload without any is as good as a new one."""
        return self._parts.list(upload)

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Compose the object of its parts and remove them."""
        written = self._parts.compose(upload, parts, key, metadata, condition(mode))
        return meta({**written, "name": key, "metadata": metadata})

    def abort_upload(self, key: str, upload: str) -> None:
        """Remove the parts."""
        self._parts.remove(upload)

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it, with its metadata, in one request."""
        headers = {}
        if range is not None:
            headers["range"] = f"bytes={range.start}-{'' if range.end is None else range.end - 1}"
        if if_match is not None:
            headers["x-goog-if-generation-match"] = if_match.token
        response = self._http.open(f"/{escape(self._bucket)}/{escape(key)}", headers)
        try:
            if GENERATION not in response.headers:
                raise strange(response.status)
            found = meta_of_headers(key, response.headers)
            if if_match not in {None, found.version}:
                raise GcsError(_STALE, "conditionNotMet", "the object is another generation")
            yield Read(found, response.stream(READ_SIZE, decode_content=False))
        finally:
            response.close()

    def head(self, key: str) -> ObjectMeta:
        """Return what Cloud Storage knows of an object."""
        return meta(self._http.json("GET", self._object(key), {"fields": ALL_FIELDS}))

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object."""
        query = {} if if_match is None else condition(if_match)
        try:
            self._http.json("DELETE", self._object(key), query)
        except GcsError as error:
            if error.status != _MISSING or error.bucket:
                raise

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects under a prefix, by name."""
        query = {"prefix": prefix, "fields": f"nextPageToken,items({ALL_FIELDS})"}
        if start_after is not None:
            query["startOffset"] = start_after
        for page in pages(self._http, self._objects, query):
            for item in page.get("items", ()):
                name = item["name"]
                if name != start_after and not name.startswith(PARTS_PREFIX):
                    yield meta(item)

    def list_dir(self, prefix: str) -> Listing:
        """Return one level."""
        objects: list[ObjectMeta] = []
        prefixes: set[str] = set()
        fields = f"nextPageToken,prefixes,items({ALL_FIELDS})"
        for page in pages(
            self._http, self._objects, {"prefix": prefix, "delimiter": "/", "fields": fields}
        ):
            objects += [meta(item) for item in page.get("items", ())]
            prefixes.update(page.get("prefixes", ()))
        return Listing(tuple(objects), tuple(sorted(prefixes - {PARTS_PREFIX})))

    def versions(self) -> Iterator[Sequence[OldVersion]]:
        """Yield all generations, parts of uploads too, a page at a time."""
        query = {"versions": "true", "fields": "nextPageToken,items(name,generation)"}
        for page in pages(self._http, self._objects, query):
            items = page.get("items", ())
            if items:
                yield [OldVersion(each["name"], str(each["generation"])) for each in items]

    def delete_versions(self, page: Sequence[OldVersion]) -> None:
        """Remove them for good, a few at a time; the bucket's own soft delete may keep them."""

        def delete(each: OldVersion) -> None:
            try:
                self._http.json("DELETE", self._object(each.key), {"generation": each.id})
            except GcsError as error:
                if error.status != _MISSING or error.bucket:
                    raise

        with ThreadPoolExecutor(_DELETES) as pool:
            list(pool.map(delete, page))

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Return a URL signed by the service account's key, or by IAM in its name."""
        # Most of a second to import, for the rarest of all operations.
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
        from google.cloud.storage import Client  # noqa: PLC0415

        client = Client(
            project="none",  # a signature needs none, but the constructor would look for one
            credentials=self._account.credentials if self._account else AnonymousCredentials(),
        )
        blob = client.bucket(self._bucket).blob(key)
        url: str = blob.generate_signed_url(
            version="v4", expiration=expires, api_access_endpoint=self._http.endpoint
        )
        return url

    def refuses_wrong_checksum(self, key: str) -> bool:
        """Send an object under another one's checksum; remove it if it was taken."""
        resource = {"name": key, "crc32c": crc32c.checksum(b"other bytes")}
        try:
            self._http.upload(self._uploads, {"uploadType": "multipart"}, resource, b"bytes")
        except GcsError as error:
            if self.classify(error) is not ErrorKind.INTEGRITY:
                raise
            return True
        self.delete(key)
        return False

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def _object(self, key: str) -> str:
        return f"{self._objects}/{escape(key)}"


def _kind(error: GcsError) -> ErrorKind | None:
    """Return the kind of a refusal: by its reason, else by HTTP status."""
    told = _KIND_OF_REASON.get(error.code.replace("_", "").lower())
    # Whatever a 429 calls a quota, it is one of a minute.
    if told is not None and error.status != _TOO_MANY:
        return told
    unavailable = ErrorKind.UNAVAILABLE if error.status >= 500 else None  # noqa: PLR2004 - HTTP's own limit
    return _KIND_OF_STATUS.get(error.status, unavailable)
