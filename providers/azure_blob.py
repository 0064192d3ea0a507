"""Azure Blob Storage.

Behaviours relied on, and where Azure documents them:

- ``If-None-Match: *`` creates or fails: "Specifying conditional headers for Blob service
  operations". Put Blob answers a lost create with 409 BlobAlreadyExists, some other writes with
  412 ConditionNotMet; a stale ``If-Match`` is 412 ConditionNotMet.
- The server compares ``Content-MD5`` with the body and refuses with 400 Md5Mismatch: "Put Blob",
  "Put Block". Of a blob made of blocks it verifies each block, never the whole. So a block's id
  holds the block's MD5, and the committed list of ids, read back, proves what was assembled and
  in which order.
- Ids of one blob's blocks are equally long, at most 64 bytes before Base64; a blob has at most
  50,000 blocks of 4,000 MiB; uncommitted blocks are invisible, are dropped by any commit or Put
  Blob of the same blob, and expire after a week, for there is no request that aborts:
  "Put Block", "Put Block List", "Scalability and performance targets for Blob storage".
- Names of metadata are C# identifiers: "Naming and referencing containers, blobs, and metadata".
- ``startFrom`` begins a listing at a name, inclusive: "List Blobs".
- Error codes: "Blob service error codes", "Common REST API error codes".

The SDK's client takes half a second to import and 3 ms of CPU for a small write, so it is used for
signed URLs only; see :mod:`providers._azure_http`.
"""

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from urllib3.exceptions import HTTPError

from providers._azure_account import Access, find_access
from providers._azure_diagnosis import AzureDiagnosis
from providers._azure_http import BINARY, Http, RefusedError
from providers._azure_rest import (
    Page,
    block_id,
    block_list,
    by_code_point,
    condition,
    error_kind,
    md5,
    meta_of,
    metadata_headers,
    parse_block_list,
    parse_page,
    parts_of,
    sorts_alike,
    text,
    version,
    written,
)
from providers.errors import ErrorKind, UnsupportedError
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

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

__all__ = ["AzureDriver", "open_driver"]

LIMITS = PartLimits(min_size=1, max_size=4000 * MIB, max_count=50_000)
BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}
CLOCK_SKEW = timedelta(minutes=5)


def open_driver(
    account: str,
    container: str,
    *,
    endpoint: str | None = None,
    timeout: float = 60.0,
    connections: int = 32,
) -> "AzureDriver":
    """Open a container with the credentials of the environment.

    The first of these that is set: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY,
    AZURE_STORAGE_SAS_TOKEN; else whatever DefaultAzureCredential finds.

    Args:
        account: storage account.
        container: name; it is not created.
        endpoint: URL of the account's blob service; by default the connection string's, else
            Azure's public cloud.
        timeout: seconds to connect, and seconds without a byte.
        connections: kept open for reuse.

    Raises:
        UnsupportedError: the credentials are another account's, or cannot be used here.

    """
    access = find_access(account, os.environ)
    base = (endpoint or access.endpoint).rstrip("/")
    token = None
    if not (access.key or access.signature):
        token = _default_token(base)
    http = Http(base, account, access, token, timeout=timeout, connections=connections)
    return AzureDriver(account, container, base, http, access=access, token=token)


def _default_token(endpoint: str) -> "TokenCredential":
    if not endpoint.startswith("https://"):
        raise UnsupportedError(
            f"no key for {endpoint}, and tokens are sent over HTTPS only",
            op="open",
            hint="set AZURE_STORAGE_CONNECTION_STRING",
        )
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - 0.3 s, for tokens only

    return DefaultAzureCredential()


