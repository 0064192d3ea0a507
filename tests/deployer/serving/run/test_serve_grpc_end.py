"""The end of a server with calls over gRPC under way: what it took is answered, the rest refused."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import grpc
import pytest

from deployer.serving.grpc.messages import INFERENCE, message
from tests.deployer.registry.cli_kit import World
from tests.deployer.serving.grpc.grpc_kit import request, served_from
from tests.deployer.serving.run.serve_kit import MODEL, Load, Server, infer_body, until

METHOD = f"/{INFERENCE}/ModelInfer"
DRAIN = 1.0
# Clients that share a process share connections unless told otherwise.
ALONE = [("grpc.use_local_subchannel_pool", 1)]


class Calls:
    """Threads that call again and again, until one is refused: some alone, some on one connection.

    Attributes:
        answered: when each call began that was answered, and its rows.
        refused: when the calls began that were not, and their status.

    """

    def __init__(self, address: str, alone: list[bytes], together: list[bytes]) -> None:
        self.answered: list[tuple[float, int]] = []
        self.refused: list[tuple[float, Any]] = []
        shared = grpc.insecure_channel(address, options=ALONE)
        self._channels = [grpc.insecure_channel(address, options=ALONE) for _ in alone]
        channels = [*self._channels, *(shared for _ in together)]
        self._channels.append(shared)
        self._threads = [
            threading.Thread(target=self._run, args=each)
            for each in zip(channels, [*alone, *together], strict=True)
        ]
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.join()
        for channel in self._channels:
            channel.close()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)

    def _run(self, channel: grpc.Channel, body: bytes) -> None:
        ask = channel.unary_unary(METHOD)
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                said = message("inference.ModelInferResponse").FromString(ask(body, timeout=30))
            except grpc.RpcError as error:
                self.refused.append((begun, error.code()))
                return
            self.answered.append((begun, said.outputs[0].shape[0]))


class Held:
    """A call that begins now, and sends its request when it is told to."""

    def __init__(self, address: str, body: bytes) -> None:
        self._send = threading.Event()
        self._body = body
        self._channel = grpc.insecure_channel(address, options=ALONE)
        grpc.channel_ready_future(self._channel).result(30)
        self.call = self._channel.stream_unary(METHOD).future(self._requests(), timeout=30)

    def _requests(self) -> Iterator[bytes]:
        assert self._send.wait(30)
        yield self._body

    def finish(self) -> Any:
        self._send.set()
        answer = self.call.result(30)
        self._channel.close()
        return message("inference.ModelInferResponse").FromString(answer)


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 10).close()
    except OSError:
        return False
    return True


def logged(server: Server) -> list[int]:
    """Return the status of every call that the server took, by its access log."""
    lines = [json.loads(each) for each in server.log.read_text().splitlines() if each[:1] == "{"]
    return [each["status"] for each in lines if each["method"] == "GRPC"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_end_drops_no_call(world: World, two_packages: tuple[Path, Path], workers: str) -> None:
    world.setenv({"DEPLOYER_SERVE_DRAIN": str(DRAIN)})
    served = served_from(two_packages[0])
    small, large = (request(served, n).SerializeToString() for n in (3, 20_000))
    arguments = (f"{MODEL}={two_packages[0]}", "--workers", workers)
    with Server(world, *arguments).ready() as server:
        address = str(server.said["grpc"])
        with (
            Load(server.url, infer_body(two_packages[0]), threads=2) as rest,
            Calls(address, [small, small, large], [small] * 6) as calls,
        ):
            until(lambda: len(calls.answered) > 50 and len(rest.answers) > 20, "answers")
            held = [Held(address, small) for _ in range(4)]
            rest.ends = True
            told = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            until(lambda: not listens(address), "an end of new connections")
            calls.join()
            ended = [each.finish() for each in held]
            assert server.process.wait(30) == 0
            late = time.monotonic() - told
        assert [each.outputs[0].shape[0] for each in ended] == [3] * len(held)
        assert {rows for _, rows in calls.answered} == {3, 20_000}
        # Whatever began while it took requests was answered; afterwards they are refused as they
        # are where nobody listens: a client tries elsewhere.
        assert {code for _, code in calls.refused} == {grpc.StatusCode.UNAVAILABLE}
        assert len(calls.refused) == 9
        assert min(begun for begun, _ in calls.refused) - told > DRAIN
        assert logged(server).count(200) == len(calls.answered) + len(held)
        assert set(logged(server)) == {200}, "nothing that it took is left unanswered"
        assert rest.failed == []
        assert {status for status, _, _ in rest.answers} == {200}
        assert late < DRAIN + 15, "all had ended, so it need not wait for its grace"
        assert server.errors.splitlines()[-1].startswith("ending: not ready"), server.errors
        with grpc.insecure_channel(address, options=ALONE) as channel:
            with pytest.raises(grpc.RpcError) as again:
                channel.unary_unary(METHOD)(small, timeout=10)
            assert again.value.code() == grpc.StatusCode.UNAVAILABLE
