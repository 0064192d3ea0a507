import multiprocessing
import os
import re
import timeit
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from deployer.serving.models import Served
from deployer.serving.telemetry.metrics import (
    BUCKETS,
    Telemetry,
    forget_process,
    prepare,
    telemetry,
)
from deployer.settings import ServeSettings
from tests.deployer.serving.telemetry.telemetry_kit import INFER, families, value, values


def answer(to: Telemetry, **changes: object) -> None:
    told = {"route": INFER, "method": "POST", "status": 200, "seconds": 0.0015, "rows": 2}
    to.begin()
    to.end(**{**told, "model": "penguins", **changes})  # type: ignore[arg-type] # as told


def test_requests_are_counted(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(), folder)
    to.loaded(counted, 0.25)
    for _ in range(3):
        answer(to)
    answer(to, status=400, rows=0, error="bad_request", seconds=0.3)
    to.begin()
    labels = {"route": INFER, "method": "POST", "model": "penguins"}
    assert value(folder, "deployer_requests_total", status="200", **labels) == 3
    assert value(folder, "deployer_requests_total", status="400", **labels) == 1
    assert value(folder, "deployer_request_rows_total", model="penguins") == 6
    assert value(folder, "deployer_errors_total", kind="bad_request") == 1
    assert value(folder, "deployer_requests_in_flight") == 1
    where = {"route": INFER, "model": "penguins"}
    name = "deployer_request_duration_seconds"
    assert value(folder, f"{name}_count", **where) == 4
    assert value(folder, f"{name}_sum", **where) == pytest.approx(3 * 0.0015 + 0.3)
    below = {le: value(folder, f"{name}_bucket", le=le, **where) for le in ("0.001", "0.0025", "0.25", "0.5", "+Inf")}  # fmt: skip
    assert below == {"0.001": 0, "0.0025": 3, "0.25": 3, "0.5": 4, "+Inf": 4}


@pytest.mark.parametrize("seconds", BUCKETS)
def test_a_bound_is_in_its_own_bucket(folder: Path, seconds: float) -> None:
    to = telemetry(ServeSettings(), folder)
    answer(to, seconds=seconds)
    found = values(folder, "deployer_request_duration_seconds_bucket")
    below = {float(dict(labels)["le"]): count for labels, count in found.items()}
    assert below[seconds] == 1
    assert sum(below.values()) == sum(1 for each in below if each >= seconds)


def test_a_version_and_its_load_are_told(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(), folder)
    to.loaded(counted, 0.25)
    told = {"model": "penguins", "source": "aws"}
    first = {**told, "version": "3", "digest": f"sha256:{'ab' * 32}"}
    assert value(folder, "deployer_model_info", **first) == 1
    assert value(folder, "deployer_model_load_seconds", model="penguins") == 0.25
    assert value(folder, "deployer_model_loads_total", model="penguins", outcome="success") == 1
    later = Served("penguins", "4", "cd" * 32, counted.package, "aws", "penguins@champion")
    to.loaded(later, 0.5)
    to.failed_load("penguins")
    assert values(folder, "deployer_model_info") == {
        tuple(sorted({**told, "version": "4", "digest": f"sha256:{'cd' * 32}"}.items())): 1
    }
    assert value(folder, "deployer_model_load_seconds", model="penguins") == 0.5
    assert value(folder, "deployer_model_loads_total", model="penguins", outcome="failure") == 1
    to.loaded(counted, 0.1)
    assert value(folder, "deployer_model_info", **first) == 1
    to.unloaded("penguins")
    assert values(folder, "deployer_model_info") == {}


def test_what_clients_make_up_is_no_label(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(), folder)
    to.loaded(counted, 0.1)
    for index in range(1100):
        answer(to, model=f"m{index}", method=f"M{index}")
    assert list(values(folder, "deployer_requests_total").values()) == [1100]
    for index in range(1100):
        answer(to, route=f"/{index}", status=index, error=f"e{index}")
    requests = values(folder, "deployer_requests_total")
    errors = values(folder, "deployer_errors_total")
    durations = values(folder, "deployer_request_duration_seconds_count")
    assert 500 < len(requests) <= 1001
    assert len(errors) <= 51
    assert len(durations) <= 202
    # Bounded, and yet nothing is lost.
    assert sum(requests.values()) == sum(durations.values()) == 2200
    assert sum(errors.values()) == 1100


