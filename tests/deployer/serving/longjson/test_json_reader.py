"""A process reads long JSON: it finds what would be found here, and may fail without harm."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deployer.serving.longjson import reader as module
from deployer.serving.longjson.reader import JsonReader
from deployer.serving.protocol.many import ManyRequest, many_request

SIZE = 64 * 1024 * 1024
NUMBERS = np.random.default_rng(3).normal(size=6000).round(4).tolist()


def body(numbers: Any = NUMBERS, datatype: str = "FP32", **more: Any) -> bytes:
    one = {"name": "x", "shape": [len(numbers)], "datatype": datatype, "data": numbers}
    return json.dumps({"inputs": [one], **more}).encode()


def told(request: ManyRequest | None) -> Any:
    """Return all that was read, by value."""
    if request is None:
        return None
    with np.errstate(over="ignore"):
        inputs = [
            (e.name, e.datatype, e.shape, np.array(e.values, np.float32 if e.datatype == "FP32" else float).tobytes())
            for e in request.inputs
        ]  # fmt: skip
    return inputs, request.others


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        await asyncio.sleep(0.01)


class Asking:
    """A reader, and what it told."""

    def __init__(self, reader: JsonReader) -> None:
        self.reader = reader

    async def ready(self) -> None:
        """Start the process, and wait until it takes work."""
        outcome = None
        deadline = time.monotonic() + 60
        while outcome is None:
            assert time.monotonic() < deadline, "it is never ready"
            outcome = await self.ask(body())
            await asyncio.sleep(0.01)

    async def ask(self, text: bytes) -> tuple[Any, bool] | None:
        """Return what is told of a body; None if the reader does not take it."""
        future: asyncio.Future[tuple[Any, bool]] = asyncio.get_running_loop().create_future()

        def done(found: ManyRequest | None, failed: bool) -> None:
            future.set_result((told(found), failed))

        if not self.reader.read(text, done):
            return None
        return await asyncio.wait_for(future, 60)

    @property
    def pid(self) -> int:
        process = self.reader._process
        assert process is not None
        return process.pid


@asynccontextmanager
async def asking(size: int = SIZE) -> AsyncIterator[Asking]:
    made = Asking(JsonReader(size))
    try:
        yield made
    finally:
        made.reader.close()


def run(act: Callable[[], Any]) -> None:
    asyncio.run(act())


BODIES = {
    "float32": body(),
    "float64": body(datatype="FP64"),
    "beside": body(id="one", outputs=[{"name": "probabilities"}], parameters={"x": [1]}),
    "integers": body([*NUMBERS, 1, 2, 3]),
    "short numbers": body([1] * 20_000),
    "short numbers, wide": body([1] * 20_000, "FP64"),
    "too large for float32": body([*NUMBERS, 1e300]),
    "two": json.dumps(
        {
            "inputs": [
                {"name": name, "shape": [6000], "datatype": kind, "data": NUMBERS}
                for name, kind in (("x", "FP32"), ("y", "FP64"), ("z", "FP32"))
            ]
        }
    ).encode(),
    "another kind": body(datatype="INT32"),
    "missing": body([*NUMBERS, None]),
    "cut short": body()[:-1],
    "text": b"x" * 100_000,
    "a long name": json.dumps(
        {"inputs": [{"name": "x" * 70_000, "shape": [1], "datatype": "FP32", "data": [1.5]}]}
    ).encode(),
}


def test_it_finds_what_is_found_here() -> None:
    async def act() -> None:
        async with asking() as it:
            await it.ready()
            for name, text in BODIES.items():
                expected = None if name == "a long name" else told(many_request(text))
                assert await it.ask(text) == (expected, False), name

    run(act)


def test_the_first_bodies_are_not_waited_for() -> None:
    async def act() -> None:
        async with asking() as it:
            assert await it.ask(body()) is None
            await it.ready()

    run(act)


def test_several_at_once_are_not_mixed_up() -> None:
    async def act() -> None:
        async with asking() as it:
            await it.ready()
            texts = [body([*NUMBERS, index]) for index in range(20)]
            found = await asyncio.gather(*map(it.ask, texts))
            assert found == [(told(many_request(each)), False) for each in texts]

    run(act)


def test_what_does_not_fit_in_memory_is_not_taken() -> None:
    async def act() -> None:
        async with asking(1024 * 1024) as it:
            await it.ready()
            assert await it.ask(body(NUMBERS * 10)) is None
            assert await it.ask(body()) == (told(many_request(body())), False)

    run(act)


def test_a_killed_process_is_told_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.01)

    async def act() -> None:
        async with asking() as it:
            await it.ready()
            before = it.pid
            os.kill(before, signal.SIGSTOP)
            waiting = asyncio.create_task(it.ask(body()))
            await until(lambda: bool(it.reader._jobs))
            os.kill(before, signal.SIGKILL)
            assert await waiting == (None, True)
            await it.ready()
            assert it.pid != before

    run(act)


def test_one_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATE", 0.2)

    async def act() -> None:
        async with asking() as it:
            await it.ready()
            pid = it.pid
            os.kill(pid, signal.SIGSTOP)
            assert await it.ask(body()) == (None, True)
            assert await it.ask(body()) is None  # not again at once
            await until(lambda: not alive(pid))

    run(act)


def test_nonsense_of_the_process_is_not_believed() -> None:
    async def act() -> None:
        async with asking() as it:
            await it.ready()
            from deployer.serving.longjson.messages import Numbers, Outcome, encode

            for said in (
                b"\xc1",
                encode(Outcome(99)),
                encode(Outcome(1, (Numbers("x", "FP32", (1,), SIZE, 1),))),
            ):
                with pytest.MonkeyPatch.context() as patch:
                    sent = [said]
                    patch.setattr(it.reader, "_socket", _Says(it.reader._socket, sent))
                    it.reader._hear()
                assert it.reader._process is None
                it.reader._not_before = 0.0
                await it.ready()

    run(act)


class _Says:
    """A socket that says something of its own first."""

    def __init__(self, real: Any, said: list[bytes]) -> None:
        self._real = real
        self._said = said

    def recv(self, size: int) -> bytes:
        return self._said.pop() if self._said else self._real.recv(size)

    def fileno(self) -> int:
        return self._real.fileno()  # type: ignore[no-any-return]

    def close(self) -> None:
        self._real.close()


def test_it_ends_with_the_one_that_started_it() -> None:
    async def act() -> int:
        async with asking() as it:
            await it.ready()
            return it.pid

    pid = asyncio.run(act())
    deadline = time.monotonic() + 60
    while alive(pid):
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.01)


def test_it_ends_when_nobody_is_at_the_other_end() -> None:
    async def act() -> None:
        async with asking() as it:
            await it.ready()
            process, connection = it.reader._process, it.reader._socket
            assert process is not None
            assert connection is not None
            asyncio.get_running_loop().remove_reader(connection.fileno())
            connection.close()
            it.reader._socket = None
            assert await asyncio.to_thread(process.wait, 60) == 0

    run(act)


def alive(pid: int) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0]
        return state != "Z"
    return False
