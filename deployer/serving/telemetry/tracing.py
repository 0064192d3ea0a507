"""Traces: a span per request, sent over OTLP/HTTP if the OpenTelemetry variables ask for it.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ lists the
variables; the SDK reads all of them but those that say whether there are traces at all. Without
them nothing of OpenTelemetry is imported.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, Self

__all__ = ["NO_SPAN", "Span", "Tracing", "tracing"]

_LOG = logging.getLogger(__name__)

_PROTOCOL = "http/protobuf"
_GOODBYE = 3.0
"""Seconds that a process that ends waits for its last spans to be sent."""


class Span(Protocol):
    """What a request tells of itself while it is answered."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Note `value`, a str, bool, int or float."""


class _NoSpan(AbstractContextManager["_NoSpan"]):
    """A span that nobody sees; one for all requests."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set_attribute(self, key: str, value: Any) -> None:
        """Note nothing."""


NO_SPAN = _NoSpan()


class Tracing:
    """Makes spans and sends them, many at a time, from a thread of its own.

    What cannot be sent is thrown away: a request neither waits for the collector nor fails with it.
    """

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - slow to import
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - slow to import
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - slow to import
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before this.
        resource = Resource({"service.name": "deployer"}).merge(_told())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("deployer")
        self._extract = TraceContextTextMapPropagator().extract
        self._kind = SpanKind.SERVER

    def span(
        self, name: str, traceparent: str | None, attributes: Mapping[str, Any]
    ) -> AbstractContextManager[Span]:
        """Return a span to be entered, the child of the client's if `traceparent` names one."""
        return self._enter(name, traceparent, attributes)

    @contextmanager
    def _enter(
        self, name: str, traceparent: str | None, attributes: Mapping[str, Any]
    ) -> Iterator[Span]:
        named = {key if "." in key else f"deployer.{key}": each for key, each in attributes.items()}
        context = self._extract({"traceparent": traceparent} if traceparent else {})
        with self._tracer.start_as_current_span(
            name, context, self._kind, attributes=named
        ) as span:
            yield span

    def close(self) -> None:
        """Send what is still at hand, but wait no longer than a few seconds for it."""
        # The exporter tries again for as long as its own timeout, whatever it is told.
        thread = threading.Thread(target=self._provider.shutdown, daemon=True)
        thread.start()
        thread.join(_GOODBYE)


def _told() -> Any:
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415

    told = OTELResourceDetector().detect()
    return Resource(dict(told.attributes))


def tracing(environment: Mapping[str, str]) -> Tracing | None:
    """Return what makes spans; None if `environment` asks for none, or the libraries are not there."""
    if not _wanted(environment):
        return None
    protocol = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", _PROTOCOL)
    if protocol != _PROTOCOL:
        _LOG.warning("OTEL_EXPORTER_OTLP_PROTOCOL is %s: spans go as %s", protocol, _PROTOCOL)
    try:
        return Tracing()
    except ImportError:
        _LOG.warning("no traces: OTEL_* asks for them, but deployer[trace] is not installed")
        return None


def _wanted(environment: Mapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporters:
        return "otlp" in [each.strip() for each in exporters.split(",")]
    return any(
        environment.get(name)
        for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
