"""Answers that take long, made beside the loop: JSON read by another process, models in threads."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from deployer.serving.http.core import JSON_LENGTH, Asked, Core
from deployer.serving.http.messages import Headers, Response, broken, refusal
from deployer.serving.http.pace import Pace
from deployer.serving.http.routes import Found
from deployer.serving.longjson.reader import JsonReader
from deployer.serving.protocol.many import ManyRequest
from deployer.serving.protocol.rest import infer_request
from deployer.serving.refusals import RefusedError

__all__ = ["Aside", "answered"]

_THREADS = 2
_MEMORY = 256 * 1024 * 1024
"""Bytes shared with the process that reads JSON; what is never written to takes none."""

_Future = asyncio.Future[Response]


def answered(act: Callable[..., Response], *given: Any) -> Response:
    """Return the response that `act` returns, or that tells what it raises."""
    try:
        return act(*given)
    except RefusedError as error:
        return refusal(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
        return broken(error)


class Aside:
    """Answers without making others wait.

    Args:
        core: answers.

    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="infer")
        self._reader = JsonReader(_MEMORY)
        self._pace = Pace()

    def answer(self, found: Found, headers: Headers, body: bytes) -> _Future:
        """Answer a request that was admitted."""
        future: _Future = asyncio.get_running_loop().create_future()
        if found.route.action != "infer":
            self._in_thread(future, self._core.answer, found, headers, body)
            return future

        def read(many: ManyRequest | None, failed: bool) -> None:
            if many is not None:
                self._infer(future, found, headers, self._asked(many))
            else:
                # What ended one process must not end this one: simdjson does not see it again.
                self._in_thread(future, self._timed, found, headers, body, not failed)

        if headers.get(JSON_LENGTH) is not None or not self._reader.read(body, read):
            self._in_thread(future, self._timed, found, headers, body)
        return future

    def _asked(self, many: ManyRequest) -> Asked:
        try:
            return infer_request(many, self._core.limits)
        except RefusedError as error:
            return error

    def _infer(self, future: _Future, found: Found, headers: Headers, asked: Asked) -> None:
        if isinstance(asked, RefusedError) or self._pace.is_quick(found.model, _rows(asked)):
            future.set_result(answered(self._timed, found, headers, asked))
        else:
            self._in_thread(future, self._timed, found, headers, asked)

    def _timed(self, found: Found, headers: Headers, asked: Asked, quick: bool = True) -> Response:
        began = time.perf_counter()
        response = self._core.infer(found, headers, asked, quick=quick)
        self._pace.seen(found.model, response.rows, time.perf_counter() - began)
        return response

    def _in_thread(self, future: _Future, act: Callable[..., Response], *given: Any) -> None:
        loop = asyncio.get_running_loop()

        def work() -> None:
            response = answered(act, *given)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_settle, future, response)

        self._pool.submit(work)

    def close(self) -> None:
        """End the process and the threads."""
        self._reader.close()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _rows(asked: Asked) -> int:
    """Return how many rows are asked about; 0 if that is not known yet."""
    if isinstance(asked, bytes | RefusedError) or not asked.inputs:
        return 0
    shape = asked.inputs[0].data.shape
    return shape[0] if shape else 0


def _settle(future: _Future, response: Response) -> None:
    if not future.done():
        future.set_result(response)
