"""Cloud Storage's HTTP, without what a driver never uses.

The client library spends most of a small request on itself, takes most of a second to import
and streams a download only into a file it is given. Its two APIs are documented ("Cloud Storage
JSON API", "Cloud Storage XML API"), so requests are built here and sent by urllib3, whose
connection pool is the one that the client library uses too.
"""

import http.client
import json
import os
import re
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import certifi
import urllib3

__all__ = ["STRANGE", "GcsError", "Http", "escape", "pages", "strange"]

STRANGE = "strange"

Authorize = Callable[[str, str, dict[str, str]], None]
Body = bytes | tuple[bytes, ...]

_OK = 300  # every status below is a success: nothing here follows redirects
_JOIN_BELOW = 256 * 1024  # bytes; below, one copy is cheaper than two more system calls
_NO_RETRIES = urllib3.Retry(False, redirect=False)
_XML_FIELD = re.compile(r"<(Code|Message)>([^<]*)</")


class GcsError(Exception):
    """Cloud Storage answered with an error.

    Attributes:
        status: of HTTP.
        code: the machine's word for it, such as ``conditionNotMet`` or ``NoSuchKey``.
        message: the server's own.
        bucket: whether it is the bucket that the status is about.

    """

    def __init__(self, status: int, code: str, message: str, *, bucket: bool = False) -> None:
        super().__init__(f"{status} {code}: {message}" if code else f"{status} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.bucket = bucket or code == "NoSuchBucket" or "bucket does not exist" in message


def escape(name: str) -> str:
    """Return `name` as one segment of a path."""
    return quote(name, safe="")


class Http:
    """A pool of connections to one endpoint.

    Args:
        endpoint: scheme, host and port.
        authorize: adds credentials to headers: ``authorize(method, url, headers)``.
        timeout: seconds to connect, and again for each read.
        connections: how many are kept open.

    """

    def __init__(
        self, endpoint: str, authorize: Authorize | None, *, timeout: float, connections: int
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._authorize = authorize
        # Random, so that no body can hold it.
        self._boundary = uuid.uuid4().hex
        self._manager = _manager(self.endpoint, timeout, connections)
        self._pool = self._manager.connection_from_url(self.endpoint)

    def json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: object = None,
        *,
        bucket: bool = False,
    ) -> dict[str, Any]:
        """Send a request of the JSON API and return its answer.

        `bucket` tells whether "not found" can only mean the bucket.
        """
        headers = {} if body is None else {"content-type": "application/json"}
        data = b"" if body is None else json.dumps(body).encode()
        response = self._send(method, _target(path, query), headers, data)
        return _answer(response, bucket=bucket)

    def upload(
        self, path: str, query: Mapping[str, str], resource: object, body: bytes
    ) -> dict[str, Any]:
        """Send an object and its resource in one request (``uploadType=multipart``)."""
        boundary = self._boundary
        head = (
            f"--{boundary}\r\ncontent-type: application/json\r\n\r\n{json.dumps(resource)}\r\n"
            f"--{boundary}\r\ncontent-type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--".encode()
        size = len(head) + len(body) + len(tail)
        pieces = (head, body, tail)
        data: Body = b"".join(pieces) if size < _JOIN_BELOW else pieces
        headers = {
            "content-type": f"multipart/related; boundary={boundary}",
            "content-length": str(size),
        }
        return _answer(self._send("POST", _target(path, query), headers, data), bucket=True)

    def open(self, path: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """Begin to read an object; the caller reads it undecoded and closes the response."""
        response = self._send("GET", path, headers, b"", stream=True)
        if response.status >= _OK:
            raise _error(response.status, response.read(), bucket=False)
        return response

    def knock(self, target: str) -> Mapping[str, str]:
        """Return the headers of whatever answer a request without credentials gets."""
        answer = self._pool.request("GET", target, retries=_NO_RETRIES, redirect=False)
        return answer.headers

    def _send(
        self, method: str, target: str, headers: dict[str, str], body: Body, *, stream: bool = False
    ) -> urllib3.BaseHTTPResponse:
        # Without "gzip" in both, Cloud Storage unpacks objects stored with that encoding on their
        # way, whose length and ranges then are not those that it tells.
        headers["accept-encoding"] = "gzip"
        headers["user-agent"] = "deployer (gzip)"
        if self._authorize:
            self._authorize(method, self.endpoint + target, headers)
        return self._pool.urlopen(
            method,
            target,
            body=iter(body) if isinstance(body, tuple) else body or None,
            headers=headers,
            retries=_NO_RETRIES,
            redirect=False,
            preload_content=not stream,
        )

    def close(self) -> None:
        """Close idle connections."""
        self._manager.clear()


def _manager(endpoint: str, timeout: float, connections: int) -> urllib3.PoolManager:
    options: dict[str, Any] = {
        "maxsize": connections,
        "timeout": urllib3.Timeout(connect=timeout, read=timeout),
    }
    url = urllib3.util.parse_url(endpoint)
    if url.scheme != "https":
        return urllib3.PoolManager(**options)
    # The variables that Google's client library obeys, by way of requests.
    options["ca_certs"] = (
        os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    )
    proxy = urllib.request.getproxies().get("https")
    if proxy and not urllib.request.proxy_bypass(url.host or ""):
        return urllib3.ProxyManager(proxy, **options)
    return urllib3.PoolManager(**options)


def _target(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _answer(response: urllib3.BaseHTTPResponse, *, bucket: bool) -> dict[str, Any]:
    if response.status >= _OK:
        raise _error(response.status, response.data, bucket=bucket)
    try:
        answer: dict[str, Any] = json.loads(response.data) if response.data else {}
    except ValueError as error:
        raise strange(response.status) from error
    return answer


def strange(status: int) -> GcsError:
    """Return the error for a success that Cloud Storage cannot have sent: a portal's, a proxy's."""
    return GcsError(status, STRANGE, "this is not an answer of Cloud Storage")


def _error(status: int, body: bytes, *, bucket: bool) -> GcsError:
    code, message = _explanation(body.decode(errors="replace"))
    return GcsError(status, code, message or http.client.responses.get(status, ""), bucket=bucket)


def _explanation(text: str) -> tuple[str, str]:
    """Return ``(code, message)`` of an error: JSON, XML, or plain words from something between.

    Of JSON there are two forms: the API's own, and that of ``google.rpc.Status`` with an
    ``ErrorInfo`` among its details (https://google.aip.dev/193), which Google's fronts answer with.
    """
    try:
        error = json.loads(text)["error"]
        told = [*error.get("errors", ()), *error.get("details", ())]
        reasons = [each["reason"] for each in told if "reason" in each]
        code, message = [*reasons, error.get("status", "")][0], error["message"]
    except (ValueError, LookupError, TypeError, AttributeError):
        fields = dict(_XML_FIELD.findall(text))
        code, message = fields.get("Code", ""), fields.get("Message") or text[:200]
    return str(code), " ".join(str(message).split())


def pages(http: Http, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the pages of a listing, each fetched when it is needed."""
    while True:
        page = http.json("GET", path, query, bucket=True)
        yield page
        token = page.get("nextPageToken")
        if not token:
            return
        query = {**query, "pageToken": token}
