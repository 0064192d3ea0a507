"""How each cloud refuses, in its own words.

Sources: "Error responses", Amazon S3 API Reference; "HTTP status and error codes for JSON", Cloud
Storage documentation; "Status and error codes" and "Authorize with Shared Key", Azure Storage
services REST API reference.
"""

import calendar
import json
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from deployer.drills.proxy.heads import RequestHead

__all__ = ["CLOSE", "MAX_SKEW", "answer", "refusal", "skewed"]

CLOSE = {"Connection": "close"}

MAX_SKEW = 15 * 60.0
"""Seconds that a signature's time and the server's may differ, on S3 and on Azure."""

_S3 = {
    403: ("AccessDenied", "Access Denied"),
    404: ("NoSuchKey", "The specified key does not exist."),
    500: ("InternalError", "We encountered an internal error. Please try again."),
    503: ("SlowDown", "Please reduce your request rate."),
}
_AZURE = {
    403: ("AuthorizationFailure", "This request is not authorized to perform this operation."),
    404: ("BlobNotFound", "The specified blob does not exist."),
    500: ("InternalError", "The server encountered an internal error. Please retry the request."),
    503: ("ServerBusy", "The server is currently unable to receive requests."),
}
_GCS = {429: "rateLimitExceeded", 403: "forbidden", 404: "notFound", 503: "backendError"}

Refusal = tuple[dict[str, str], str]


def answer(status: int, headers: dict[str, str], length: int) -> bytes:
    """Return the head of an answer of ours."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    own = {name.lower() for name in headers}
    lines = [f"HTTP/1.1 {status} {phrase}"]
    if "date" not in own:
        lines.append(f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime())}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if "content-length" not in own and status not in {204, 304}:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def refusal(dialect: str, status: int) -> Refusal:
    """Return headers and body with which a cloud refuses with `status`; none without a dialect."""
    phrase = HTTPStatus(status).phrase if status in list(HTTPStatus) else "Unknown"
    if dialect == "s3":
        return _s3(*_S3.get(status, (phrase.replace(" ", ""), phrase)))
    if dialect == "azure":
        return _azure(*_AZURE.get(status, (phrase.replace(" ", ""), phrase)))
    if dialect == "gcs":
        reason = _GCS.get(status, "invalid")
        error = {"domain": "global", "reason": reason, "message": phrase}
        document = {"error": {"code": status, "message": phrase, "errors": [error]}}
        return {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(document)
    return {}, ""


def skewed(dialect: str, head: RequestHead, now: float) -> tuple[int, dict[str, str], str] | None:
    """Return the refusal of a request that is signed too far from the server's time.

    Google's clients sign no time, so it refuses none.

    Args:
        dialect: of the cloud.
        head: the request's.
        now: the server's time, in seconds since 1970.

    Returns:
        status, headers and body; None if it is not refused.

    """
    signed = _signed_at(dialect, head)
    if signed is None or abs(signed - now) <= MAX_SKEW:
        return None
    if dialect == "s3":
        headers, body = _s3(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            f"<RequestTime>{_basic(signed)}</RequestTime><ServerTime>{_extended(now)}</ServerTime>"
            f"<MaxAllowedSkewMilliseconds>{MAX_SKEW * 1000:.0f}</MaxAllowedSkewMilliseconds>",
        )
    else:
        headers, body = _azure(
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization "
            "header is formed correctly including the signature.",
            "<AuthenticationErrorDetail>Request date header too old: "
            f"'{_rfc(signed)}'</AuthenticationErrorDetail>",
        )
    return 403, headers, body


def _signed_at(dialect: str, head: RequestHead) -> float | None:
    fields = head.fields
    if dialect == "s3":
        named = fields.get(b"x-amz-date", b"").decode("latin-1")
        if not named:
            named = parse_qs(urlsplit(head.target).query).get("X-Amz-Date", [""])[0]
        if b"authorization" not in fields and not named:
            return None
        return _moment(named or fields.get(b"date", b"").decode("latin-1"))
    if dialect == "azure" and fields.get(b"authorization", b"").startswith(b"SharedKey"):
        return _moment((fields.get(b"x-ms-date") or fields.get(b"date", b"")).decode("latin-1"))
    return None


def _moment(text: str) -> float | None:
    try:
        return float(calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ")))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def _s3(code: str, message: str, more: str = "") -> Refusal:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}"
        "<RequestId>DRILL</RequestId><HostId>drill</HostId></Error>"
    )
    return {"Content-Type": "application/xml"}, body


def _azure(code: str, message: str, more: str = "") -> Refusal:
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}</Error>"
    )
    return {"Content-Type": "application/xml", "x-ms-error-code": code}, body


def _basic(moment: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))


def _extended(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _rfc(moment: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(moment))
