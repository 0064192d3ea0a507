"""The gRPC server of a process, on the loop that runs."""

import asyncio
import functools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from deployer.serving.grpc.calls import Calls
from deployer.serving.grpc.service import Method, Service
from deployer.serving.http.access_log import AccessLog
from deployer.serving.models import Models
from deployer.serving.protocol.limits import Limits
from deployer.serving.telemetry.metrics import Telemetry
from deployer.settings import ServeSettings

if TYPE_CHECKING:
    from deployer.serving.auth.check import Authenticator


__all__ = ["GrpcServer"]

HOLD = 0.2  # seconds; a call that comes so shortly before the end waits for it
_SENT = 0.01  # seconds for the library to tell its connections of the end

_CALLS = 1000
_STREAMS = 256


class GrpcServer:
    """Answers the Open Inference Protocol over gRPC.

    Args:
        models: that answer.
        settings: limits.
        authenticator: says who may ask.
        telemetry: counts.

    """

    def __init__(
        self,
        models: Models,
        settings: ServeSettings,
        authenticator: "Authenticator",
        telemetry: Telemetry,
    ) -> None:
        self._settings = settings
        limits = Limits(settings.max_rows, settings.max_depth)
        self._methods = Service(models, limits, telemetry).methods()
        self._log = AccessLog() if settings.access_log else None
        self._calls = Calls(settings, authenticator, telemetry, self._log)
        self._server: grpc.aio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port; 0 takes a free one.

        Several processes may listen on the same port; the system spreads connections over them.

        Raises:
            OSError: the port cannot be had.

        """
        self._server = server = grpc.aio.server(
            options=_options(self._settings), maximum_concurrent_rpcs=_CALLS
        )
        server.add_generic_rpc_handlers((_Handlers(self._methods, self._calls.answer),))
        try:
            bound = int(server.add_insecure_port(f"{_bracketed(host)}:{port}"))
        except RuntimeError as error:
            raise OSError(f"cannot listen on {host}:{port}") from error
        await server.start()
        return bound

    async def stop(self, grace: float) -> None:
        """Take no more requests; return when those under way have ended, or after `grace` seconds.

        The library drops calls that have come and that it has not handed over yet. A client that
        waits for an answer calls nobody meanwhile: so the last calls are held until their
        connections are told to end, and are answered after that.
        """
        server, self._server = self._server, None
        if server is not None:
            begun = time.monotonic()
            self._calls.hold()
            try:
                await asyncio.sleep(min(HOLD, grace / 2))
                left = max(grace - (time.monotonic() - begun), 0)
                stopping = asyncio.create_task(server.stop(left))
                await asyncio.sleep(_SENT)
            finally:
                self._calls.go_on()
            await stopping
        if self._log is not None:
            self._log.close()


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc tells no types
    """Every method takes a stream, so that a caller is known before a byte of the request is read."""

    def __init__(self, methods: Mapping[str, Method], handle: Any) -> None:
        self._handlers = {
            name: grpc.stream_unary_rpc_method_handler(functools.partial(handle, name, method))
            for name, method in methods.items()
        }

    def service(self, handler_call_details: Any) -> Any:
        return self._handlers.get(handler_call_details.method)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _options(settings: ServeSettings) -> list[tuple[str, int]]:
    """Return what gRPC calls channel arguments.

    Source: https://github.com/grpc/grpc/blob/master/include/grpc/impl/channel_arg_names.h
    """
    return [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", settings.max_body),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", settings.max_headers),
        ("grpc.absolute_max_metadata_size", settings.max_headers),
        ("grpc.max_concurrent_streams", _STREAMS),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_connection_idle_ms", 600_000),
        # A connection on which nothing is said, or no HTTP/2.
        ("grpc.server_handshake_timeout_ms", int(settings.body_timeout * 1000)),
    ]
