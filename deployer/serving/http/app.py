"""What answers requests of HTTP: `Core`, with its accounts, its limits and its threads."""

import os
import time
from typing import TYPE_CHECKING

from deployer.serving.auth.check import Authenticator
from deployer.serving.http.access_log import AccessLog
from deployer.serving.http.account import Account
from deployer.serving.http.aside import Aside, answered
from deployer.serving.http.core import Core
from deployer.serving.http.messages import CLOSE, Response, broken, refusal
from deployer.serving.http.request import Request
from deployer.serving.http.routes import Found
from deployer.serving.models import Models
from deployer.serving.refusals import RefusedError, Status
from deployer.settings import ServeSettings

if TYPE_CHECKING:
    import asyncio

    from deployer.serving.telemetry.metrics import Telemetry

__all__ = ["ASIDE", "App"]

ASIDE = 32 * 1024
"""Bodies of more bytes are answered beside the loop, so that health checks need not wait: JSON of
this size, some 50 rows of 64 numbers or 600 of eight cells, takes 1 to 3 ms."""

_MOST_ASIDE = 32
_MOST_AT_ONCE = 1024
_GONE = 499  # nginx's status of a client that went away
_BUSY = RefusedError(
    Status.UNAVAILABLE, "too many requests at once: try again", (("retry-after", "1"), CLOSE)
)


class _Note:
    """What is known of a request.

    Attributes:
        found: its route.
        who: asks.
        counted: whether it is one of those that are answered at once.
        aside: whether it is answered beside the loop.

    """

    __slots__ = ("aside", "counted", "found", "who")

    def __init__(self, found: Found) -> None:
        self.found = found
        self.who = ""
        self.counted = False
        self.aside = False


class App:
    """Answers requests with models.

    Args:
        models: that answer.
        settings: limits and open routes.
        authenticator: who is answered.
        telemetry: what is counted.

    """

    def __init__(
        self,
        models: Models,
        settings: ServeSettings,
        authenticator: Authenticator,
        telemetry: "Telemetry",
    ) -> None:
        self._core = Core(models, settings, authenticator, telemetry, os.environ)
        self._telemetry = telemetry
        self._aside = Aside(self._core)
        self._many = 0
        self._at_once = 0
        self._log = AccessLog() if settings.access_log else None
        self._account = Account(telemetry, self._log)

    def admit(self, request: Request) -> Response | None:
        """Find who asks what; refuse whom or what is not answered."""
        self._telemetry.begin()
        request.note = note = _Note(self._core.routes.find(request.path))
        try:
            note.who = self._core.admit(note.found, request.method, request.headers)
            if note.found.route.post:
                if self._at_once >= _MOST_AT_ONCE:
                    raise _BUSY
                self._at_once += 1
                note.counted = True
        except RefusedError as error:
            return refusal(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            return broken(error)
        return None

    def answer(self, request: Request, body: bytes) -> "Response | asyncio.Future[Response]":
        """Answer a request, at once or beside the loop."""
        note: _Note = request.note
        if len(body) <= ASIDE:
            return answered(self._core.answer, note.found, request.headers, body)
        if self._many >= _MOST_ASIDE:
            return refusal(_BUSY)
        self._many += 1
        note.aside = True
        return self._aside.answer(note.found, request.headers, body)

    def ended(self, request: Request, response: Response | None) -> None:
        """Name a request in its response, and keep what is to be known of it."""
        note: _Note = request.note
        self._at_once -= note.counted
        self._many -= note.aside
        request_id = self._account.name(request.headers)
        if response is None:
            response = Response(_GONE, [], b"", error="gone")
        else:
            response.headers.append(("x-request-id", request_id))
        self._account.end(
            note.found,
            response,
            method=request.method,
            seconds=time.perf_counter() - request.begun,
            client=request.client,
            request_id=request_id,
            who=note.who,
        )

    def close(self) -> None:
        """Write what is left of the access log, and end threads and processes."""
        self._aside.close()
        if self._log is not None:
            self._log.close()
