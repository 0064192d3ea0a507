"""Requests to one blob service: the SDK's pipeline, transport and credential policies alone.

The SDK's client adds seventeen policies and serializers, and its transport a
:class:`requests.Session` that merges environment, proxies, cookies and TLS settings anew for
every request: 3 ms of CPU for a small write, which takes 0.8 ms here. The transport accepts any
session (azure-core, "RequestsTransport"); this one settles all that when it is opened.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, cast

import requests
import urllib3
from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.pipeline import Pipeline
from azure.core.pipeline.policies import (
    AzureSasCredentialPolicy,
    BearerTokenCredentialPolicy,
    SansIOHTTPPolicy,
)
from azure.core.pipeline.transport import HttpRequest, RequestsTransport
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from providers._azure_rest import sign, text
from providers.diagnosis import date_of

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineRequest

    from providers._azure_account import Access

__all__ = ["Http", "RefusedError"]

API_VERSION = "2026-02-06"  # the first one in which listings know startFrom
BINARY = "application/octet-stream"
SCOPE = "https://storage.azure.com/.default"
PIECE = 1024 * 1024
JOINED = 64 * 1024
SUCCESS = range(200, 300)
MAX_SKEW = 15 * 60  # seconds: "Authorize with Shared Key"
_MESSAGE = re.compile(rb"<Message>([^<\n]+)")  # further lines: request id and time


class RefusedError(HttpResponseError):
    """The service refused a request; its answer is read, and quoted without the XML.

    It has one code for a wrong key and for a signature that is too old, and says which in words
    ("Authorize with Shared Key"): the times of the two machines tell it as well.

    Attributes:
        skewed: whether it refused because of this machine's clock.

    """

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.code: str = response.headers.get("x-ms-error-code", "")
        said = _MESSAGE.search(response.internal_response.content)
        message = said[1].decode(errors="replace").strip() if said else response.reason
        super().__init__(f"{self.status} {self.code}: {message}", response)
        self.creating = response.request.headers.get("If-None-Match") == "*"
        at = date_of(response.headers)
        self.skewed = (
            self.code == "AuthenticationFailed"
            and at is not None
            and abs((at - datetime.now(UTC)).total_seconds()) >= MAX_SKEW
        )

    def __str__(self) -> str:
        return self.message


class Http:
    """Connections to the blob service at `endpoint`.

    Args:
        endpoint: URL of an account's blob service.
        account: its name, for the signature.
        access: key or shared access signature.
        token: credential if `access` has neither.
        timeout: seconds to connect, and seconds without a byte.
        connections: kept open for reuse.

    """

    def __init__(
        self,
        endpoint: str,
        account: str,
        access: "Access",
        token: "TokenCredential | None",
        *,
        timeout: float,
        connections: int,
    ) -> None:
        policy: Any = None
        if access.key:
            policy = _SharedKey(account, access.key)
        elif access.signature:
            policy = AzureSasCredentialPolicy(AzureSasCredential(access.signature))
        elif token:
            policy = BearerTokenCredentialPolicy(token, SCOPE)
        self._session = _Session(endpoint, timeout=timeout, connections=connections)
        self._transport = RequestsTransport(session=self._session)
        self._pipeline = Pipeline(self._transport, [policy])

    def put(self, url: str, body: bytes, digest: bytes, headers: Mapping[str, str]) -> Any:
        """Send `body`, whose MD5 the server compares with `digest`."""
        own = {
            "Content-Length": str(len(body)),
            "Content-MD5": text(digest),
            "Content-Type": BINARY,
        }
        return self.send("PUT", url, {**own, **headers}, body=body)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        stream: bool = False,
    ) -> Any:
        """Return the SDK's response, its body read unless it is to be streamed.

        Raises:
            RefusedError: the service refused the request.

        """
        common = {
            "User-Agent": "deployer",
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-version": API_VERSION,
        }
        request = HttpRequest(method, url, headers={**common, **headers}, data=body)
        response = self._pipeline.run(request, stream=stream).http_response
        if response.status_code in SUCCESS:
            return response
        raise RefusedError(response)

    def knock(self, url: str) -> Mapping[str, str]:
        """Return the headers of whatever answer a request without credentials gets."""
        headers = {"User-Agent": "deployer", "x-ms-version": API_VERSION}
        return self._session.request("GET", url, headers=headers).headers

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


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
        signed = sign(http.method, http.url, http.headers, self._account, key)
        http.headers["Authorization"] = signed


class _Session(requests.Session):
    """Sends every request to one endpoint.

    Proxies and the certificate bundle are taken from the environment, as requests takes them.
    """

    def __init__(self, endpoint: str, *, timeout: float, connections: int) -> None:
        super().__init__()
        self._timeout = urllib3.Timeout(connect=timeout, read=timeout)
        found = self.merge_environment_settings(endpoint, {}, None, None, None)
        adapter = _Adapter(pool_maxsize=connections, max_retries=0)
        self.mount(endpoint, adapter)
        self._pool, self._origin = adapter.find(endpoint, found["verify"], dict(found["proxies"]))

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: bytes | str | None = None,
        stream: bool = False,
        **_settled: object,
    ) -> requests.Response:
        """Send a request; what the SDK passes of timeouts, proxies and TLS is settled already."""
        raw = self._pool.urlopen(
            method,
            url.removeprefix(self._origin),
            body=_pieces(data) if isinstance(data, bytes) else data,
            headers=dict(headers),
            timeout=self._timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )
        response = requests.Response()
        response.status_code = raw.status
        response.reason = raw.reason or ""
        response.headers = CaseInsensitiveDict(raw.headers)
        response.raw = raw
        response.url = url
        if not stream:
            _ = response.content  # reads the body, so that the connection is free again
        return response


class _Adapter(HTTPAdapter):
    def find(
        self, endpoint: str, verify: Any, proxies: dict[str, str]
    ) -> tuple[HTTPConnectionPool, str]:
        """Return the pool of `endpoint`, and what of a URL is not part of the request's target."""
        request = requests.Request("GET", f"{endpoint}/").prepare()
        pool = cast(
            HTTPConnectionPool, self.get_connection_with_tls_context(request, verify, proxies)
        )
        self.cert_verify(pool, endpoint, verify, None)  # type: ignore[no-untyped-call]
        secure = endpoint.startswith("https://")
        pool.ConnectionCls = _OneWriteSecure if secure else _OneWrite
        target = self.request_url(request, proxies)
        return pool, f"{endpoint}/".removesuffix(target)


class _OneWrite(HTTPConnection):
    """Sends the head of a request together with a short body.

    As two writes they wake the server twice and let go of the interpreter twice: 1,000 objects
    of 10 KB from eight threads take half as long again.
    """

    _waiting = False
    _head = b""

    def request(self, method: str, url: str, body: Any = None, *args: Any, **options: Any) -> None:
        self._waiting = isinstance(body, bytes) and 0 < len(body) <= JOINED
        self._head = b""
        super().request(method, url, body, *args, **options)

    def send(self, data: Any) -> None:
        if self._waiting:
            self._waiting, self._head = False, data
            return
        if self._head:
            data, self._head = self._head + data, b""
        super().send(data)


class _OneWriteSecure(_OneWrite, HTTPSConnection):
    """The same over TLS."""


def _pieces(body: bytes) -> bytes | Iterable[bytes]:
    """Cut a long body without copying it.

    The socket's timeout covers one whole piece: uncut, a large part on a slow line would run
    into it although bytes are flowing.
    """
    if len(body) <= PIECE:
        return body
    view = memoryview(body)
    pieces = [view[start : start + PIECE] for start in range(0, len(body), PIECE)]
    return cast(Iterable[bytes], pieces)  # whatever a socket takes will do
