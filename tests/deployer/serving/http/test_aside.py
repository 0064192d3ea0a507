"""Long requests: read beside the loop, and answered as if they had been read on it."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from deployer.serving.http.app import ASIDE
from deployer.serving.http.pace import Pace
from deployer.serving.models import Models, Served
from tests.deployer.serving.http.http_kit import (
    DIGEST,
    Answer,
    Running,
    served_from,
    serving,
    until,
)

ROWS = 400


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A model of twelve numbers."""
    from deployer.training.options import Options
    from deployer.training.train import train

    folder = tmp_path_factory.mktemp("numbers")
    random = np.random.default_rng(2)
    rows = random.normal(size=(120, 12))
    names = [f"c{index}" for index in range(12)]
    lines = [",".join([*names, "y"])]
    lines += [
        ",".join([*(f"{each:.3f}" for each in row), "yes" if row[0] > 0 else "no"]) for row in rows
    ]
    (folder / "table.csv").write_text("\n".join(lines))
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(folder / "table.csv", target="y", out=Path(folder / "model"), options=options)
    return served_from(folder / "model", name="numbers")


@pytest.fixture
def running(numbers: Served) -> Iterator[Running]:
    models = Models()
    models.put(numbers)
    with serving(models) as it:
        yield it


def body(rows: int = ROWS, datatype: str = "FP32", **more: object) -> bytes:
    values = np.random.default_rng(rows).normal(size=rows * 12).round(4).tolist()
    one = {"name": "x", "shape": [rows, 12], "datatype": datatype, "data": values} | more
    return json.dumps({"inputs": [one]}).encode()


def ask(running: Running, text: bytes) -> Answer:
    assert len(text) > ASIDE
    return running.ask("/v2/models/numbers/infer", text)


def pid_of(running: Running) -> int:
    process = running.app._aside._reader._process
    return 0 if process is None else process.pid


def ready(running: Running) -> None:
    """Have the process that reads started, and wait until it does."""
    ask(running, body())
    until(lambda: running.app._aside._reader._ready)


def test_whoever_reads_it_the_answer_is_the_same(running: Running) -> None:
    texts = [body(), body(datatype="FP64"), body(ROWS + 1), body(name="other")]
    before = [ask(running, each) for each in texts[:1]]
    ready(running)
    reader = running.app._aside._reader
    read: list[int] = []
    real = reader._request
    reader._request = lambda outcome: (read.append(outcome.number), real(outcome))[1]  # type: ignore[func-returns-value, method-assign]
    after = [ask(running, each) for each in texts]
    assert [each.status for each in after] == [200] * 4
    assert len(read) == 4
    assert after[0].body == before[0].body
    assert after[0].headers["x-deployer-model-digest"] == DIGEST
    running.app._aside._reader.close()  # as where there is no such process
    assert [ask(running, each).body for each in texts] == [each.body for each in after]


def test_what_is_refused_is_refused_in_the_same_words(running: Running) -> None:
    texts = [
        body(shape=[ROWS, 13]),
        body(datatype="FP16"),
        body() + b"x",
        body(data=[1e300] * ROWS * 12),
        body(data=[None] * (ROWS * 12 + 1), note="x" * 9000),
    ]
    here = [ask(running, each) for each in texts]
    ready(running)
    there = [ask(running, each) for each in texts]
    assert [(each.status, each.body) for each in there] == [
        (each.status, each.body) for each in here
    ]
    assert {each.headers.get("x-deployer-model-digest") for each in there} == {DIGEST}


def test_a_process_that_is_killed_costs_no_answer(running: Running) -> None:
    ready(running)
    expected = ask(running, body()).body
    pids = set()
    with ThreadPoolExecutor(4) as pool:
        answers = []
        for _ in range(10):
            some = [pool.submit(ask, running, body()) for _ in range(8)]
            pid = pid_of(running)
            if pid:
                pids.add(pid)
                os.kill(pid, signal.SIGKILL)
            answers += [each.result(60) for each in some]
    assert pids
    assert {each.status for each in answers} == {200}
    assert {each.body for each in answers} == {expected}


def test_bodies_that_fit_in_no_memory_are_answered(running: Running) -> None:
    ready(running)
    reader = running.app._aside._reader
    assert reader._memory is not None
    taken = [at for at in iter(lambda: reader._memory.take(1 << 20), None) if at is not None]  # type: ignore[union-attr]
    assert taken
    assert ask(running, body()).status == 200


class TestPace:
    def test_what_is_not_known_may_be_slow(self) -> None:
        assert not Pace().is_quick("m", 1)

    def test_rows_count(self) -> None:
        pace = Pace()
        pace.seen("m", 1000, 0.001)
        assert pace.is_quick("m", 1000)
        assert not pace.is_quick("m", 3000)
        assert not pace.is_quick("other", 1)

    def test_it_follows_what_it_sees(self) -> None:
        pace = Pace()
        pace.seen("m", 1000, 0.0001)
        for _ in range(3):
            pace.seen("m", 1000, 0.01)
        assert not pace.is_quick("m", 1000)
        for _ in range(20):
            pace.seen("m", 1000, 0.0001)
        assert pace.is_quick("m", 1000)

    def test_refusals_and_strangers_say_nothing(self) -> None:
        pace = Pace()
        pace.seen("m", 0, 5.0)
        assert not pace.is_quick("m", 0)
        for index in range(1000):
            pace.seen(f"m{index}", 1, 0.0)
        assert len(pace._seconds) == 100
