"""Transforms of resources, run here instead of by an engine that calls back."""

import asyncio
from typing import Any

from pulumi.runtime import _callbacks
from pulumi.runtime.proto import resource_pb2

__all__ = ["Transforms"]

_OPTIONS = (
    ("depends_on", "dependencies"),
    ("ignore_changes", "ignoreChanges"),
    ("replace_on_changes", "replaceOnChanges"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
)


class Transforms(_callbacks._CallbackServicer):  # noqa: SLF001 - the SDK's own is a gRPC server
    """Pulumi's callback service without its server."""

    def __init__(self, monitor: Any) -> None:
        self._callbacks = {}
        self._transforms = {}
        self._monitor = monitor
        self._target = "here"
        self.stack: list[Any] = []
        self.loop: asyncio.AbstractEventLoop | None = None

    def apply(self, request: Any) -> Any:
        """Return a request as its transforms, then those of the stack, leave it."""
        for callback in [*request.transforms, *self.stack]:
            run = self._callbacks.get(callback.token)
            if run is None or self.loop is None:
                continue
            asked = resource_pb2.TransformRequest(
                custom=request.custom,
                type=request.type,
                name=request.name,
                parent=request.parent,
                properties=request.object,
            )
            for theirs, ours in _OPTIONS:
                getattr(asked.options, theirs).extend(getattr(request, ours))
            asked.options.protect = request.protect
            asked.options.retain_on_delete = request.retainOnDelete
            run_: Any = run  # declared as less than the coroutine function that it is
            answer: Any = asyncio.run_coroutine_threadsafe(
                run_(asked.SerializeToString()), self.loop
            ).result()
            request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                request.protect = answer.options.protect
                request.retainOnDelete = answer.options.retain_on_delete
        return request
