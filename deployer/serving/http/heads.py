"""Heads of requests and of responses, as they travel (RFC 9112)."""

import time
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import unquote

import httptools

from deployer.serving.http.messages import CLOSE
from deployer.serving.refusals import RefusedError, Status

__all__ = ["CONTINUE", "bad", "declared_length", "head", "header_name", "path_of"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_FIRST = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n" for each in HTTPStatus}

# Names as clients send them, kept as text; others join them as they come.
_NAMES = {
    form.encode(): name
    for name in (
        "accept", "accept-encoding", "authorization", "connection", "content-length",
        "content-type", "expect", "host", "inference-header-content-length", "traceparent",
        "transfer-encoding", "user-agent", "x-api-key", "x-request-id",
    )
    for form in (name, name.title())
}  # fmt: skip
_MOST_NAMES, _LONGEST_NAME = 512, 64


class _Clock:
    """The date of responses, written once a second (RFC 9110, 6.6.1)."""

    second = 0
    line = ""


def head(status: int, headers: Iterable[tuple[str, str]], length: int) -> bytes:
    """Return the head of a response.

    Args:
        status: of HTTP.
        headers: names and values, of Latin-1 without line breaks.
        length: bytes of the body that follows.

    """
    second = int(time.time())
    if second != _Clock.second:
        _Clock.second, _Clock.line = second, f"date: {formatdate(second, usegmt=True)}\r\n"
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    text = f"{_FIRST[status]}{lines}{_Clock.line}content-length: {length}\r\n\r\n"
    return text.encode("latin-1")


def header_name(raw: bytes) -> str:
    """Return the name of a header in lower case."""
    name = _NAMES.get(raw)
    if name is None:
        name = raw.decode("latin-1").lower()
        if len(_NAMES) < _MOST_NAMES and len(raw) < _LONGEST_NAME:
            _NAMES[raw] = name
    return name


def bad(message: str) -> RefusedError:
    """Return the refusal of what is no request; its connection is of no use any more."""
    return RefusedError(Status.BAD_REQUEST, message, (CLOSE,))


def path_of(target: bytes) -> str:
    """Return the decoded path of a request's target.

    Raises:
        RefusedError: 400; it has none.

    """
    if not target.startswith(b"/"):
        try:
            target = httptools.parse_url(target).path or b"/"
        except httptools.HttpParserInvalidURLError:
            raise bad("the target is no path") from None
    path = target.partition(b"?")[0].decode("latin-1")
    return unquote(path) if "%" in path else path


def declared_length(headers: Mapping[str, str]) -> int | None:
    """Return the length of a body, None if none is declared.

    Raises:
        RefusedError: 400; a proxy may have read another length (RFC 9112, 6.1 and 6.3).

    """
    given = headers.get("content-length")
    coded = headers.get("transfer-encoding")
    if coded is not None and (given is not None or coded.strip().lower() != "chunked"):
        raise bad("the length of the body is not clear")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit()):
        raise bad("the content-length is no number")
    return int(given)
