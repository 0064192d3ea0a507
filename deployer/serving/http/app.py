"""The RSGI application that Granian calls for every request."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from deployer.serving.auth.check import Authenticator
from deployer.serving.http.access_log import AccessLog
from deployer.serving.http.account import Account
from deployer.serving.http.bodies import Bodies
from deployer.serving.http.core import Core
from deployer.serving.http.exchange import CLOSE, Transport
from deployer.serving.http.messages import Headers, Response, broken, refusal
from deployer.serving.http.routes import Found
from deployer.serving.models import Models
from deployer.serving.refusals import RefusedError, Status
from deployer.settings import ServeSettings

if TYPE_CHECKING:
    from deployer.serving.telemetry.metrics import Telemetry

__all__ = ["ASIDE", "App"]

ASIDE = 32 * 1024
"""Bodies of more bytes are answered beside the loop, so that health checks need not wait: JSON of
this size, some 50 rows of 64 numbers or 600 of eight cells, takes 1 to 3 ms."""

_THREADS = 2
_MOST_ASIDE = 32
_MOST_AT_ONCE = 1024
_GONE = 499  # nginx's status of a client that went away
_BUSY = RefusedError(
    Status.UNAVAILABLE, "too many requests at once: try again", (("retry-after", "1"), CLOSE)
)


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
        self._bodies = Bodies(most=settings.max_body, seconds=settings.body_timeout)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="infer")
        self._aside = 0
        self._at_once = 0
        self._log = AccessLog() if settings.access_log else None
        self._account = Account(telemetry, self._log)

    async def __rsgi__(self, scope: Any, proto: Transport) -> None:
        """Answer one request."""
        begun = time.perf_counter()
        self._telemetry.begin()
        headers: Headers = scope.headers
        method: str = scope.method
        found = self._core.routes.find(scope.path)
        who = ""
        gone = Response(_GONE, [], b"", error="gone")
        response = gone
        try:
            who = self._core.admit(found, method, headers)
            if found.route.post:
                response = await self._post(found, headers, proto)
            else:
                response = self._core.answer(found, headers, b"")
        except RefusedError as error:
            response = refusal(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            # Granian's own name for a client that went away; it cannot be imported from a fake.
            if type(error).__name__ != "RSGIProtocolClosed":
                response = broken(error)
        finally:
            request_id = self._account.name(headers)
            if response is not gone:
                response.headers.append(("x-request-id", request_id))
                proto.response_bytes(response.status, response.headers, response.body)
            self._account.end(
                found,
                response,
                method=method,
                seconds=time.perf_counter() - begun,
                client=scope.client,
                request_id=request_id,
                who=who,
            )

    def close(self) -> None:
        """Write what is left of the access log, and end the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._log is not None:
            self._log.close()

    async def _post(self, found: Found, headers: Headers, proto: Transport) -> Response:
        if self._at_once >= _MOST_AT_ONCE:
            raise _BUSY
        self._at_once += 1
        body = b""
        try:
            body = await self._bodies.read(proto, headers)
            if len(body) <= ASIDE:
                return self._core.answer(found, headers, body)
            return await self._beside(found, headers, body)
        finally:
            self._bodies.done(body)
            self._at_once -= 1

    async def _beside(self, found: Found, headers: Headers, body: bytes) -> Response:
        if self._aside >= _MOST_ASIDE:
            raise _BUSY
        self._aside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._pool, self._core.answer, found, headers, body
            )
        finally:
            self._aside -= 1
