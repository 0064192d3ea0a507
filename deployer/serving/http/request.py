"""A request of HTTP while it is being answered, and who answers it."""

from typing import TYPE_CHECKING, Any, Protocol

from deployer.serving.http.messages import Response

if TYPE_CHECKING:
    from asyncio import Future

__all__ = ["Handler", "Request"]


class Request:
    """One request.

    Attributes:
        method: of HTTP.
        path: decoded, without the query.
        headers: by name in lower case; a header that is sent twice has both values, after a comma.
        client: address and port that it came from: the last proxy's, if there is one.
        begun: `time.perf_counter` when its head was there.
        keep: whether its connection can take another request after it.
        note: what its handler keeps with it.

    """

    __slots__ = ("begun", "client", "headers", "keep", "method", "note", "path")

    def __init__(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        client: str,
        begun: float,
        *,
        keep: bool = True,
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.client = client
        self.begun = begun
        self.keep = keep
        self.note: Any = None


class Handler(Protocol):
    """What answers requests. Nothing that it is asked may raise."""

    def admit(self, request: Request) -> Response | None:
        """Look at a request whose body is still to come; a response refuses it."""

    def answer(self, request: Request, body: bytes) -> "Response | Future[Response]":
        """Answer a request that was admitted, now or later."""

    def ended(self, request: Request, response: Response | None) -> None:
        """Take note of the end of a request that was looked at.

        Args:
            request: that ended, admitted or not.
            response: that is about to be sent, whose headers may be added to; None if the client
                is gone.

        """
