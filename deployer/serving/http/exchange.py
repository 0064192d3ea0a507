"""One exchange with a client of Granian: a bounded body in, a response out.

The protocol is RSGI: https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
"""

import asyncio
from typing import Any, Protocol

import msgspec

from deployer.serving.http.messages import JSON, Headers, Response, refusal
from deployer.serving.refusals import RefusedError, Status

__all__ = [
    "CLOSE",
    "Transport",
    "declared_length",
    "read_body",
    "refuse",
    "send",
    "send_json",
    "too_large",
    "too_slow",
]

CLOSE = ("connection", "close")
"""What is not read is not waited for either: the connection ends with the response."""

_ENCODE = msgspec.json.Encoder().encode
_LONGEST_NUMBER = 18


class Transport(Protocol):
    """Granian's half of an exchange."""

    async def __call__(self) -> bytes:
        """Return the whole body."""

    def __aiter__(self) -> Any:
        """Return the body piece by piece."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer."""


def declared_length(headers: Headers) -> int | None:
    """Return the length of the body, None if none is declared.

    Raises:
        RefusedError: 400, it is no number.

    """
    given = headers.get("content-length")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= _LONGEST_NUMBER):
        raise RefusedError(Status.BAD_REQUEST, "the content-length is no number", (CLOSE,))
    return int(given)


async def read_body(proto: Transport, headers: Headers, *, most: int, seconds: float) -> bytes:
    """Return the body of a request, never holding more than `most` bytes of it.

    Args:
        proto: of the request.
        headers: of the request.
        most: bytes.
        seconds: in which all of it must have come.

    Raises:
        RefusedError: 413, it is larger, by its declared length without reading any of it; 408, it
            came too slowly; 400, its length is no number. The connection is to be closed.

    """
    declared = declared_length(headers)
    if declared is None and headers.get("transfer-encoding") is None:
        return b""
    if declared is not None and declared > most:
        raise too_large(most)
    try:
        async with asyncio.timeout(seconds):
            if declared is not None:
                return await proto()
            parts, size = [], 0
            async for part in proto:
                size += len(part)
                if size > most:
                    raise too_large(most)
                parts.append(part)
            return b"".join(parts)
    except TimeoutError as error:
        raise too_slow(seconds) from error


def too_large(most: int) -> RefusedError:
    """Return the refusal of a body of more than `most` bytes."""
    return RefusedError(Status.TOO_LARGE, f"the body has more than {most} bytes", (CLOSE,))


def too_slow(seconds: float) -> RefusedError:
    """Return the refusal of a body that did not come within `seconds`."""
    return RefusedError(
        Status.TIMEOUT, f"the body did not come within {seconds:g} seconds", (CLOSE,)
    )


def send(proto: Transport, response: Response) -> None:
    """Send a response."""
    proto.response_bytes(response.status, response.headers, response.body)


def send_json(proto: Transport, document: Any, *, status: int = 200) -> None:
    """Send a document."""
    proto.response_bytes(status, [JSON], _ENCODE(document))


def refuse(proto: Transport, error: RefusedError) -> None:
    """Send a refusal: ``{"error": "…"}``."""
    send(proto, refusal(error))