class AzureDriver:
    """One container of a storage account."""

    def __init__(
        self,
        account: str,
        container: str,
        endpoint: str,
        http: Http,
        *,
        access: Access,
        token: "TokenCredential | None",
    ) -> None:
        self._account = account
        self._container = container
        self._endpoint = endpoint
        self._base = f"{endpoint}/{container}"
        self._http = http
        self._access = access
        self._token = token
        self.url = f"az://{account}/{container}"
        self.diagnosis = AzureDiagnosis(
            account, container, endpoint, http, access=access, token=token
        )
        self.capabilities = Capabilities(
            presign=access.signature is None,
            server_checksum="MD5",
            conditional_delete=True,
            lists_metadata=True,
            parts=LIMITS,
        )

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an error: by Azure's code, else by HTTP status."""
        match error:
            case _AssemblyError():
                return ErrorKind.INTEGRITY
            case _EmptyRangeError():
                return ErrorKind.RANGE
            case RefusedError(skewed=True):
                return ErrorKind.CLOCK
            case RefusedError():
                return error_kind(error.status, error.code, creating=error.creating)
            case ClientAuthenticationError():
                return ErrorKind.UNAUTHENTICATED
            case ServiceRequestError() | ServiceResponseError() | HttpResponseError() | HTTPError():
                return ErrorKind.UNAVAILABLE
            case AzureError():
                return ErrorKind.OTHER
        return None

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object with Put Blob; the server verifies its MD5."""
        headers = {**BLOCK_BLOB, **condition(mode), **metadata_headers(metadata)}
        answer = self._http.put(self._target(key), body, md5(body), headers)
        return written(key, len(body), answer.headers, metadata)

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Return a new id without a request: blocks need no beginning."""
        return uuid.uuid4().hex

    def put_part(
        self,
        key: str,
        upload: str,
        number: int,
        offset: int,
        body: bytes,
    ) -> Part:
        """Send a block; the server verifies its MD5, which is part of its id."""
        digest = md5(body)
        block = block_id(upload, number, digest)
        name = quote(text(block.encode()), safe="")
        target = self._target(key, f"?comp=block&blockid={name}")
        self._http.put(target, body, digest, {})
        return Part(number, len(body), block)

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return this upload's blocks; none if there is no blob, for then there are none.

        Blocks that were committed meanwhile count: committing them again changes nothing.
        """
        try:
            _, blocks = self._blocks(key, "all")
        except RefusedError as error:
            if self.classify(error) is ErrorKind.NOT_FOUND:
                return []
            raise
        return parts_of(upload, blocks)

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Commit the blocks, then read the committed list back and compare.

        Blocks that are gone, as they are once another writer commits, are answered with 400
        InvalidBlockList and classified as not found.
        """
        body = block_list(part.tag for part in parts)
        headers = {
            "x-ms-blob-content-type": BINARY,
            **condition(mode),
            **metadata_headers(metadata),
        }
        answer = self._http.put(self._target(key, "?comp=blocklist"), body, md5(body), headers)
        meta = written(key, sum(part.size for part in parts), answer.headers, metadata)
        try:
            now, blocks = self._blocks(key, "committed")
        except RefusedError as error:
            if self.classify(error) is ErrorKind.NOT_FOUND:
                return meta  # written, and removed by someone since
            raise
        if now == meta.version and blocks != [(part.tag, part.size) for part in parts]:
            raise _AssemblyError(f"{key!r} was not assembled from the blocks sent")
        return meta

    def _blocks(self, key: str, which: str) -> tuple[Version | None, Sequence[tuple[str, int]]]:
        """Return the blob's version and ``(id, size)`` of its blocks."""
        query = f"?comp=blocklist&blocklisttype={which}"
        answer = self._http.send("GET", self._target(key, query), {})
        etag = answer.headers.get("ETag")
        return version(etag) if etag else None, parse_block_list(answer.internal_response.content)

    def abort_upload(self, key: str, upload: str) -> None:
        """Do nothing: blocks never committed are invisible and expire after a week."""

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        headers = condition(if_match or "overwrite")
        if range is not None:
            last = "" if range.end is None else range.end - 1
            headers["x-ms-range"] = f"bytes={range.start}-{last}"
        response = self._http.send("GET", self._target(key), headers, stream=True)
        raw = response.internal_response.raw
        try:
            meta = meta_of(key, response.headers)
            if range is not None and range.start >= meta.size:
                # Azure answers 416; Azurite, to a range right behind the end, 206 without a byte.
                raise _EmptyRangeError(f"{range} starts behind the end of {meta.size} bytes")
            yield Read(meta, raw.stream(MIB, decode_content=False))
        finally:
            raw.close()  # of no effect on a connection whose answer was read to the end
            raw.release_conn()

    def head(self, key: str) -> ObjectMeta:
        """Return what is known of an object."""
        return meta_of(key, self._http.send("HEAD", self._target(key), {}).headers)

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object.

        A condition on an absent one fails with 412, as one on another version does.
        """
        try:
            self._http.send("DELETE", self._target(key), condition(if_match or "overwrite"))
        except RefusedError as error:
            kind = self.classify(error)
            absent = kind is ErrorKind.PRECONDITION and not self._exists(key)
            if kind is not ErrorKind.NOT_FOUND and not absent:
                raise

    def _exists(self, key: str) -> bool:
        try:
            self.head(key)
        except RefusedError as error:
            if self.classify(error) is ErrorKind.NOT_FOUND:
                return False
            raise
        return True

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects under a prefix, 5,000 a request."""
        query = {}
        if start_after is not None and start_after >= prefix:
            if not start_after.startswith(prefix):
                return  # what has the prefix sorts before it
            if sorts_alike(start_after):
                query["startFrom"] = start_after
        pages = self._pages(prefix, query)
        for meta in by_code_point(meta for page in pages for meta in page.objects):
            if start_after is None or meta.key > start_after:
                yield meta

    def list_dir(self, prefix: str) -> Listing:
        """Return one level."""
        pages = list(self._pages(prefix, {"delimiter": "/"}))
        objects = (meta for page in pages for meta in page.objects)
        # That a prefix stands on one page only is not promised.
        prefixes = {name for page in pages for name in page.prefixes}
        return Listing(tuple(sorted(objects, key=lambda meta: meta.key)), tuple(sorted(prefixes)))

    def _pages(self, prefix: str, query: Mapping[str, str]) -> Iterator[Page]:
        asked = {"restype": "container", "comp": "list", "include": "metadata", **query}
        if prefix:
            asked["prefix"] = prefix
        while True:
            target = f"{self._base}?{urlencode(asked, quote_via=quote, safe='')}"
            page = parse_page(self._http.send("GET", target, {}).internal_response.content)
            yield page
            if not page.marker:
                return
            asked["marker"] = page.marker

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Return a URL with a shared access signature, of the account's key or of this user.

        A user's signature is of a key that Azure hands out for seven days at most.
        """
        # Half a second to import, and only this needs it.
        from azure.storage.blob import (  # noqa: PLC0415
            BlobSasPermissions,
            BlobServiceClient,
            generate_blob_sas,
        )

        now = datetime.now(UTC)
        signer: dict[str, Any]
        if self._access.key:
            signer = {"account_key": self._access.key}
        elif self._token:
            with BlobServiceClient(self._endpoint, self._token, retry_total=0) as service:
                delegated = service.get_user_delegation_key(now - CLOCK_SKEW, now + expires)
            signer = {"user_delegation_key": delegated}
        else:
            raise UnsupportedError("a shared access signature cannot sign another")
        signature = generate_blob_sas(
            self._account,
            self._container,
            key,
            permission=BlobSasPermissions(read=True),
            expiry=now + expires,
            **signer,
        )
        return f"{self._target(key)}?{signature}"

    def refuses_wrong_checksum(self, key: str) -> bool:
        """Send an object under the MD5 of other bytes."""
        try:
            self._http.put(self._target(key), b"sent", md5(b"meant"), BLOCK_BLOB)
        except RefusedError as error:
            if self.classify(error) is not ErrorKind.INTEGRITY:
                raise
            return True
        return False

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _target(self, key: str, query: str = "") -> str:
        return f"{self._base}/{quote(key, safe='/~')}{query}"


class _AssemblyError(Exception):
    """The committed blocks are not the ones that were meant."""


class _EmptyRangeError(Exception):
    """The range holds no byte of the object."""
