import asyncio
import dataclasses
import struct

import numpy as np
import pytest

from deployer.serving.grpc.server import GrpcServer
from deployer.serving.models import Models, Served
from deployer.serving.telemetry.metrics import telemetry
from deployer.settings import ServeSettings
from tests.deployer.serving.grpc.grpc_kit import (
    DIGEST,
    KEY,
    Client,
    Keys,
    Running,
    ask,
    columns,
    request,
)

HEALTH = "grpc.health.v1.Health"


def golden(served: Served, rows: int) -> tuple[list[str], list[list[float]]]:
    known = served.package.golden.rows
    some = [known[index % len(known)] for index in range(rows)]
    return [each.label for each in some], [list(each.probabilities) for each in some]


@pytest.mark.parametrize("rows", [1, 7, 3000])
def test_contents_give_the_golden_answers_in_contents(
    client: Client, served: Served, rows: int
) -> None:
    answer, _ = client.call("ModelInfer", request(served, rows, id="seven"))
    labels, probabilities = golden(served, rows)
    assert (answer.model_name, answer.model_version, answer.id) == ("penguins", "3", "seven")
    assert not answer.raw_output_contents
    first, second = answer.outputs
    assert (first.name, first.datatype, list(first.shape)) == ("label", "BYTES", [rows])
    assert [each.decode() for each in first.contents.bytes_contents] == labels
    assert (second.name, second.datatype, list(second.shape)) == (
        "probabilities",
        "FP32",
        [rows, 3],
    )
    told = np.array(second.contents.fp32_contents).reshape(rows, 3)
    assert np.abs(told - np.array(probabilities)).max() < 1e-5


@pytest.mark.parametrize("rows", [1, 3000])
def test_raw_inputs_give_the_golden_answers_raw(client: Client, served: Served, rows: int) -> None:
    answer, _ = client.call("ModelInfer", request(served, rows, raw=True))
    labels, probabilities = golden(served, rows)
    assert not any(each.HasField("contents") for each in answer.outputs)
    text, numbers = answer.raw_output_contents
    expected = b"".join(struct.pack("<I", len(each)) + each.encode() for each in labels)
    assert text == expected
    told = np.frombuffer(numbers, "<f4").reshape(rows, 3)
    assert np.abs(told - np.array(probabilities)).max() < 1e-5


def test_only_outputs_that_are_asked_for_are_told(client: Client, served: Served) -> None:
    asked = request(served, 2)
    asked.outputs.add(name="probabilities")
    answer, _ = client.call("ModelInfer", asked)
    assert [each.name for each in answer.outputs] == ["probabilities"]


@pytest.mark.parametrize(
    ("datatype", "field"),
    [
        ("INT8", "int_contents"),
        ("INT16", "int_contents"),
        ("INT32", "int_contents"),
        ("INT64", "int64_contents"),
        ("UINT8", "uint_contents"),
        ("UINT16", "uint_contents"),
        ("UINT32", "uint_contents"),
        ("UINT64", "uint64_contents"),
        ("FP64", "fp64_contents"),
    ],
)
def test_every_kind_of_number_is_the_same_number(
    client: Client, served: Served, datatype: str, field: str
) -> None:
    def answer(kind: str, where: str) -> bytes:
        asked = request(served)
        for each in asked.inputs:
            if each.name == "bill_length_mm":
                each.ClearField("contents")
                each.datatype = kind
                getattr(each.contents, where).append(43)
        told: bytes = client.call("ModelInfer", asked)[0].SerializeToString()
        return told

    assert answer(datatype, field) == answer("FP32", "fp32_contents")


def test_every_answer_of_a_model_carries_its_digest(client: Client, served: Served) -> None:
    for method, asked in (
        ("ModelInfer", request(served)),
        ("ModelMetadata", ask("ModelMetadataRequest", name="penguins")),
        ("ModelReady", ask("ModelReadyRequest", name="penguins")),
        ("ServerReady", b""),
    ):
        _, call = client.call(method, asked)
        assert ("x-deployer-model-digest", DIGEST) in call.initial_metadata()
        assert ("x-deployer-model-digest", DIGEST) in call.trailing_metadata()


