"""The methods of the service: a request's bytes to an answer's bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from deployer.serving.grpc.conversion import parse, read_request, write_response
from deployer.serving.grpc.messages import HEALTH, INFERENCE, message
from deployer.serving.grpc.proofs import Proofs
from deployer.serving.models import Models, Served
from deployer.serving.protocol.inference import infer
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.metadata import ModelMetadata, model_metadata, server_metadata
from deployer.serving.refusals import RefusedError, Status
from deployer.serving.telemetry.metrics import Telemetry
from infra.contract import DIGEST_HEADER

__all__ = ["Method", "Reply", "Service"]

# Bytes of a request from which on it is answered in a thread, so that others are not held up.
_LARGE = 64 * 1024

_SERVING = 1
_NOT_SERVING = 2


class Reply(NamedTuple):
    """A method's answer.

    Attributes:
        body: the message.
        served: what answered, if it was a model.
        rows: answered.

    """

    body: bytes
    served: Served | None = None
    rows: int = 0


class Method(NamedTuple):
    """A method.

    Attributes:
        answer: takes the request's bytes and the digests that the client expects.
        open: whether it is answered without a key.

    """

    answer: Callable[[bytes, str], Awaitable[Reply]]
    open: bool = False


class Service:
    """What can be asked.

    Args:
        models: that answer.
        limits: of a request.
        telemetry: gets the columns and labels of what was answered.

    """

    def __init__(self, models: Models, limits: Limits, telemetry: Telemetry) -> None:
        self._models = models
        self._limits = limits
        self._telemetry = telemetry
        server = msgspec.json.decode(server_metadata())
        self._proofs = Proofs(models)
        self._server = _encoded("ServerMetadataResponse", **server)

    def methods(self) -> Mapping[str, Method]:
        """Return the methods by full name."""
        return {
            f"/{INFERENCE}/ServerLive": Method(self._live, open=True),
            f"/{INFERENCE}/ServerReady": Method(self._ready, open=True),
            f"/{INFERENCE}/ModelReady": Method(self._model_ready, open=True),
            f"/{INFERENCE}/ServerMetadata": Method(self._server_metadata),
            f"/{INFERENCE}/ModelMetadata": Method(self._model_metadata),
            f"/{INFERENCE}/ModelInfer": Method(self._infer),
            f"/{HEALTH}/Check": Method(self._check, open=True),
        }

    async def _live(self, body: bytes, expected: str) -> Reply:
        return Reply(_encoded("ServerLiveResponse", live=True))

    async def _ready(self, body: bytes, expected: str) -> Reply:
        ready = await self._proofs.all(expected)
        models = self._models.all()
        only = models[0] if len(models) == 1 else None
        return Reply(_encoded("ServerReadyResponse", ready=ready), only)

    async def _model_ready(self, body: bytes, expected: str) -> Reply:
        request = parse(_class("ModelReadyRequest"), body)
        try:
            served = self._models.get(request.name, request.version, expected)
        except RefusedError as error:
            if error.status is not Status.UNAVAILABLE:
                raise
            return Reply(_encoded("ModelReadyResponse", ready=False))
        ready = await self._proofs.one(served)
        return Reply(_encoded("ModelReadyResponse", ready=ready), served)

    async def _server_metadata(self, body: bytes, expected: str) -> Reply:
        return Reply(self._server)

    async def _model_metadata(self, body: bytes, expected: str) -> Reply:
        request = parse(_class("ModelMetadataRequest"), body)
        served = self._models.get(request.name, request.version, expected)
        return Reply(_metadata(model_metadata(served)), served)

    async def _infer(self, body: bytes, expected: str) -> Reply:
        if len(body) >= _LARGE:
            return await asyncio.to_thread(self._inferred, body, expected)
        return self._inferred(body, expected)

    def _inferred(self, body: bytes, expected: str) -> Reply:
        request = parse(_class("ModelInferRequest"), body)
        served = self._models.get(request.model_name, request.model_version, expected)
        try:
            answer = infer(served, read_request(request, self._limits), self._limits)
        except RefusedError as error:
            told = ((DIGEST_HEADER, served.digest),)
            raise RefusedError(error.status, error.message, told) from error
        response = answer.response
        if response.labels is not None:
            self._telemetry.inputs(served, answer.arrays, response.labels, response.places)
        return Reply(write_response(response), served, answer.rows)

    async def _check(self, body: bytes, expected: str) -> Reply:
        request = parse(message("grpc.health.v1.HealthCheckRequest"), body)
        if request.service not in ("", INFERENCE):
            raise RefusedError(Status.NOT_FOUND, f"no service {request.service[:80]!r} here")
        status = _SERVING if await self._proofs.all(expected) else _NOT_SERVING
        return Reply(
            message("grpc.health.v1.HealthCheckResponse")(status=status).SerializeToString()
        )


def _class(name: str) -> Any:
    return _CLASSES[name]


_CLASSES = {
    name: message(f"inference.{name}")
    for name in (
        "ServerLiveResponse", "ServerReadyResponse", "ModelReadyRequest", "ModelReadyResponse",
        "ServerMetadataResponse", "ModelMetadataRequest", "ModelMetadataResponse",
        "ModelInferRequest",
    )
}  # fmt: skip


def _encoded(name: str, /, **fields: Any) -> bytes:
    body: bytes = _CLASSES[name](**fields).SerializeToString()
    return body


def _metadata(found: ModelMetadata) -> bytes:
    response = _class("ModelMetadataResponse")(
        name=found.name, versions=found.versions, platform=found.platform
    )
    for tensors, told in ((found.inputs, response.inputs), (found.outputs, response.outputs)):
        for each in tensors:
            told.add(name=each.name, datatype=each.datatype, shape=each.shape)
    body: bytes = response.SerializeToString()
    return body
