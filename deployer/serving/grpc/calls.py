"""What happens around a method: who asks, what is told, counted and traced."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from deployer.serving.grpc.service import Method, Reply
from deployer.serving.grpc.statuses import attributes_of, code_of, kind_of
from deployer.serving.http.access_log import AccessLog
from deployer.serving.http.account import Account
from deployer.serving.refusals import RefusedError, Status
from deployer.serving.telemetry.metrics import Telemetry
from deployer.serving.telemetry.tracing import Span
from deployer.settings import ServeSettings
from infra.contract import DIGEST_HEADER, EXPECT_HEADER

if TYPE_CHECKING:
    from deployer.serving.auth.check import Authenticator

__all__ = ["Calls"]

# What nginx writes for a client that went away.
_CANCELLED = 499
_METHOD = "GRPC"
_LOG = logging.getLogger(__name__)


class _Outcome:
    """How a call ended."""

    __slots__ = ("refusal", "reply", "who")

    def __init__(self) -> None:
        self.who = ""
        self.reply: Reply | None = None
        self.refusal: RefusedError | None = None

    @property
    def status(self) -> int:
        if self.reply is not None:
            return 200
        return _CANCELLED if self.refusal is None else int(self.refusal.status)

    @property
    def kind(self) -> str:
        if self.reply is not None:
            return ""
        return "cancelled" if self.refusal is None else kind_of(self.refusal)

    @property
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK if self.refusal is None else code_of(self.refusal.status)


class Calls:
    """Answers calls.

    Args:
        settings: how long a request may take to arrive.
        authenticator: says who may ask.
        telemetry: counts.
        log: takes a line of each call; None for no log.

    """

    def __init__(
        self,
        settings: ServeSettings,
        authenticator: "Authenticator",
        telemetry: Telemetry,
        log: AccessLog | None,
    ) -> None:
        self._timeout = settings.body_timeout
        self._authenticator = authenticator
        self._telemetry = telemetry
        self._log = log
        self._names = Account(telemetry, None)
        self._open = asyncio.Event()
        self._open.set()

    def hold(self) -> None:
        """Have calls that come from now on wait for :meth:`go_on`."""
        self._open.clear()

    def go_on(self) -> None:
        """Answer the calls that wait."""
        self._open.set()

    async def answer(self, route: str, method: Method, requests: Any, context: Any) -> bytes:
        """Answer a call of `method`, whose full name is `route`; however it ends, it is counted."""
        started = time.perf_counter()
        self._telemetry.begin()
        outcome = _Outcome()
        metadata = _metadata(context)
        try:
            await self._open.wait()
            with self._telemetry.span(
                route[1:], metadata.get("traceparent"), **attributes_of(route)
            ) as span:
                await self._attempt(method, metadata, context, outcome)
                _describe(span, outcome)
            if outcome.reply is None:
                refusal = outcome.refusal
                assert refusal is not None  # noqa: S101 - one or the other
                await context.abort(outcome.code, refusal.message, refusal.headers)
                raise AssertionError  # abort() has raised
            return outcome.reply.body
        finally:
            self._end(route, metadata, context, outcome, time.perf_counter() - started)

    async def _attempt(
        self, method: Method, metadata: Mapping[str, str], context: Any, outcome: _Outcome
    ) -> None:
        try:
            if not method.open:
                outcome.who = self._authenticator.check(
                    metadata.get("authorization"), metadata.get("x-api-key")
                )
            body = await self._body(context)
            reply = await method.answer(body, metadata.get(EXPECT_HEADER, ""))
            if reply.served is not None:
                told = ((DIGEST_HEADER, reply.served.digest),)
                await context.send_initial_metadata(told)
                context.set_trailing_metadata(told)
            outcome.reply = reply
        except RefusedError as error:
            outcome.refusal = error
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            _LOG.exception("a request over gRPC failed")
            outcome.refusal = RefusedError(Status.BROKEN, "the server failed")

    async def _body(self, context: Any) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                body: bytes = await context.read()
        except TimeoutError as error:
            raise RefusedError(Status.TIMEOUT, "the request took too long to arrive") from error
        if body is grpc.aio.EOF:
            raise RefusedError(Status.BAD_REQUEST, "the request has no message, or one too large")
        return body

    def _end(
        self,
        route: str,
        metadata: Mapping[str, str],
        context: Any,
        outcome: _Outcome,
        seconds: float,
    ) -> None:
        served = outcome.reply.served if outcome.reply is not None else None
        name, digest = ("", "") if served is None else (served.name, served.digest)
        rows = 0 if outcome.reply is None else outcome.reply.rows
        self._telemetry.end(
            route=route,
            method=_METHOD,
            status=outcome.status,
            seconds=seconds,
            model=name,
            rows=rows,
            error=outcome.kind,
        )
        if self._log is not None:
            self._log.add(
                (
                    time.time() - seconds,
                    _METHOD,
                    route,
                    outcome.status,
                    seconds,
                    _address(context),
                    self._names.name(metadata),
                    outcome.who,
                    name,
                    digest,
                    rows,
                )
            )


def _describe(span: Span, outcome: _Outcome) -> None:
    span.set_attribute("rpc.grpc.status_code", outcome.code.value[0])
    served = outcome.reply.served if outcome.reply is not None else None
    if outcome.reply is not None and served is not None:
        span.set_attribute("deployer.model", served.name)
        span.set_attribute("deployer.version", served.version)
        span.set_attribute("deployer.digest", served.digest)
        span.set_attribute("deployer.rows", outcome.reply.rows)


def _address(context: Any) -> str:
    """Return a client's address; gRPC says ``ipv4:127.0.0.1:1234`` or ``ipv6:%5B::1%5D:1234``."""
    kind, _, rest = context.peer().partition(":")
    if kind not in ("ipv4", "ipv6"):
        return str(kind)
    return str(rest.rpartition(":")[0].removeprefix("%5B").removesuffix("%5D"))


def _metadata(context: Any) -> dict[str, str]:
    return {
        key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)
    }
