"""Batches in order, bounded, and answered by one version."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deployer.errors import CloudError, TimedOutError, UsageError
from deployer.packaging.documents import (
    CategoricalInput,
    LabelOutput,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
)
from deployer.packaging.runtime import Prediction
from deployer.predicting.batch import Batch, predict_stream
from deployer.predicting.client import ModelClient
from deployer.predicting.model import Model, Pinned
from deployer.tables.stream import open_stream
from tests.deployer.predicting.peer_kit import Asked, Said, answer, document, peer

SCHEMA = Schema(
    inputs=(
        NumericInput(name="x", tensor="x", missing=0),
        CategoricalInput(name="c", tensor="c", missing=0, categories=("False", "True")),
    ),
    missing_values=MissingValues(markers=()),
    outputs=Outputs(
        label=LabelOutput(classes=("even", "odd")),
        probabilities=ProbabilitiesOutput(shape=(None, 2)),
    ),
    target="y",
    ignored=("id",),
)


class Parity:
    """Tells even numbers from odd ones, and how many threads asked at once."""

    def __init__(self, wait: bool = False) -> None:
        self.lock = threading.Lock()
        self.calls: list[int] = []
        self.now = self.most = self.done = 0
        self.wait = wait
        self.texts: list[str] = []

    def predict(self, arrays: Mapping[str, NDArray[Any]]) -> Prediction:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.calls.append(len(arrays["x"]))
            self.texts += arrays["c"].ravel().tolist()
            first = len(self.calls) == 1
        end = time.monotonic() + 60
        # The first batch waits for others, so that they are done before it.
        while self.wait and first and self.done < 3:
            assert time.monotonic() < end, "the first batch holds the others up"
            time.sleep(0.001)
        odd = arrays["x"][:, 0] % 2
        with self.lock:
            self.now -= 1
            self.done += 1
        labels = np.array([("even", "odd")[int(each)] for each in odd], dtype=object)
        return Prediction(labels, np.stack([1 - odd, odd], axis=1))


def predicted(
    path: Path, parity: Parity, rows: int = 10, concurrency: int = 1
) -> tuple[list[Batch], list[str]]:
    told: list[str] = []
    with open_stream(path) as stream:
        found = predict_stream(
            stream,
            Model(SCHEMA, parity.predict),
            rows=rows,
            concurrency=concurrency,
            unknown=told.extend,
        )
        return list(found), told


def write(path: Path, rows: int, bad: int = 0) -> Path:
    lines = [f"{'?!' if row == bad else row},True,{row},z" for row in range(1, rows + 1)]
    path.write_text("\n".join(["x,c,id,more", *lines]))
    return path


@pytest.mark.parametrize("concurrency", [1, 4])
def test_every_row_once_and_in_order(tmp_path: Path, concurrency: int) -> None:
    parity = Parity(wait=concurrency > 1)
    batches, told = predicted(write(tmp_path / "t.csv", 95), parity, concurrency=concurrency)
    assert np.concatenate([each.rows for each in batches]).tolist() == list(range(1, 96))
    labels = np.concatenate([each.labels for each in batches]).tolist()
    assert labels == ["odd", "even"] * 47 + ["odd"]
    assert sorted(parity.calls) == [5] + [10] * 9
    assert parity.most <= concurrency
    assert told == ["more"]


def test_no_more_batches_are_held_than_said(tmp_path: Path) -> None:
    gate = threading.Event()
    begun: list[int] = []

    def slow(arrays: Mapping[str, NDArray[Any]]) -> Prediction:
        begun.append(len(arrays["x"]))
        gate.wait(10)
        return Parity().predict(arrays)

    read: list[int] = []
    with open_stream(write(tmp_path / "t.csv", 200)) as stream:
        pulled = stream.batches

        def counted(rows: int) -> Any:
            for table in pulled(rows):
                read.append(len(table))
                yield table

        object.__setattr__(stream, "batches", counted)
        found = predict_stream(
            stream, Model(SCHEMA, slow), rows=10, concurrency=2, unknown=lambda names: None
        )
        first = threading.Thread(target=lambda: next(found))
        first.start()
        end = time.monotonic() + 60
        while len(read) < 3 and time.monotonic() < end:
            time.sleep(0.001)
        assert len(read) == 3
        gate.set()
        first.join()
        assert len(read) <= 4
        assert sum(len(each.rows) for each in found) == 190


def test_a_bad_cell_names_its_line_and_ends_it(tmp_path: Path) -> None:
    parity = Parity()
    with pytest.raises(UsageError) as seen:
        predicted(write(tmp_path / "t.csv", 1000, bad=777), parity)
    assert seen.value.where == f"{tmp_path}/t.csv: row 777 (line 778), column 'x'"
    assert sum(parity.calls) <= 770


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,C\n1,a\n")
    parity = Parity()
    with pytest.raises(UsageError, match="the model needs column 'c'") as seen:
        predicted(path, parity)
    assert "did you mean 'C'?" in seen.value.hint
    assert not parity.calls


def test_a_key_that_comes_late(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    # So many lines are not parsed at once.
    path.write_text('{"x": 1}\n' * 9000 + '{"x": 2, "c": true, "new": 1}\n')
    parity = Parity()
    batches, told = predicted(path, parity, rows=1000)
    assert sum(len(each.rows) for each in batches) == 9001
    assert parity.texts == [""] * 9000 + ["True"]
    assert told == ["new"]
    path.write_text('{"x": 1}\n' * 9000)
    with pytest.raises(UsageError, match="the model needs column 'c'"):
        predicted(path, Parity(), rows=1000)


def rows_of(asked: Asked) -> int:
    import json

    head = asked.body[: int(asked.headers["inference-header-content-length"])]
    count: int = json.loads(head)["inputs"][0]["shape"][0]
    return count


def arrays(rows: int) -> dict[str, NDArray[Any]]:
    return {
        "height": np.ones((rows, 1), dtype=np.float32),
        "colour": np.full((rows, 1), "red", dtype=object),
        "born": np.zeros((rows, 1)),
    }


def test_what_is_too_large_goes_in_halves() -> None:
    def infer(asked: Asked) -> Said:
        rows = rows_of(asked)
        return document({"error": "too many"}, 413) if rows > 30 else answer(rows)

    with peer(infer=infer) as (told, url), ModelClient(url, timeout=5) as client:
        found = Pinned(client).predict(arrays(100))
        assert found.labels.shape == (100,)
        assert found.probabilities.shape == (100, 2)
        answered = [rows_of(each) for each in told.asked if each.method == "POST"]
        assert answered == [100, 50, 25, 25, 25, 25]
    with (
        peer(infer=[document({"error": "too wide"}, 413)]) as (told, url),
        ModelClient(url, timeout=5) as client,
        pytest.raises(UsageError, match="too wide"),
    ):
        Pinned(client).predict(arrays(4))


def test_what_takes_too_long_goes_in_halves_and_so_does_what_follows() -> None:
    def infer(asked: Asked) -> Said:
        rows = rows_of(asked)
        return document({"error": "too slow"}, 504) if rows > 300 else answer(rows)

    with (
        peer(infer=infer) as (told, url),
        ModelClient(url, timeout=5, retries=0) as client,
    ):
        pinned = Pinned(client)
        for _ in range(2):
            assert pinned.predict(arrays(1000)).labels.shape == (1000,)
        answered = [rows_of(each) for each in told.asked if each.method == "POST"]
        assert answered == [1000, 500, *[250] * 8]
    with (
        peer(infer=[document({"error": "too slow"}, 504)]) as (told, url),
        ModelClient(url, timeout=5, retries=0) as client,
        pytest.raises(TimedOutError, match="too slow"),
    ):
        # Few rows that take too long do not do so because they are many.
        Pinned(client).predict(arrays(150))
    with (
        peer(infer=[Said(hang=True)]) as (told, url),
        ModelClient(url, timeout=0.3, retries=0) as client,
        pytest.raises(TimedOutError, match="no answer within"),
    ):
        # A server that hangs is not asked for every half.
        Pinned(client).predict(arrays(1000))
    assert sum(each.method == "POST" for each in told.asked) == 1


def test_one_version_answers_all() -> None:
    digests = ["a" * 64, "a" * 64, "b" * 64]

    def infer(asked: Asked) -> Said:
        return Said(200, answer().body, {"X-Deployer-Model-Digest": digests.pop(0)})

    with peer(infer=infer) as (told, url), ModelClient(url, timeout=5) as client:
        pinned = Pinned(client)
        pinned.predict(arrays(1))
        pinned.predict(arrays(1))
        with pytest.raises(CloudError, match=r"answers with sha256:bbbbbbbbbbbb… now"):
            pinned.predict(arrays(1))
        expected = [
            each.headers.get("x-deployer-expect-digest")
            for each in told.asked
            if each.method == "POST"
        ]
        assert expected == [None, "a" * 64, "a" * 64]


def test_the_first_batch_goes_alone() -> None:
    seen: list[str | None] = []

    def infer(asked: Asked) -> Said:
        seen.append(asked.headers.get("x-deployer-expect-digest"))
        return answer()

    with peer(infer=infer) as (_, url), ModelClient(url, timeout=5) as client:
        pinned = Pinned(client)
        threads = [threading.Thread(target=pinned.predict, args=(arrays(1),)) for _ in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert seen.count(None) == 1
        assert len(seen) == 6


@pytest.mark.parametrize("skip", [0, 1, 9, 10, 11, 20, 24, 25])
def test_rows_that_are_answered_already(tmp_path: Path, skip: int) -> None:
    parity = Parity()
    with open_stream(write(tmp_path / "t.csv", 25)) as stream:
        found = list(
            predict_stream(
                stream,
                Model(SCHEMA, parity.predict),
                rows=10,
                concurrency=1,
                unknown=lambda names: None,
                skip=skip,
            )
        )
    rows = [row for each in found for row in each.rows.tolist()]
    assert rows == list(range(skip + 1, 26))
    assert sum(parity.calls) == 25 - skip, "only these were asked for"
    assert all(label == ("even", "odd")[row % 2] for each in found
               for row, label in zip(each.rows.tolist(), each.labels, strict=True))  # fmt: skip
