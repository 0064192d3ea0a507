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

Requests go through a pipeline of the SDK's transport and one credential policy. The SDK's client
has seventeen policies more, and serializers: it spends 3 ms of CPU on a small write, this 0.8 ms.
It takes half a second to import, too, so it is imported for signed URLs only.
"""

import base64
import binascii
import os
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import Pipeline
from azure.core.pipeline.policies import (
    AzureSasCredentialPolicy,
    BearerTokenCredentialPolicy,
    SansIOHTTPPolicy,
)
from azure.core.pipeline.transport import HttpRequest, RequestsTransport
from urllib3.exceptions import HTTPError

from providers._azure_account import Access, find_access
from providers._azure_http import Session
from providers._azure_rest import (
    Page,
    block_list,
    by_code_point,
    condition,
    error_kind,
    md5,
    meta_of,
    metadata_headers,
    parse_block_list,
    parse_page,
    sign,
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
    from azure.core.pipeline import PipelineRequest

__all__ = ["AzureDriver", "open_driver"]

LIMITS = PartLimits(min_size=1, max_size=4000 * MIB, max_count=50_000)
BINARY = "application/octet-stream"
BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}
API_VERSION = "2026-02-06"  # the first one with startFrom
SCOPE = "https://storage.azure.com/.default"
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
    policy: Any
    if access.key:
        policy = _SharedKey(account, access.key)
    elif access.signature:
        policy = AzureSasCredentialPolicy(AzureSasCredential(access.signature))
    elif base.startswith("https://"):
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - 0.3 s, for tokens only

        token = DefaultAzureCredential()
        policy = BearerTokenCredentialPolicy(token, SCOPE)
    else:
        raise UnsupportedError(
            f"no key for {base}, and tokens are sent over HTTPS only",
            op="open",
            url=f"az://{account}/{container}",
            hint="set AZURE_STORAGE_CONNECTION_STRING",
        )
    transport = RequestsTransport(session=Session(base, timeout=timeout, connections=connections))
    pipeline = Pipeline(transport, [policy])
    return AzureDriver(account, container, base, pipeline, access=access, token=token)


class AzureDriver:
    """One container of a storage account."""

    def __init__(
        self,
        account: str,
        container: str,
        endpoint: str,
        pipeline: "Pipeline[Any, Any]",
        *,
        access: Access,
        token: "TokenCredential | None",
    ) -> None:
        self._account = account
        self._container = container
        self._endpoint = endpoint
        self._base = f"{endpoint}/{container}"
        self._pipeline = pipeline
        self._access = access
        self._token = token
        self.url = f"az://{account}/{container}"
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
            case HttpResponseError() if error.response is not None:
                return _refusal(error.response)
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
        answer = self._put(self._target(key), body, md5(body), headers)
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
        block = f"{upload[:16]}-{number:05d}-{digest.hex()}"
        query = f"?comp=block&blockid={quote(text(block.encode()), safe='')}"
        self._put(self._target(key, query), body, digest, {})
        return Part(number, len(body), block)

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return this upload's blocks; none if there is no blob, for then there are none.

        Blocks that were committed meanwhile count: committing them again changes nothing. Of
        a number that was sent with two contents neither counts: which came last is not told.
        """
        try:
            _, blocks = self._blocks(key, "all")
        except HttpResponseError as error:
            if self.classify(error) is ErrorKind.NOT_FOUND:
                return []
            raise
        ours = re.compile(rf"{re.escape(upload[:16])}-(\d{{5}})-[0-9a-f]{{32}}\Z")
        found = {
            Part(int(match[1]), size, block)
            for block, size in blocks
            if (match := ours.match(block))
        }
        times = Counter(part.number for part in found)
        return sorted(part for part in found if times[part.number] == 1)

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
        answer = self._put(self._target(key, "?comp=blocklist"), body, md5(body), headers)
        meta = written(key, sum(part.size for part in parts), answer.headers, metadata)
        try:
            now, blocks = self._blocks(key, "committed")
        except HttpResponseError as error:
            if self.classify(error) is ErrorKind.NOT_FOUND:
                return meta  # written, and removed by someone since
            raise
        if now == meta.version and blocks != [(part.tag, part.size) for part in parts]:
            raise _AssemblyError(f"{key!r} was not assembled from the blocks sent")
        return meta

    def _blocks(self, key: str, which: str) -> tuple[Version | None, Sequence[tuple[str, int]]]:
        """Return the blob's version and ``(id, size)`` of its blocks."""
        query = f"?comp=blocklist&blocklisttype={which}"
        answer = self._send("GET", self._target(key, query), {})
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
        response = self._send("GET", self._target(key), headers, stream=True)
        raw = response.internal_response.raw
        try:
            yield Read(meta_of(key, response.headers), raw.stream(MIB, decode_content=False))
        finally:
            raw.close()  # of no effect on a connection whose answer was read to the end
            raw.release_conn()

    def head(self, key: str) -> ObjectMeta:
        """Return what is known of an object."""
        return meta_of(key, self._send("HEAD", self._target(key), {}).headers)

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object."""
        try:
            self._send("DELETE", self._target(key), condition(if_match or "overwrite"))
        except HttpResponseError as error:
            if self.classify(error) is not ErrorKind.NOT_FOUND:
                raise

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
        # A page may end between two names below one prefix, which then stands on both.
        prefixes = {name for page in pages for name in page.prefixes}
        return Listing(tuple(sorted(objects, key=lambda meta: meta.key)), tuple(sorted(prefixes)))

    def _pages(self, prefix: str, query: Mapping[str, str]) -> Iterator[Page]:
        asked = {"restype": "container", "comp": "list", "include": "metadata", **query}
        if prefix:
            asked["prefix"] = prefix
        while True:
            target = f"{self._base}?{urlencode(asked, quote_via=quote, safe='')}"
            page = parse_page(self._send("GET", target, {}).internal_response.content)
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
            self._put(self._target(key), b"sent", md5(b"meant"), BLOCK_BLOB)
        except HttpResponseError as error:
            if self.classify(error) is not ErrorKind.INTEGRITY:
                raise
            return True
        return False

    def close(self) -> None:
        """Close the connections."""
        self._pipeline.__exit__(None, None, None)

    def _put(self, target: str, body: bytes, digest: bytes, headers: Mapping[str, str]) -> Any:
        own = {
            "Content-Length": str(len(body)),
            "Content-MD5": text(digest),
            "Content-Type": BINARY,
        }
        return self._send("PUT", target, {**own, **headers}, body=body)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        stream: bool = False,
    ) -> Any:
        """Send a request; raise what the SDK raises if it is refused."""
        common = {
            "User-Agent": "deployer",
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-version": API_VERSION,
        }
        request = HttpRequest(method, url, headers={**common, **headers}, data=body)
        response = self._pipeline.run(request, stream=stream).http_response
        if response.status_code < 300:  # noqa: PLR2004
            return response
        _ = response.internal_response.content  # frees the connection
        code = response.headers.get("x-ms-error-code", "")
        message = f"{response.status_code} {code}: {response.reason}"
        raise HttpResponseError(message=message, response=response)

    def _target(self, key: str, query: str = "") -> str:
        return f"{self._base}/{quote(key, safe='/~')}{query}"


def _refusal(response: Any) -> ErrorKind:
    code = response.headers.get("x-ms-error-code", "")
    creating = response.request.headers.get("If-None-Match") == "*"
    return error_kind(response.status_code, code, creating=creating)


class _AssemblyError(Exception):
    """The committed blocks are not the ones that were meant."""


class _SharedKey(SansIOHTTPPolicy[HttpRequest, Any]):
    """Signs with the account's key; the SDK's own policy is private to its clients."""

    def __init__(self, account: str, key: str) -> None:
        super().__init__()
        self._account = account
        self._key = key

    def on_request(self, request: "PipelineRequest[HttpRequest]") -> None:
        """Add the Authorization header."""
        http = request.http_request
        try:
            key = base64.b64decode(self._key)
        except binascii.Error as error:
            raise ClientAuthenticationError("the account's key is not Base64") from error
        http.headers["Authorization"] = sign(
            http.method, http.url, http.headers, self._account, key
        )
