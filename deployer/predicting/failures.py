"""What a refusal means for whoever asked, and what to do about it."""

import json
from collections.abc import Callable

from deployer.errors import (
    CloudError,
    CredentialsError,
    DeployerError,
    FailedError,
    MissingError,
    TimedOutError,
    UsageError,
)

__all__ = ["KEY_VARIABLE", "TooLargeError", "TooSlowError", "refusal", "said", "unreachable"]

KEY_VARIABLE = "DEPLOYER_API_KEY"

_SHOWN = 500
_KEY_NEEDED = f"put the key into the environment variable {KEY_VARIABLE}"
_KEY_WRONG = (
    f"the key in {KEY_VARIABLE} is not one of this endpoint's; "
    "make one there with: deployer key api new NAME"
)


class TooLargeError(UsageError):
    """More rows, or more bytes, than the server takes at once."""


class TooSlowError(TimedOutError):
    """Not answered in the time that the server, or a router before it, allows."""


def said(body: bytes) -> str:
    """Return what the body of an error says, in one line; "" if it says nothing.

    The protocol has ``{"error": "…"}``; others say ``message`` or ``detail``, and proxies plain
    text or a page.
    """
    text = body.decode(errors="replace").strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        found = next((document[k] for k in ("error", "message", "detail") if k in document), text)
        text = found if isinstance(found, str) else json.dumps(found)
    elif text.startswith("<"):
        return ""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def refusal(
    status: int,
    body: bytes,
    *,
    where: str,
    keyed: bool,
    location: str = "",
    models: Callable[[], str] = lambda: "",
) -> DeployerError:
    """Return the error that a response with `status` stands for.

    Args:
        status: of the response, not 200.
        body: of the response.
        where: the address that was asked.
        keyed: whether a key was sent.
        location: where a redirect points.
        models: tells, for a model that is not there, which are; "" if nobody knows.

    """
    message = said(body) or f"the server answered with status {status}"
    match status:
        case 400 | 415 | 422:
            return UsageError(message, where=where, hint="the server says what it wants instead")
        case 401 | 403:
            return CredentialsError(message, where=where, hint=_KEY_WRONG if keyed else _KEY_NEEDED)
        case 404:
            return MissingError(
                message, where=where, hint=models() or "is it the address of an endpoint?"
            )
        case 413:
            return TooLargeError(
                message, where=where, hint="send fewer rows at once, such as --batch-rows 1000"
            )
        case 408 | 504:
            return TooSlowError(
                message, where=where, hint="send fewer rows at once, or wait longer"
            )
        case 429 | 502 | 503:
            return CloudError(message, where=where, hint="try again in a moment")
        case 301 | 302 | 303 | 307 | 308:
            # Followed, it would take the rows and the key to whoever the answer names.
            target = location.rpartition("@")[2].partition("?")[0]
            return UsageError(
                f"redirects to {target or 'another address'}, which is not followed",
                where=where,
                hint="name the address that answers",
            )
    return FailedError(message, where=where, hint="the server's log says more")


def unreachable(error: Exception, *, where: str, host: str, seconds: float) -> DeployerError:
    """Return the error that a request without a response stands for.

    Args:
        error: one of urllib3's.
        where: the address that was asked.
        host: its name.
        seconds: that the whole call might take.

    """
    from urllib3 import exceptions as http  # noqa: PLC0415 - slow to import

    match error:
        case http.NameResolutionError():
            return CloudError(
                f"no such host: {host}", where=where, hint="check the name, and your network"
            )
        # Before the next case: to urllib3 it is a timeout, too.
        case http.NewConnectionError():
            return CloudError(
                f"cannot connect: {_reason(error)}",
                where=where,
                hint="is it running? start it with: deployer serve NAME@ALIAS",
            )
        case http.ConnectTimeoutError() | http.ReadTimeoutError():
            return TimedOutError(
                f"no answer within {seconds:g} s",
                where=where,
                hint="is the server overloaded? send fewer rows at once, or wait longer",
            )
        case http.ProxyError():
            return CloudError(
                "the proxy does not let us through", where=where, hint="check HTTPS_PROXY, NO_PROXY"
            )
        case http.SSLError():
            return CloudError(
                f"no trust in its certificate: {_reason(error)}",
                where=where,
                hint="SSL_CERT_FILE names a file of authorities that you trust",
            )
    return CloudError(
        "the connection broke before the answer was whole", where=where, hint="try again"
    )


def _reason(error: BaseException) -> str:
    """Return the system's own words for what is behind an error."""
    last: BaseException = error
    while (deeper := last.__cause__ or last.__context__) is not None:
        last = deeper
    return str(getattr(last, "strerror", None) or last).lower()
