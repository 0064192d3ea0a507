import grpc
import pytest

from deployer.serving.models import Models, Served
from deployer.serving.telemetry.metrics import telemetry
from deployer.settings import ServeSettings
from tests.deployer.serving.grpc.grpc_kit import DIGEST, Client, request, serving
from tests.deployer.serving.telemetry.collector_kit import (
    HEADER,
    PARENT,
    TRACE,
    collecting,
    values_of,
)


def test_a_call_is_a_span_of_the_clients_trace(
    models: Models, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        counted = telemetry(ServeSettings(), None)
        with (
            serving(models, None, counted) as running,
            grpc.insecure_channel(running.address) as channel,
        ):
            client = Client(channel)
            told = (("traceparent", HEADER),)
            client.call("ModelInfer", request(served, 5), metadata=told)
            with pytest.raises(grpc.RpcError):
                client.call("ModelInfer", request(served), key=None)
        counted.close()
    (_, first), (_, second) = collector.spans
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE, PARENT)
    assert first.name == "inference.GRPCInferenceService/ModelInfer"
    fixed = {
        "rpc.system": "grpc",
        "rpc.service": "inference.GRPCInferenceService",
        "rpc.method": "ModelInfer",
    }
    assert values_of(first.attributes) == {
        **fixed,
        "rpc.grpc.status_code": 0,
        "deployer.model": "penguins",
        "deployer.version": "3",
        "deployer.digest": DIGEST,
        "deployer.rows": 5,
    }
    assert values_of(second.attributes) == {**fixed, "rpc.grpc.status_code": 16}
