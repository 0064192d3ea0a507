"""S3's object requests without the SDK's work per call, and the SDK's client for the rest.

botocore validates, serializes, resolves, signs, emits some thirty events and parses for every
call: 2 ms of CPU, several times what the request itself takes. :meth:`Wire.send` keeps of it
what is hard to get right: the chain of credentials and their renewal, the endpoint and region
(asked of the client once), the HTTP session with its proxies and certificates, the parser of
errors. It signs by itself, with one key a day. Its errors are botocore's own.

Sources: "AWS Signature Version 4 for API requests", "Signature calculations for the
Authorization header" (Amazon S3 API Reference); "Virtual hosting of buckets" (User Guide).
"""

import hashlib
import hmac
import os
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import botocore.session
from botocore import UNSIGNED as NO_SIGNATURE
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.parsers import create_parser
from botocore.utils import get_environ_proxies, parse_timestamp

__all__ = ["AWS_ERRORS", "Wire", "client_of", "of_aws", "sign"]

AWS_ERRORS = (BotoCoreError, ClientError)
"""What the SDK raises."""

UNSIGNED = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_WRONG_REGION = ("AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect")
_NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class _Target(NamedTuple):
    """Where a bucket's requests go, and what signs them."""

    origin: str
    host: str
    path: str
    region: str
    service: str
    payload_signed: bool
    client: Any
    http: URLLib3Session
    credentials: Any
    agent: str


class Wire:
    """One bucket's connection; made on first use, so that opening a store sends nothing."""

    def __init__(
        self, bucket: str, *, endpoint: str | None, timeout: float, connections: int
    ) -> None:
        self.bucket = bucket
        self.bucket_seen = False
        self._endpoint = endpoint
        self._timeout = timeout
        self._connections = connections
        self._lock = threading.Lock()
        self._target: _Target | None = None
        self._day_key: tuple[tuple[str, ...], bytes] = ((), b"")

    @property
    def client(self) -> Any:
        """The SDK's own client, for what is not done a thousand times."""
        return self._connected().client

    @property
    def credentials(self) -> Any:
        """The SDK's credentials, which renew themselves."""
        return self._connected().credentials

    def stranger(self) -> Any:
        """Return a client of the SDK's that signs nothing and needs no credentials."""
        session = botocore.session.Session()
        return self._s3_client(session, _region_of(session), NO_SIGNATURE)

    def service(self, name: str) -> Any:
        """Return the SDK's client of another service of AWS."""
        session = botocore.session.Session()
        return session.create_client(name, region_name=_region_of(session), config=self._config())

    def send(
        self,
        operation: str,
        method: str,
        key: str,
        *,
        headers: Mapping[str, str],
        query: str = "",
        body: bytes | None = None,
        stream: bool = False,
    ) -> Any:
        """Return the answer to one request, unread if `stream`.

        Args:
            operation: its name in errors.
            method: of HTTP.
            key: of the object.
            headers: to sign and send; names in lower case.
            query: sorted and quoted.
            body: to send.
            stream: leave the answer's body on the connection.

        Raises:
            ClientError: S3 refused.
            HTTPClientError: there was no answer.

        """
        target = self._connected()
        try:
            return self._once(target, operation, method, key, headers, query, body, stream)
        except ClientError as error:
            region = _region_named(error)
            if region in (None, target.region):
                raise
            target = self._connected(region)
        return self._once(target, operation, method, key, headers, query, body, stream)

    def close(self) -> None:
        """Close connections."""
        with self._lock:
            target, self._target = self._target, None
        if target:
            target.http.close()
            target.client.close()

    def _once(
        self,
        target: _Target,
        operation: str,
        method: str,
        key: str,
        headers: Mapping[str, str],
        query: str,
        body: bytes | None,
        stream: bool,
    ) -> Any:
        path = target.path + quote(key)
        payload = hashlib.sha256(body or b"").hexdigest() if target.payload_signed else UNSIGNED
        signed = {**headers, "host": target.host, "x-amz-content-sha256": payload}
        self._authorize(target, method, path, query, signed)
        signed["user-agent"] = target.agent
        url = f"{target.origin}{path}?{query}" if query else target.origin + path
        response = target.http.send(AWSPreparedRequest(method, url, signed, body, stream))
        if response.status_code >= 300:  # noqa: PLR2004 - what is no success
            raise self._error(response, operation)
        self.bucket_seen = True
        return response

    def _authorize(
        self, target: _Target, method: str, path: str, query: str, headers: dict[str, str]
    ) -> None:
        if target.credentials is None:
            raise NoCredentialsError
        # Renews what is about to expire; frozen, so that a renewal cannot mix two sets.
        keys = target.credentials.get_frozen_credentials()
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = (now[:8], target.region, target.service, "aws4_request")
        known, signing_key = self._day_key
        if known != (keys.secret_key, *scope):
            signing_key = _derive(keys.secret_key, scope)
            self._day_key = ((keys.secret_key, *scope), signing_key)
        if keys.token:
            headers["x-amz-security-token"] = keys.token
        headers["x-amz-date"] = now
        headers["authorization"] = sign(
            method, path, query, headers, access_key=keys.access_key, scope=scope, key=signing_key
        )

    def _error(self, response: Any, operation: str) -> ClientError:
        parsed = create_parser("rest-xml").parse(
            {
                "status_code": response.status_code,
                "headers": response.headers,
                "body": response.content,
            },
            None,
        )
        if parsed["Error"].get("Code") == "NoSuchKey":
            self.bucket_seen = True
        return ClientError(parsed, operation)

    def _connected(self, region: str | None = None) -> _Target:
        target = self._target
        if target and region in (None, target.region):
            return target
        with self._lock:
            if self._target is None or region not in (None, self._target.region):
                self._target = self._connect(region)
            return self._target

    def _connect(self, region: str | None) -> _Target:
        session = botocore.session.Session()
        factory = session.get_component("response_parser_factory")
        factory.set_parser_defaults(timestamp_parser=_moment)
        # The default, SigV2 in some regions, is not accepted by newer buckets.
        client = self._s3_client(session, region or _region_of(session), "s3v4")
        asked = _first_request(client, self.bucket)
        url = urlsplit(asked.url)
        credential = asked.headers["Authorization"].decode().split(",")[0]
        _, _, region, service, _ = credential.rsplit("/", 4)
        config = client.meta.config
        http = URLLib3Session(
            verify=session.get_config_variable("ca_bundle")
            or os.environ.get("REQUESTS_CA_BUNDLE")
            or True,
            proxies=config.proxies or get_environ_proxies(url.geturl()),
            proxies_config=config.proxies_config,
            timeout=(self._timeout, self._timeout),
            max_pool_connections=self._connections,
            socket_options=_NODELAY,
            client_cert=config.client_cert,
        )
        return _Target(
            origin=f"{url.scheme}://{url.netloc}",
            host=url.netloc,
            path=url.path.rstrip("/") + "/",
            region=region,
            service=service,
            payload_signed=_must_sign_payload(url.scheme, url.hostname, config.s3),
            client=client,
            http=http,
            credentials=session.get_credentials(),
            agent=session.user_agent(),
        )

    def _s3_client(self, session: Any, region: str, signature: Any) -> Any:
        # Named, for by itself the SDK presigns for the global endpoint, which redirects.
        client = self._client(session, region, signature, "virtual")
        if of_aws(client):
            return client
        # Few servers other than AWS answer to a host name per bucket.
        return self._client(session, region, signature, "path")

    def _client(self, session: Any, region: str, signature: Any, addressing: str) -> Any:
        config = self._config(
            signature_version=signature,
            parameter_validation=False,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": addressing},
        )
        return session.create_client(
            "s3", region_name=region, endpoint_url=self._endpoint, config=config
        )

    def _config(self, **more: Any) -> Config:
        return Config(
            connect_timeout=self._timeout,
            read_timeout=self._timeout,
            max_pool_connections=self._connections,
            # The store retries: it alone can tell a lost answer from a refused write.
            retries={"total_max_attempts": 1, "mode": "standard"},
            **more,
        )