def test_names_and_help_are_as_prometheus_has_them(folder: Path, counted: Served) -> None:
    """The rules of `promtool check metrics` and https://prometheus.io/docs/practices/naming/."""
    to = telemetry(ServeSettings(drift_sample=1), folder)
    to.loaded(counted, 0.1)
    answer(to, error="bad_request")
    hand_over(to, counted)
    to.close()
    found = families(folder)
    assert len(found) >= 14
    for name, (kind, text) in found.items():
        assert re.fullmatch(r"deployer_[a-z][a-z_]*[a-z]", name)
        assert text.endswith(".")
        # The parser names a counter without its suffix, so it must not end in it twice.
        assert not name.endswith(("_total", "_count", "_sum", "_bucket"))
        assert not re.search(r"_(ms|milliseconds|minutes|kb|percent|counter|gauge)(_|$)", name)
        if kind == "histogram" or "duration" in name or name.endswith("load"):
            assert name.endswith("_seconds")
    counters = {name for name, (kind, _) in found.items() if kind == "counter"}
    assert counters >= {"deployer_requests", "deployer_errors", "deployer_predictions"}
    for name in counters:
        assert values(folder, f"{name}_total")


def hand_over(to: Telemetry, counted: Served) -> None:
    from deployer.packaging.cells import encode_inputs

    rows = [each.inputs for each in counted.package.golden.rows]
    inputs = counted.package.schema.inputs
    arrays = encode_inputs(inputs, {each.name: [row[each.name] for row in rows] for each in inputs})
    to.inputs(counted, arrays, counted.package.classifier.predict(arrays).labels)


def count_in_a_process(folder: str, requests: int, pipe: object) -> None:
    to = telemetry(ServeSettings(), Path(folder))
    for _ in range(requests):
        answer(to, model="")
    to.begin()
    pipe.send(os.getpid())  # type: ignore[attr-defined] # a connection
    pipe.recv()  # type: ignore[attr-defined] # until it may end


def test_processes_are_summed_and_dead_ones_leave_no_request_under_way(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started = []
    for requests in (100, 23):
        here, there = context.Pipe()
        process = context.Process(target=count_in_a_process, args=(str(folder), requests, there))
        process.start()
        started.append((process, here))
    labels = {"route": INFER, "method": "POST", "status": "200", "model": ""}
    try:
        pids = [here.recv() for _, here in started]
        assert value(folder, "deployer_requests_total", **labels) == 123
        assert (
            value(folder, "deployer_request_duration_seconds_count", route=INFER, model="") == 123
        )
        assert value(folder, "deployer_requests_in_flight") == 2
        started[0][0].kill()
        started[0][0].join(10)
        forget_process(folder, pids[0])
        assert value(folder, "deployer_requests_in_flight") == 1
        assert value(folder, "deployer_requests_total", **labels) == 123
    finally:
        for process, _ in started:
            process.kill()
            process.join(10)


def test_an_earlier_run_is_not_counted(folder: Path) -> None:
    answer(telemetry(ServeSettings(), folder))
    assert values(folder, "deployer_requests_total")
    prepare(folder)
    assert values(folder, "deployer_requests_total") == {}


def test_a_process_with_an_earlier_ones_id_goes_on_counting(folder: Path) -> None:
    for _ in range(2):
        to = telemetry(ServeSettings(), folder)
        answer(to, model="")
        to.close()
    assert list(values(folder, "deployer_requests_total").values()) == [2]


def test_without_a_folder_nothing_is_written(tmp_path: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(drift_sample=1), None)
    to.loaded(counted, 0.1)
    answer(to)
    hand_over(to, counted)
    to.close()
    assert list(tmp_path.iterdir()) == []


def test_counting_costs_little(folder: Path, counted: Served) -> None:
    """Of this process's time alone, and generously: 3 µs and 0.5 µs on the machine of 2026."""
    to = telemetry(ServeSettings(drift_sample=0), folder)
    to.loaded(counted, 0.1)
    labels = counted.package.classifier.predict(arrays_of(counted)).labels[:1]
    arrays = arrays_of(counted)

    def micros(call: object) -> float:
        return min(timeit.repeat(call, number=2000, repeat=20, timer=process_time)) / 2000 * 1e6  # type: ignore[arg-type] # a callable

    assert micros(lambda: answer(to)) < 15
    assert micros(lambda: to.inputs(counted, arrays, labels)) < 4
    assert micros(lambda: to.span("x", None).__enter__()) < 3
    to.close()


def arrays_of(counted: Served) -> dict[str, Any]:
    from deployer.packaging.cells import encode_inputs

    rows = [each.inputs for each in counted.package.golden.rows]
    inputs = counted.package.schema.inputs
    return dict(
        encode_inputs(inputs, {each.name: [row[each.name] for row in rows] for each in inputs})
    )
