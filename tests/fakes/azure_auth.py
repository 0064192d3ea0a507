"""Who may call the Azure Blob dialect: Shared Key and service SAS, both verified.

"Authorize with Shared Key" and "Create a service SAS" in the Azure Storage REST reference.
The account is the well-known one of the storage emulators; its key is public.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.fakes.common import ApiError

if TYPE_CHECKING:
    from tests.fakes.wire import Request

ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
DENIED_ACCOUNT = "denied"

_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_SKEW = timedelta(minutes=15)
_READS = {"GetBlob", "GetBlobProperties", "GetBlockList"}
_WRITES = {"PutBlob", "PutBlock", "PutBlockList"}


def _failed(detail: str) -> ApiError:
    message = "Server failed to authenticate the request."
    return ApiError(403, "AuthenticationFailed", message, details={"Detail": detail})


def authenticate(request: Request, account: str) -> None:
    """Let the request in, or raise what the service answers."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer":
        _bearer(credential)
        return
    if not scheme and "sig" in request.query:
        _shared_access(request, account)
    elif not scheme:
        message = "Server failed to authenticate the request. Please refer to the information."
        raise ApiError(401, "NoAuthenticationInformation", message)
    else:
        name, _, signature = credential.partition(":")
        if scheme != "SharedKey" or account not in {ACCOUNT, DENIED_ACCOUNT} or name != account:
            raise _failed("The account is not known.")
        _check_date(request)
        if not hmac.compare_digest(_sign(_string_to_sign(request, account)), signature):
            raise _failed("The MAC signature is not the same as the computed one.")
    if account == DENIED_ACCOUNT:
        message = "This request is not authorized to perform this operation."
        raise ApiError(403, "AuthorizationPermissionMismatch", message)


def _bearer(token: str) -> None:
    if token == "expired":
        raise ApiError(401, "InvalidAuthenticationInfo", "The token is expired.")
    if token == "denied":
        message = "This request is not authorized to perform this operation."
        raise ApiError(403, "AuthorizationPermissionMismatch", message)


def _check_date(request: Request) -> None:
    text = request.headers.get("x-ms-date") or request.headers.get("date", "")
    try:
        sent = parsedate_to_datetime(text)
    except ValueError:
        raise _failed("x-ms-date is missing or malformed.") from None
    if abs(datetime.now(UTC) - sent) > _SKEW:
        raise _failed("The request date header is too far off.")


def _sign(text: str) -> str:
    key = base64.b64decode(ACCOUNT_KEY)
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()


def _collated(name: str) -> tuple[str, str]:
    """Order header names as the service does: hyphens count last, underscores first."""
    return name.replace("-", "").replace("_", "\x01"), name


def _string_to_sign(request: Request, account: str) -> str:
    headers = request.headers
    lines = [request.method, *(headers.get(name, "") for name in _SIGNED_HEADERS)]
    if headers.get("content-length") == "0":
        lines[1 + _SIGNED_HEADERS.index("content-length")] = ""
    if "x-ms-date" in headers:
        lines[1 + _SIGNED_HEADERS.index("date")] = ""
    names = sorted((name for name in headers if name.startswith("x-ms-")), key=_collated)
    lines += [f"{name}:{headers[name]}" for name in names]
    pairs = [item.partition("=") for item in request.query_string.split("&") if item]
    resource = [f"/{account}{request.raw_path}"]
    resource += [f"{name.lower()}:{unquote(value)}" for name, _, value in sorted(pairs)]
    return "\n".join([*lines, *resource])


def _shared_access(request: Request, account: str) -> None:
    """Verify the signature of a service SAS, then its time span and its permissions."""
    query = request.query
    scope = request.bucket if query.get("sr") == "c" else f"{request.bucket}/{request.key}"
    fields = ["sp", "st", "se", None, "si", "sip", "spr", "sv", "sr", "snapshot", "ses"]
    fields += ["rscc", "rscd", "rsce", "rscl", "rsct"]
    text = "\n".join(
        f"/blob/{account}/{scope}" if name is None else query.get(name, "") for name in fields
    )
    if not hmac.compare_digest(_sign(text), query["sig"]):
        raise _failed("Signature did not match.")
    now = datetime.now(UTC)
    if now >= _moment(query.get("se", "")) or ("st" in query and now < _moment(query["st"])):
        raise _failed("Signature not valid in the specified time frame.")
    needed = {"ListBlobs": "l", "DeleteBlob": "d"}.get(request.operation, "")
    needed = "r" if request.operation in _READS else needed
    needed = "wc" if request.operation in _WRITES else needed
    if not set(needed) & set(query.get("sp", "")):
        message = "This request is not authorized to perform this operation using this permission."
        raise ApiError(403, "AuthorizationPermissionMismatch", message)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _failed("se is not well formed.") from None
