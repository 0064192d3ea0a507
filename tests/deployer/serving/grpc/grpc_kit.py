"""A real server on a free port, and a client that speaks to it with the standard's messages."""

import asyncio
import math
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import uvloop

from deployer.packaging.load import load_package
from deployer.serving.grpc.messages import INFERENCE, message
from deployer.serving.grpc.server import GrpcServer
from deployer.serving.models import Models, Served
from deployer.serving.refusals import RefusedError, Status
from deployer.serving.telemetry.metrics import Telemetry, telemetry
from deployer.settings import ServeSettings

__all__ = [
    "DIGEST", "KEY", "Client", "Keys", "Running", "ask", "columns", "request", "served_from", "serving",
]  # fmt: skip

KEY = "right"
DIGEST = "ab" * 32


class Keys:
    """Lets in whoever knows the key; one holder may not ask."""

    def check(self, authorization: str | None, api_key: str | None) -> str:
        given = api_key or (authorization or "").removeprefix("Bearer ")
        if given == "forbidden":
            raise RefusedError(Status.FORBIDDEN, "this key may not ask")
        if given != KEY:
            raise RefusedError(Status.UNAUTHENTICATED, "send an API key")
        return "tester"


def served_from(folder: Path, **changes: Any) -> Served:
    told = {"name": "penguins", "version": "3", "digest": DIGEST, "source": "here"} | changes
    return Served(**told, package=load_package(folder), reference="penguins@champion")


def ask(name: str, /, **fields: Any) -> Any:
    """Return a message of the standard's."""
    return message(f"inference.{name}")(**fields)


def columns(served: Served, rows: int) -> dict[str, list[Any]]:
    """Return cells of the package's golden rows, over and over."""
    golden = served.package.golden.rows
    some = [golden[index % len(golden)].inputs for index in range(rows)]
    return {each.name: [row[each.name] for row in some] for each in served.package.schema.inputs}


def request(served: Served, rows: int = 1, *, raw: bool = False, **fields: Any) -> Any:
    """Return a request for golden rows, one tensor per column."""
    made = ask("ModelInferRequest", model_name=served.name, **fields)
    kinds = {each.name: each.dtype for each in served.package.schema.inputs}
    for name, cells in columns(served, rows).items():
        texts = kinds[name] == "string"
        one = made.inputs.add(name=name, datatype="BYTES" if texts else "FP32", shape=[rows, 1])
        if texts:
            encoded = [(cell or "").encode() for cell in cells]
            if raw:
                made.raw_input_contents.append(
                    b"".join(struct.pack("<I", len(each)) + each for each in encoded)
                )
            else:
                one.contents.bytes_contents.extend(encoded)
            continue
        numbers = [math.nan if cell is None else cell for cell in cells]
        if raw:
            made.raw_input_contents.append(struct.pack(f"<{rows}f", *numbers))
        else:
            one.contents.fp32_contents.extend(numbers)
    return made


class Client:
    """The service's methods on a channel, messages in and out."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel

    def call(
        self,
        method: str,
        request: Any = b"",
        *,
        key: str | None = KEY,
        service: str = INFERENCE,
        metadata: tuple[tuple[str, str], ...] = (),
        timeout: float = 20,
        compression: Any = None,
    ) -> tuple[Any, grpc.Call]:
        """Return the response's bytes or message, and the call."""
        ask = self.channel.unary_unary(f"/{service}/{method}")
        if key is not None:
            metadata = (*metadata, ("x-api-key", key))
        body = request if isinstance(request, bytes) else request.SerializeToString()
        content, call = ask.with_call(
            body, metadata=metadata, timeout=timeout, compression=compression
        )
        package = service.rpartition(".")[0]
        kind = "HealthCheck" if method == "Check" else method
        return message(f"{package}.{kind}Response").FromString(content), call


class Running:
    def __init__(self, port: int, server: GrpcServer, loop: Any, models: Models) -> None:
        self.port = port
        self.server = server
        self.loop = loop
        self.models = models
        self.address = f"127.0.0.1:{port}"


@contextmanager
def serving(
    models: Models, settings: ServeSettings | None = None, counted: Telemetry | None = None
) -> Iterator[Running]:
    settings = settings or ServeSettings(access_log=False)
    counted = counted or telemetry(settings, None)
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    async def begin() -> tuple[GrpcServer, int]:
        server = GrpcServer(models, settings, Keys(), counted)
        return server, await server.start("127.0.0.1", 0)

    server, port = wait(begin())
    try:
        yield Running(port, server, loop, models)
    finally:
        wait(server.stop(1))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
