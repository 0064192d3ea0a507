"""Requests and responses of HTTP, whatever server or cloud they come through."""

import sys
import traceback
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from deployer.serving.models import Served
from deployer.serving.refusals import RefusedError, Status
from infra.contract import DIGEST_HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CLOSE", "JSON", "Headers", "Response", "broken", "digests", "refusal", "too_large"]

CLOSE = ("connection", "close")
"""What is not read is not waited for either: the connection ends with the response."""

JSON = ("content-type", "application/json")
_ENCODE = msgspec.json.Encoder().encode


class Headers(Protocol):
    """Headers of a request, by name in lower case; a mapping is one."""

    def get(self, key: str, /) -> str | None:
        """Return the value of a header, None if it was not sent."""


class Response(NamedTuple):
    """What a request is told.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: all of it.
        rows: answered.
        served: what answered; None if no model did.
        error: kind of the failure, for the metrics; "" for none.

    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    rows: int = 0
    served: Served | None = None
    error: str = ""


_KINDS = {
    400: "bad_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 408: "timeout", 413: "too_large", 415: "unsupported",
    431: "headers_too_large", 500: "broken", 503: "unavailable",
}  # fmt: skip


def refusal(error: RefusedError) -> Response:
    """Return the response to a request that is refused: ``{"error": "…"}``."""
    status = int(error.status)
    return Response(
        status,
        [JSON, *error.headers],
        _ENCODE({"error": error.message}),
        error=_KINDS.get(status, "other"),
    )


def too_large(most: int) -> RefusedError:
    """Return the refusal of a body of more than `most` bytes."""
    return RefusedError(Status.TOO_LARGE, f"the body has more than {most} bytes", (CLOSE,))


def broken(error: Exception) -> Response:
    """Return the response to a request that broke something; the operator is told what."""
    traceback.print_exception(error, file=sys.stderr)
    return refusal(RefusedError(Status.BROKEN, "the server failed; its log says why"))


def digests(served: "Sequence[Served]") -> tuple[str, str]:
    """Return the header that says what answered."""
    return DIGEST_HEADER, ", ".join(each.digest for each in served)