def test_the_server_and_the_model_say_what_they_are(client: Client, served: Served) -> None:
    server, _ = client.call("ServerMetadata")
    assert server.name == "deployer"
    assert server.version
    model, _ = client.call("ModelMetadata", ask("ModelMetadataRequest", name="penguins"))
    assert (model.name, list(model.versions)) == ("penguins", ["3"])
    assert [each.name for each in model.inputs] == list(columns(served, 1))
    assert {each.datatype for each in model.inputs} == {"FP32", "BYTES"}
    assert [(each.name, list(each.shape)) for each in model.outputs] == [
        ("label", [-1]),
        ("probabilities", [-1, 3]),
    ]


def test_health_needs_no_key(client: Client) -> None:
    assert client.call("ServerLive", key=None)[0].live
    assert client.call("ServerReady", key=None)[0].ready
    asked = ask("ModelReadyRequest", name="penguins")
    assert client.call("ModelReady", asked, key=None)[0].ready
    assert client.call("Check", key=None, service=HEALTH)[0].status == 1


def test_a_bearer_token_is_as_good_as_a_key(client: Client, served: Served) -> None:
    told = (("authorization", f"Bearer {KEY}"),)
    assert client.call("ModelInfer", request(served), key=None, metadata=told)[0].outputs


def test_a_server_that_drains_answers_but_is_not_ready(running: Running, client: Client) -> None:
    running.models.drain()
    served = running.models.only()
    assert client.call("ServerLive")[0].live
    assert not client.call("ServerReady")[0].ready
    assert not client.call("ModelReady", ask("ModelReadyRequest", name="penguins"))[0].ready
    assert client.call("Check", service=HEALTH)[0].status == 2
    assert client.call("ModelInfer", request(served))[0].outputs


def test_readiness_is_an_inference(models: Models, client: Client, served: Served) -> None:
    class Broken:
        schema = served.package.schema
        where = "here"

        def predict(self, arrays: object) -> object:
            told = served.package.classifier.predict(arrays)  # type: ignore[arg-type] # as given
            return told._replace(labels=told.labels[::-1])

    package = dataclasses.replace(served.package, classifier=Broken())  # type: ignore[arg-type] # near enough
    models.put(dataclasses.replace(served, package=package, digest="cd" * 32))
    assert not client.call("ServerReady")[0].ready
    assert not client.call("ModelReady", ask("ModelReadyRequest", name="penguins"))[0].ready
    assert client.call("Check", service=HEALTH)[0].status == 2


def test_several_processes_may_listen_on_one_port(running: Running) -> None:
    def start(host: str, port: int) -> tuple[GrpcServer, int]:
        async def begin() -> tuple[GrpcServer, int]:
            settings = ServeSettings()
            made = GrpcServer(running.models, settings, Keys(), telemetry(settings, None))
            return made, await made.start(host, port)

        return asyncio.run_coroutine_threadsafe(begin(), running.loop).result(20)

    second, port = start("127.0.0.1", running.port)
    assert port == running.port
    asyncio.run_coroutine_threadsafe(second.stop(1), running.loop).result(20)
    # An address of documentation, which no machine has (RFC 5737).
    with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1:"):
        start("192.0.2.1", 0)


def test_what_is_expected_decides_readiness(client: Client) -> None:
    asked = ask("ModelReadyRequest", name="penguins")
    for expected, ready in (
        (DIGEST, True),
        (f"sha256:{DIGEST}", True),
        (f"{'00' * 32}, sha256:{DIGEST}", True),
        ("00" * 32, False),
    ):
        told = (("x-deployer-expect-digest", expected),)
        assert client.call("ModelReady", asked, metadata=told)[0].ready is ready
        assert client.call("ServerReady", metadata=told)[0].ready is ready
        assert client.call("Check", metadata=told, service=HEALTH)[0].status == (1 if ready else 2)
