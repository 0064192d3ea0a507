"""The benchmark's own parts: what a load is worth, what a server is compared by, what it prints."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.serving.contenders import Contender, constant
from benchmarks.serving.load import Load, find_wrk, middle_load, put_under_load
from benchmarks.serving.model import Model, softmax
from benchmarks.serving.rounds import Figures, is_right
from benchmarks.serving.servers import Failure, free_port, start
from benchmarks.serving.tables import goals, load_table, start_table


def load(rate: float, p99: float = 0.004, **failed: int) -> Load:
    return Load(
        requests=round(rate * 2) + failed.get("refused", 0),
        seconds=2,
        p50=p99 / 2,
        p99=p99,
        longest=p99 * 2,
        **failed,
    )


def figures(rate: float, p99: float = 0.004, **failed: int) -> Figures:
    found = Figures(cold=[1.5], resident=[3 << 20], shares=[2 << 20])
    for size in found.loads:
        found.loads[size] = [load(rate, p99, **failed)]
    return found


@pytest.fixture
def model(tmp_path: Path) -> Model:
    rows = np.arange(8, dtype=np.float32).reshape(2, 4)
    return Model(tmp_path, tmp_path, rows, np.array([[0.1, 0.2, 0.3, 0.4], [0.25] * 4]))


def test_only_good_answers_count() -> None:
    some = load(100, refused=30, broken=2, late=1)
    assert some.rate == 100
    assert some.failed == 33


def test_the_middle_of_rounds_hides_no_failure() -> None:
    middle = middle_load([load(100, 0.001), load(400, 0.009, refused=3), load(200, 0.002)])
    assert middle.rate == pytest.approx(200)
    assert middle.p99 == 0.002
    assert middle.longest == 0.018
    assert middle.failed == 3


def test_goals_are_compared_with_mlserver() -> None:
    table = goals({"deployer": figures(999), "mlserver": figures(100)})
    assert "| one row, requests/s, times MLServer | ≥ 10 | 10.0 | missed |" in table
    assert "| 1,000 rows, requests/s, times MLServer | ≥ 5 | 10.0 | met |" in table
    assert "| one row, p99 | ≤ 10.0 ms | 4.0 ms | met |" in table
    assert "| failed requests | 0 | 0 | met |" in table
    assert "| 20.0 ms | missed |" in goals({"deployer": figures(1, 0.02)})
    assert "| failed requests | 0 | 5 | missed |" in goals({"deployer": figures(1, refused=5)})
    assert "not measured" in goals({"deployer": figures(1)})


def test_a_server_that_failed_is_reported_as_such() -> None:
    found = {"mlserver": figures(100), "mlflow": Figures(failure="ended with 1 | early\ntrace")}
    for table in (load_table("One row", 1, found), start_table(found)):
        assert "| mlflow | ended with 1 / early | |" in table
    assert "| mlserver | 100 | 1.0 | 2.0 ms | 4.0 ms | 8.0 ms | 0 |" in load_table("x", 1, found)


def test_an_answer_is_compared_with_the_models(model: Model, tmp_path: Path) -> None:
    contender = Contender([], "", lambda rows: b"", json.loads)
    assert is_right(contender, model, b"[[0.1, 0.2, 0.3, 0.400001]]")
    assert not is_right(contender, model, b"[[0.1, 0.2, 0.4, 0.3]]")
    assert not is_right(contender, model, b'{"error": "no"}')
    assert not is_right(contender, model, b"nothing")


def test_softmax_sums_to_one_and_bears_large_scores() -> None:
    found = softmax(np.array([[1000.0, 1000.0], [0.0, np.log(3)]]))
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.25, 0.75]])


@pytest.fixture
def floor(model: Model, tmp_path: Path) -> Iterator[Contender]:
    contender = constant(model, tmp_path)
    with start(
        contender.command,
        contender.environment,
        folder=tmp_path,
        url=contender.url,
        body=contender.write(model.rows[:1]),
        headers=contender.headers,
    ) as running:
        assert running.cold > 0
        assert running.first == b"".join(running.first.splitlines())
        assert running.memory()[0] >= running.memory()[1] > 1 << 20
        yield contender


@pytest.mark.skipif(find_wrk() is None, reason="wrk is not installed")
def test_a_load_on_a_real_server(floor: Contender, model: Model, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(floor.write(model.rows))
    seen = put_under_load(floor.url, body, floor.headers, connections=2, seconds=1)
    assert seen.failed == 0
    assert seen.rate > 10
    assert 0 < seen.p50 <= seen.p99 <= seen.longest


def test_a_server_that_ends_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such model')"]
    url = f"http://127.0.0.1:{free_port()}/"
    with (
        pytest.raises(Failure, match="ended with 1 before it answered\nno such model"),
        start(command, {}, folder=tmp_path, url=url, body=b"", headers={}),
    ):
        pytest.fail("it never answered")
