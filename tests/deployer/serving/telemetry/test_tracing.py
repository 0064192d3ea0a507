import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from deployer.serving.telemetry import tracing as tracing_module
from deployer.serving.telemetry.metrics import telemetry
from deployer.serving.telemetry.tracing import NO_SPAN, tracing
from deployer.settings import ServeSettings
from tests.deployer.serving.telemetry.collector_kit import (
    HEADER,
    PARENT,
    TRACE,
    Collector,
    collecting,
    values_of,
)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def test_a_span_continues_the_clients_trace(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    to = telemetry(ServeSettings(), None)
    told = {"http.request.method": "POST", "http.route": "/v2/models/{model}/infer"}
    with to.span("POST /v2/models/{model}/infer", HEADER, model="penguins", **told) as span:
        span.set_attribute("deployer.rows", 7)
    with to.span("GET /v2", None):
        pass
    with to.span("GET /v2", "00-nonsense"):
        pass
    to.close()
    assert len(collector.spans) == 3
    (resource, first), (_, second), (_, third) = collector.spans
    assert resource["service.name"] == "deployer"
    assert resource["deployment.environment.name"] == "test"
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE, PARENT)
    assert first.kind == first.SPAN_KIND_SERVER
    assert first.name == "POST /v2/models/{model}/infer"
    assert values_of(first.attributes) == {**told, "deployer.model": "penguins", "deployer.rows": 7}
    for other in (second, third):
        assert other.trace_id.hex() != TRACE
        assert other.parent_span_id == b""


def test_a_service_name_is_the_users(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/v1/traces")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "penguins-eu")
    to = telemetry(ServeSettings(), None)
    with to.span("x", None):
        pass
    to.close()
    assert [resource["service.name"] for resource, _ in collector.spans] == ["penguins-eu"]


def test_a_failure_passes_through_the_span(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    to = telemetry(ServeSettings(), None)
    with pytest.raises(ZeroDivisionError), to.span("x", None):
        raise ZeroDivisionError
    to.close()
    ((_, span),) = collector.spans
    assert span.status.code == span.status.STATUS_CODE_ERROR


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_SERVICE_NAME": "x"},
    ],
)
def test_nobody_asked_so_there_is_none(variables: dict[str, str]) -> None:
    assert tracing(variables) is None


def test_without_the_variables_nothing_is_imported() -> None:
    script = (
        "import sys\n"
        "from deployer.serving.telemetry.metrics import telemetry\n"
        "from deployer.settings import ServeSettings\n"
        "to = telemetry(ServeSettings(), None)\n"
        "first, second = to.span('x', None), to.span('y', None, model='z')\n"
        "assert first is second\n"
        "with first as span: span.set_attribute('a', 1)\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_without_the_libraries_there_are_no_traces() -> None:
    script = (
        "import sys\n"
        "sys.modules['opentelemetry'] = None\n"
        "from deployer.serving.telemetry.tracing import tracing\n"
        "assert tracing({'OTEL_TRACES_EXPORTER': 'otlp'}) is None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert "deployer[trace] is not installed" in done.stderr


def test_no_span_lets_failures_through() -> None:
    with pytest.raises(ZeroDivisionError), NO_SPAN:
        raise ZeroDivisionError


@pytest.mark.parametrize("away", ["refused", "silent"])
def test_a_collector_that_is_away_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if away == "silent":
            # Connections are made and nothing is ever said.
            listening.listen()
        port = listening.getsockname()[1]
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        monkeypatch.setattr(tracing_module, "_GOODBYE", 1.0)
        to = telemetry(ServeSettings(), None)
        slowest = 0.0
        # More than the queue of the processor holds.
        for _ in range(3000):
            began = time.perf_counter()
            with to.span("x", HEADER):
                pass
            slowest = max(slowest, time.perf_counter() - began)
        began = time.perf_counter()
        to.close()
        # The exporter waits for 10.
        assert time.perf_counter() - began < 8
        # A turn of other threads, on a machine that has much to do; one that waits takes 10 s.
        assert slowest < 5
