"""Why a request gets no answer, in the words and numbers of HTTP; gRPC maps the numbers."""

from enum import IntEnum

__all__ = ["RefusedError", "Status"]


class Status(IntEnum):
    """The statuses that a request can be refused with (RFC 9110)."""

    BAD_REQUEST = 400
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD_NOT_ALLOWED = 405
    TIMEOUT = 408
    TOO_LARGE = 413
    UNSUPPORTED = 415
    HEADERS_TOO_LARGE = 431
    BROKEN = 500
    UNAVAILABLE = 503


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: of the response.
        message: one line for the client: what is wrong, where, what to send instead.
        headers: more headers of the response, names in lower case.

    """

    def __init__(
        self, status: Status, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
