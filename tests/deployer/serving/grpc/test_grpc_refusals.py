import asyncio
import dataclasses
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from deployer.serving.models import Models, Served
from deployer.serving.refusals import RefusedError, Status
from deployer.serving.telemetry.metrics import telemetry
from deployer.settings import ServeSettings
from tests.deployer.serving.grpc.grpc_kit import Client, Running, ask, request, serving

Code = grpc.StatusCode


def refusal(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    told = caught.value.details() or ""
    assert "\n" not in told
    assert "Traceback" not in told
    return caught.value.code(), told


@pytest.mark.parametrize("method", ["ModelInfer", "ModelMetadata", "ServerMetadata"])
@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, Code.UNAUTHENTICATED),
        ("wrong", Code.UNAUTHENTICATED),
        ("", Code.UNAUTHENTICATED),
        ("forbidden", Code.PERMISSION_DENIED),
    ],
)
def test_protected_methods_ask_for_a_key(
    client: Client, served: Served, method: str, key: str | None, code: grpc.StatusCode
) -> None:
    assert refusal(lambda: client.call(method, request(served), key=key))[0] is code


def test_nothing_is_read_of_one_without_a_key(client: Client, served: Served) -> None:
    # Refused although the message, which never ends, is not even there.
    waiting = threading.Event()

    def never() -> Iterator[bytes]:
        waiting.wait(20)
        yield b""

    ask_slowly = client.channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
    began = time.monotonic()
    try:
        code, _ = refusal(lambda: ask_slowly(never(), timeout=15))
    finally:
        waiting.set()
    assert code is Code.UNAUTHENTICATED
    assert time.monotonic() - began < 10


def change(served: Served, /, **fields: Any) -> Any:
    asked = request(served)
    for name, value in fields.items():
        setattr(asked, name, value)
    return asked


def change_input(served: Served, name: str, /, **fields: Any) -> Any:
    asked = request(served)
    for each in asked.inputs:
        if each.name == name:
            for field, value in fields.items():
                if field == "shape":
                    each.ClearField("shape")
                    each.shape.extend(value)
                elif field == "contents":
                    each.ClearField("contents")
                    where, values = value
                    getattr(each.contents, where).extend(values)
                else:
                    setattr(each, field, value)
    return asked


def raw_with(served: Served, index: int, content: bytes) -> Any:
    asked = request(served, raw=True)
    asked.raw_input_contents[index] = content
    return asked


def short(served: Served) -> Any:
    asked = request(served, raw=True)
    del asked.raw_input_contents[-1]
    return asked


def both(served: Served) -> Any:
    asked = request(served, raw=True)
    asked.inputs[1].contents.fp32_contents.append(1)
    return asked


LENGTH = "bill_length_mm"
MANY = [1.0] * 50

BAD: list[tuple[Callable[[Served], Any], grpc.StatusCode, str]] = [
    (lambda s: change(s, model_name="other"), Code.NOT_FOUND, "other"),
    (lambda s: change(s, model_name=""), Code.NOT_FOUND, "no model"),
    (lambda s: change(s, model_version="9"), Code.NOT_FOUND, "version '9'"),
    (lambda s: ask("ModelInferRequest", model_name="penguins"), Code.INVALID_ARGUMENT, ""),
    (lambda s: change_input(s, LENGTH, name="x\ny"), Code.INVALID_ARGUMENT, "'x\\ny'"),
    (lambda s: change_input(s, LENGTH, datatype="FP99"), Code.INVALID_ARGUMENT, "FP99"),
    (lambda s: change_input(s, LENGTH, datatype="FP16"), Code.INVALID_ARGUMENT, "raw"),
    (lambda s: change_input(s, LENGTH, datatype="FP64"), Code.INVALID_ARGUMENT, "fp32_contents"),
    (lambda s: change_input(s, LENGTH, datatype="BYTES"), Code.INVALID_ARGUMENT, LENGTH),
    (lambda s: change_input(s, LENGTH, shape=[2, 1]), Code.INVALID_ARGUMENT, LENGTH),
    (lambda s: change_input(s, LENGTH, shape=[-1, 1]), Code.INVALID_ARGUMENT, "negative"),
    (lambda s: change_input(s, LENGTH, shape=[2**62, 2**62]), Code.INVALID_ARGUMENT, "large"),
    (
        lambda s: change_input(s, LENGTH, contents=("fp32_contents", MANY), shape=[50, 1]),
        Code.INVALID_ARGUMENT,
        "rows",
    ),
    (
        lambda s: change_input(s, LENGTH, contents=("int_contents", [300]), datatype="INT8"),
        Code.INVALID_ARGUMENT,
        "INT8",
    ),
    (
        lambda s: change_input(s, LENGTH, contents=("fp32_contents", [float("inf")])),
        Code.INVALID_ARGUMENT,
        LENGTH,
    ),
    (
        lambda s: change_input(s, "island", contents=("bytes_contents", [b"\xff\xfe"])),
        Code.INVALID_ARGUMENT,
        "UTF-8",
    ),
    (lambda s: raw_with(s, 1, b"123"), Code.INVALID_ARGUMENT, LENGTH),
    (lambda s: raw_with(s, 0, b"\xff\xff\xff\xffBiscoe"), Code.INVALID_ARGUMENT, "island"),
    (lambda s: raw_with(s, 0, b"\x02\x00\x00\x00\xff\xfe"), Code.INVALID_ARGUMENT, "UTF-8"),
    (short, Code.INVALID_ARGUMENT, "raw_input_contents"),
    (both, Code.INVALID_ARGUMENT, "both"),
]


