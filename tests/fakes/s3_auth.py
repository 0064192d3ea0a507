"""Signature Version 4, and what of a body it covers.

"Signature Calculations for the Authorization Header" and "Authenticating Requests: Using Query
Parameters" in the Amazon S3 API Reference.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.fakes.checksums import b64digest, digest, unb64
from tests.fakes.common import ApiError

if TYPE_CHECKING:
    from tests.fakes.wire import Request

ACCESS_KEY = SECRET_KEY = "test"
DENIED_ACCESS_KEY = "denied"
ALGORITHMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
_LENGTHS = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$"
)
_TRAILER_MODE = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_SKEW = timedelta(minutes=15)


def authenticate(request: Request) -> None:
    """Let the request in, or raise what S3 answers."""
    if "X-Amz-Signature" in request.query:
        credential, signed, signature, stamp, payload = _presigned(request)
    else:
        found = _AUTHORIZATION.match(request.headers.get("authorization", ""))
        if found is None:
            raise _unsigned(request)
        credential, signed, signature = found.groups()
        stamp = request.headers.get("x-amz-date", "")
        payload = request.headers.get("x-amz-content-sha256", "")
        if not payload:
            raise ApiError(400, "InvalidRequest", "Missing required header: x-amz-content-sha256")
        if abs(datetime.now(UTC) - _moment(stamp)) > _SKEW:
            raise ApiError(403, "RequestTimeTooSkewed", "The request time is too far off.")
    access_key, *scope = credential.split("/")
    if access_key not in {ACCESS_KEY, DENIED_ACCESS_KEY}:
        raise ApiError(403, "InvalidAccessKeyId", "The access key does not exist.")
    if not hmac.compare_digest(_signature(request, signed, scope, stamp, payload), signature):
        raise ApiError(403, "SignatureDoesNotMatch", "The signature does not match.")
    if access_key == DENIED_ACCESS_KEY:
        raise ApiError(403, "AccessDenied", "Access Denied")


def _unsigned(request: Request) -> ApiError:
    if "Signature" in request.query or request.headers.get("authorization"):
        message = "The authorization mechanism is not supported. Please use AWS4-HMAC-SHA256."
        return ApiError(400, "InvalidRequest", message)
    return ApiError(403, "AccessDenied", "Access Denied")


def _moment(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ApiError(403, "AccessDenied", "A valid X-Amz-Date is required.") from error


def _presigned(request: Request) -> tuple[str, str, str, str, str]:
    query = request.query
    stamp = query.get("X-Amz-Date", "")
    until = _moment(stamp) + timedelta(seconds=int(query.get("X-Amz-Expires", "0")))
    if datetime.now(UTC) > until:
        raise ApiError(403, "AccessDenied", "Request has expired")
    signed = query.get("X-Amz-SignedHeaders", "")
    payload = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    credential = query.get("X-Amz-Credential", "")
    return credential, signed, query["X-Amz-Signature"], stamp, payload


@lru_cache(maxsize=64)
def _signing_key(scope: tuple[str, ...]) -> bytes:
    key = f"AWS4{SECRET_KEY}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _signature(request: Request, signed: str, scope: list[str], stamp: str, payload: str) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.query.items()
        if name != "X-Amz-Signature"
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed.split(";")
    )
    canonical = "\n".join(
        [
            request.method,
            request.raw_path,
            "&".join(f"{name}={value}" for name, value in pairs),
            headers,
            signed,
            payload,
        ]
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(scope), hashed])
    return hmac.new(_signing_key(tuple(scope)), to_sign.encode(), hashlib.sha256).hexdigest()


def payload_of(request: Request) -> tuple[bytes, dict[str, str]]:
    """Return the object bytes and the checksums that came with them, both verified.

    "Checking object integrity in Amazon S3": a checksum travels in a header or, when the body is
    aws-chunked, in a trailer that x-amz-trailer announces.
    """
    body, trailers = body_of(request)
    _verify_md5(request, body)
    return body, _verified({**request.headers, **trailers}, body)


def body_of(request: Request) -> tuple[bytes, dict[str, str]]:
    """Return the bytes sent and their trailers, checked against x-amz-content-sha256."""
    body = request.body
    declared = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    if declared == _TRAILER_MODE:
        return _unchunk(request)
    if declared.startswith("STREAMING-"):
        raise ApiError(501, "NotImplemented", f"{declared} is not supported")
    if declared != "UNSIGNED-PAYLOAD" and declared != digest("sha256", body).hex():
        raise ApiError(
            400, "XAmzContentSHA256Mismatch", "x-amz-content-sha256 is not that of the body."
        )
    return body, {}


def _verify_md5(request: Request, body: bytes) -> None:
    declared = request.headers.get("content-md5")
    if declared is None:
        return
    raw = unb64(declared)
    if raw is None or len(raw) != 16:
        raise ApiError(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
    if raw != digest("md5", body):
        raise ApiError(400, "BadDigest", "The Content-MD5 did not match what was received.")


def _verified(carried: dict[str, str], body: bytes) -> dict[str, str]:
    given = {
        name: carried[f"x-amz-checksum-{name}"]
        for name in ALGORITHMS
        if f"x-amz-checksum-{name}" in carried
    }
    if len(given) > 1:
        raise ApiError(400, "InvalidRequest", "Multiple checksum types are not allowed.")
    for name, value in given.items():
        raw = unb64(value)
        if raw is None or len(raw) != _LENGTHS[name]:
            message = f"Value for x-amz-checksum-{name} header is invalid."
            raise ApiError(400, "InvalidRequest", message)
        if value != b64digest(name, body):
            message = f"The {name.upper()} you specified did not match the calculated checksum."
            raise ApiError(400, "BadDigest", message)
    return given


def _unchunk(request: Request) -> tuple[bytes, dict[str, str]]:
    """Decode aws-chunked; "Signature calculations: chunked uploads with trailing headers"."""
    malformed = ApiError(400, "IncompleteBody", "The aws-chunked body is malformed.")
    body, at, whole = request.body, 0, bytearray()
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            raise malformed
        try:
            size = int(body[at:end].split(b";")[0], 16)
        except ValueError:
            raise malformed from None
        at = end + 2
        if size == 0:
            break
        if body[at + size : at + size + 2] != b"\r\n":
            raise malformed
        whole += body[at : at + size]
        at += size + 2
    if len(whole) != int(request.headers.get("x-amz-decoded-content-length", "-1")):
        raise malformed
    trailers: dict[str, str] = {}
    for line in body[at:].split(b"\r\n"):
        name, separator, value = line.decode("latin-1").partition(":")
        if separator:
            trailers[name.strip().lower()] = value.strip()
    if set(trailers) != set(filter(None, request.headers.get("x-amz-trailer", "").split(","))):
        raise ApiError(400, "MalformedTrailerError", "The trailers are not the announced ones.")
    return bytes(whole), trailers