def client_of(service: str, *, region: str, timeout: float, attempts: int) -> Any:
    """Return the SDK's client of a service of AWS, which retries by itself.

    Args:
        service: such as ``ecr``.
        region: where it is asked.
        timeout: seconds to connect, and seconds without a byte.
        attempts: tries of one request, the first included.

    """
    config = Config(
        connect_timeout=timeout,
        read_timeout=timeout,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
    session = botocore.session.Session()
    return session.create_client(service, region_name=region, config=config)


def of_aws(client: Any) -> bool:
    """Tell whether a client's endpoint is one of Amazon's own."""
    return (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_AWS_HOSTS)


def _region_of(session: Any) -> str:
    return str(session.get_config_variable("region") or "us-east-1")


def sign(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    *,
    access_key: str,
    scope: tuple[str, ...],
    key: bytes,
) -> str:
    """Return the Authorization header of a request, all of whose `headers` are signed."""
    # Runs of spaces count as one: "Trimall" of the specification.
    ordered = sorted(headers)
    lines = (f"{name}:{' '.join(headers[name].split())}" for name in ordered)
    names = ";".join(ordered)
    payload = headers["x-amz-content-sha256"]
    request = "\n".join((method, path, query, *lines, "", names, payload))
    hashed = hashlib.sha256(request.encode()).hexdigest()
    where = "/".join(scope)
    text = f"{_ALGORITHM}\n{headers['x-amz-date']}\n{where}\n{hashed}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return (
        f"{_ALGORITHM} Credential={access_key}/{where}, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def _derive(secret: str, scope: tuple[str, ...]) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _must_sign_payload(scheme: str, host: str | None, s3: Mapping[str, Any] | None) -> bool:
    """Whether each body is hashed into its signature, beside the CRC-32 it carries.

    TLS protects the body on its way, and on the loopback interface there is no way. The user's
    ``payload_signing_enabled`` has the last word, for buckets whose policy asks for it.
    """
    wanted = (s3 or {}).get("payload_signing_enabled")
    if wanted is not None:
        return bool(wanted)
    host = host or ""
    return scheme != "https" and not (host in ("localhost", "::1") or host.startswith("127."))


def _moment(text: str) -> datetime:
    """Read a time; dateutil, the SDK's choice, is four fifths of the cost of a listing."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parse_timestamp(text)  # type: ignore[no-any-return]


class _AskedError(Exception):
    """Carries a request that was not sent."""

    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request


def _first_request(client: Any, bucket: str) -> Any:
    """Return the signed request that the SDK would send to a bucket: its endpoint rules' word."""

    def keep(request: Any, **_: Any) -> None:
        raise _AskedError(request)

    client.meta.events.register("before-send.s3.HeadBucket", keep)
    try:
        client.head_bucket(Bucket=bucket)
    except _AskedError as asked:
        return asked.request
    finally:
        client.meta.events.unregister("before-send.s3.HeadBucket", keep)
    raise AssertionError


def _region_named(error: ClientError) -> str | None:
    """Return the region where the bucket is, if the error says that it is elsewhere."""
    code = error.response["Error"].get("Code")
    meta = error.response["ResponseMetadata"]
    if code not in _WRONG_REGION and meta["HTTPStatusCode"] not in (301, 307, 400):
        return None
    named = meta["HTTPHeaders"].get("x-amz-bucket-region") or error.response["Error"].get("Region")
    return str(named) if named else None