@pytest.mark.parametrize("index", range(len(BAD)))
def test_what_is_wrong_is_said_in_one_line(client: Client, served: Served, index: int) -> None:
    made, code, words = BAD[index]
    told = refusal(lambda: client.call("ModelInfer", made(served)))
    assert told[0] is code
    assert words in told[1]


def test_the_model_that_refused_is_told(client: Client, served: Served) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.call("ModelInfer", change_input(served, LENGTH, shape=[2, 1]))
    assert ("x-deployer-model-digest", served.digest) in caught.value.trailing_metadata()


def test_every_call_has_a_line_in_the_access_log(
    models: Models, served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        serving(models, ServeSettings(access_log=True)) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        client = Client(channel)
        told = (("x-request-id", "abc"),)
        client.call("ModelInfer", request(served, 5), metadata=told)
        refusal(lambda: client.call("ModelInfer", request(served), key="wrong"))
    first, second = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    route = "/inference.GRPCInferenceService/ModelInfer"
    assert first.pop("ms") > 0
    assert first.pop("time").endswith("Z")
    assert first == {
        "method": "GRPC",
        "route": route,
        "status": 200,
        "client": "127.0.0.1",
        "id": "abc",
        "who": "tester",
        "model": "penguins",
        "digest": served.digest,
        "rows": 5,
    }
    assert (second["route"], second["status"], "who" in second) == (route, 401, False)
    assert "wrong" not in str(second)


def test_an_output_that_there_is_not(client: Client, served: Served) -> None:
    asked = request(served)
    asked.outputs.add(name="logits")
    code, words = refusal(lambda: client.call("ModelInfer", asked))
    assert (code, "logits" in words) == (Code.INVALID_ARGUMENT, True)


def test_names_that_are_not_known(client: Client) -> None:
    for method in ("ModelReady", "ModelMetadata"):
        asked = ask(f"{method}Request", name="other")
        code = refusal(lambda method=method, asked=asked: client.call(method, asked))[0]  # type: ignore[misc] # bound
        assert code is Code.NOT_FOUND
    health = "grpc.health.v1.Health"
    # Field 1, the service's name.
    assert refusal(lambda: client.call("Check", b"\x0a\x01x", service=health))[0] is Code.NOT_FOUND
    ask_other = client.channel.unary_unary("/inference.GRPCInferenceService/Other")
    assert refusal(lambda: ask_other(b"", timeout=5))[0] is Code.UNIMPLEMENTED


def test_no_version_with_an_expected_digest(client: Client, served: Served) -> None:
    told = (("x-deployer-expect-digest", "00" * 32),)
    code, _ = refusal(lambda: client.call("ModelInfer", request(served), metadata=told))
    assert code is Code.UNAVAILABLE


def test_too_many_rows(models: Models, served: Served) -> None:
    with (
        serving(models, ServeSettings(max_rows=3)) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        client = Client(channel)
        assert client.call("ModelInfer", request(served, 3))[0].outputs
        for raw in (True, False):
            asked = request(served, 4, raw=raw)
            code = refusal(lambda asked=asked: client.call("ModelInfer", asked))[0]  # type: ignore[misc] # bound
            assert code is Code.RESOURCE_EXHAUSTED


def test_requests_and_metadata_that_are_too_large(models: Models, served: Served) -> None:
    settings = ServeSettings(max_body=4096, max_headers=2048)
    with (
        serving(models, settings) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        client = Client(channel)
        assert client.call("ModelInfer", request(served, 4, raw=True))[0].outputs
        large = request(served, 1000, raw=True)
        code, _ = refusal(lambda: client.call("ModelInfer", large))
        assert code is Code.RESOURCE_EXHAUSTED
        told = (("x-large", "x" * 4000),)
        code, _ = refusal(lambda: client.call("ModelInfer", request(served), metadata=told))
        assert code is Code.RESOURCE_EXHAUSTED
        assert client.call("ModelInfer", request(served))[0].outputs


def test_a_request_that_takes_too_long_to_arrive_is_cut(models: Models) -> None:
    waiting = threading.Event()

    def never() -> Iterator[bytes]:
        waiting.wait(20)
        yield b""

    with (
        serving(models, ServeSettings(body_timeout=0.2)) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        call = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
        try:
            told = refusal(lambda: call(never(), metadata=(("x-api-key", "right"),), timeout=15))
        finally:
            waiting.set()
        # The server's words: the client would say so too, but later.
        assert told == (Code.DEADLINE_EXCEEDED, "the request took too long to arrive")


def test_a_connection_that_says_nothing_is_cut(models: Models) -> None:
    with (
        serving(models, ServeSettings(body_timeout=0.2)) as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=10) as silent,
    ):
        # The server's own settings come first, then the end.
        while silent.recv(1000):
            pass


def test_a_stream_without_a_message(client: Client) -> None:
    call = client.channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
    code, _ = refusal(lambda: call(iter(()), metadata=(("x-api-key", "right"),), timeout=5))
    assert code is Code.INVALID_ARGUMENT


class Odd:
    """A model that fails in a way of its own, or that waits."""

    def __init__(self, served: Served, act: Callable[[], None]) -> None:
        self.schema = served.package.schema
        self.where = "here"
        self._act = act
        self._predict = served.package.classifier.predict

    def predict(self, arrays: Any) -> Any:
        self._act()
        return self._predict(arrays)


def odd(served: Served, act: Callable[[], None]) -> Served:
    package = dataclasses.replace(served.package, classifier=Odd(served, act))
    return dataclasses.replace(served, package=package, digest="ef" * 32)


def fail(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("secret\nwords"), Code.INTERNAL),
        (RefusedError(Status.BROKEN, "the model cannot be run"), Code.INTERNAL),
        (RefusedError(Status.UNAVAILABLE, "later"), Code.UNAVAILABLE),
    ],
)
def test_a_failure_says_nothing_of_the_inside(
    models: Models, client: Client, served: Served, error: Exception, code: grpc.StatusCode
) -> None:
    models.put(odd(served, fail(error)))
    told = refusal(lambda: client.call("ModelInfer", request(served)))
    assert told[0] is code
    assert "secret" not in told[1]


def refused_from_now_on(address: str) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with grpc.insecure_channel(address) as channel:
            try:
                Client(channel).call("ServerLive", timeout=3)
            except grpc.RpcError:
                return True
    return False


def test_what_is_under_way_is_answered_when_the_server_stops(
    running: Running, client: Client, served: Served
) -> None:
    entered, released = threading.Event(), threading.Event()

    def act() -> None:
        entered.set()
        assert released.wait(20)

    running.models.put(odd(served, act))
    # Large enough to be answered beside the loop.
    asked = request(served, 4000, raw=True)
    call = client.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer").future(
        asked.SerializeToString(), metadata=(("x-api-key", "right"),), timeout=30
    )
    assert entered.wait(20)
    # While it is: others are answered, so the loop is free.
    assert client.call("ServerLive")[0].live
    stopping = asyncio.run_coroutine_threadsafe(running.server.stop(20), running.loop)
    assert refused_from_now_on(running.address)
    assert not stopping.done()
    released.set()
    assert call.result()
    stopping.result(20)


def test_ends_are_counted_by_method_status_and_kind(models: Models, served: Served) -> None:
    class Counted:
        def __init__(self) -> None:
            self.inner = telemetry(ServeSettings(), None)
            self.begun = 0
            self.ends: list[dict[str, Any]] = []

        def begin(self) -> None:
            self.begun += 1

        def end(self, **told: Any) -> None:
            told.pop("seconds")
            self.ends.append(told)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    counted = Counted()
    with (
        serving(models, None, counted) as running,  # type: ignore[arg-type] # near enough
        grpc.insecure_channel(running.address) as channel,
    ):
        client = Client(channel)
        client.call("ModelInfer", request(served, 5))
        refusal(lambda: client.call("ModelInfer", request(served), key=None))
        refusal(lambda: client.call("ModelInfer", b"\xff"))
    route = "/inference.GRPCInferenceService/ModelInfer"
    fixed = {"route": route, "method": "GRPC"}
    assert counted.begun == 3
    assert counted.ends == [
        {**fixed, "status": 200, "model": "penguins", "rows": 5, "error": ""},
        {**fixed, "status": 401, "model": "", "rows": 0, "error": "unauthenticated"},
        {**fixed, "status": 400, "model": "", "rows": 0, "error": "bad_request"},
    ]
