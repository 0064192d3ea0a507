"""Clients that others wrote, in an environment of their own, against a real ``deployer serve``."""

import csv
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deployer.packaging.load import load_package
from tests.deployer.predicting.endpoint_kit import (
    KEY,
    PENGUINS,
    Endpoint,
    serving,
    train_numbers,
    train_penguins,
    write_numbers,
)

pytestmark = pytest.mark.slow

TREE = Path(__file__).parents[4]
PYTHON = TREE / ".tools" / "clients" / "bin" / "python"
HERE = Path(__file__).parent

Told = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def clients() -> None:
    if (TREE / ".tools" / "clients" / ".installed").exists():
        return
    message = "the other clients are not installed: make .tools/clients/.installed"
    if os.environ.get("CI") or os.environ.get("DEPLOYER_TEST_REQUIRE"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("served")
    return {"penguins": train_penguins(folder), "numbers": train_numbers(folder)}


@pytest.fixture(scope="module")
def endpoint(models: dict[str, Path], clients: None) -> Iterator[Endpoint]:
    with serving(*models.values()) as running:
        yield running


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """Rows of each model; the third and fourth penguin lack values, which travel as NaN and ""."""
    path = write_numbers(tmp_path_factory.mktemp("rows") / "rows.csv", rows=30)
    with PENGUINS.open() as penguins, path.open() as numbers:
        return {
            "penguins": list(csv.DictReader(penguins))[:30],
            "numbers": list(csv.DictReader(numbers)),
        }


@pytest.fixture(scope="module")
def asked(
    models: dict[str, Path], rows: dict[str, list[dict[str, str]]], endpoint: Endpoint
) -> Told:
    """What the scripts are told to ask: penguins as a tensor per column, numbers as one matrix."""
    schema = load_package(models["penguins"]).schema
    columns = []
    for each in schema.inputs:
        cells = [row[each.name] for row in rows["penguins"]]
        known = [None if cell in {"", "NA"} else cell for cell in cells]
        data: list[Any] = [cell or "" for cell in known]
        if each.dtype == "float32":
            data = [None if cell is None else float(cell) for cell in known]
        columns.append(_tensor(each.name, data, "FP32" if each.dtype == "float32" else "BYTES"))
    names = [each.name for each in load_package(models["numbers"]).schema.inputs]
    matrix = [float(row[name]) for row in rows["numbers"] for name in names]
    one = {"name": "x", "datatype": "FP32", "shape": [30, len(names)], "data": matrix}
    return {
        "url": endpoint.url,
        "grpc": endpoint.grpc,
        "admin": endpoint.admin,
        "key": KEY,
        "models": {
            # tritonclient writes NaN into JSON, which is none: those rows have all their values.
            "penguins": {"raw": columns, "json": _whole(columns), "contents": columns},
            "numbers": {"raw": [one], "json": [one], "contents": [one]},
        },
    }


def _tensor(name: str, data: list[Any], datatype: str) -> Told:
    return {"name": name, "datatype": datatype, "shape": [len(data), 1], "data": data}


def _whole(columns: list[Told]) -> list[Told]:
    count = len(columns[0]["data"])
    kept = [n for n in range(count) if all(each["data"][n] is not None for each in columns)]
    return [_tensor(c["name"], [c["data"][n] for n in kept], c["datatype"]) for c in columns]


@pytest.fixture(scope="module")
def local(
    models: dict[str, Path], rows: dict[str, list[dict[str, str]]], asked: Told
) -> dict[str, Told]:
    """What the models answer on this machine: to all rows, and to those with all their values."""
    found: dict[str, Told] = {}
    for name, folder in models.items():
        package = load_package(folder)
        names = [each.name for each in package.schema.inputs]
        answer = package.predict({each: [row[each] for row in rows[name]] for each in names})
        found[name] = {"all": answer}
        sent = asked["models"][name]["json"]
        found[name]["whole"] = answer
        if len(sent) > 1:
            found[name]["whole"] = package.predict({each["name"]: each["data"] for each in sent})
    return found


def run(script: str, asked: Told) -> Told:
    done = subprocess.run(
        [PYTHON, HERE / script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Told = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def triton(asked: Told) -> Told:
    return run("with_tritonclient.py", asked)


@pytest.fixture(scope="module")
def kserve(asked: Told) -> Told:
    return run("with_kserve.py", asked)


@pytest.fixture(params=["triton", "kserve"])
def client(request: pytest.FixtureRequest) -> Told:
    found: Told = request.getfixturevalue(request.param)
    return found


def same(told: Told, answer: Any) -> None:
    assert told["labels"] == answer.labels.tolist()
    assert np.array_equal(np.float32(told["probabilities"]), answer.probabilities)


def test_the_rows_lack_values(asked: Told) -> None:
    assert any(None in each["data"] for each in asked["models"]["penguins"]["raw"])


@pytest.mark.parametrize("model", ["penguins", "numbers"])
@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_the_same_answers_as_here(
    client: Told, local: dict[str, Told], transport: str, model: str
) -> None:
    found = client[transport]["models"][model]
    same(found["raw"], local[model]["all"])
    if "contents" in found:
        same(found["contents"], local[model]["all"])
    if "all outputs" in found:
        same(found["all outputs"], local[model]["all"])
    assert found["ready"] is True


@pytest.mark.parametrize("model", ["penguins", "numbers"])
def test_the_same_answers_in_json(
    triton: Told, kserve: Told, local: dict[str, Told], model: str
) -> None:
    same(triton["http"]["models"][model]["json"], local[model]["whole"])
    # KServe writes NaN as null.
    same(kserve["http"]["models"][model]["json"], local[model]["all"])


def test_ids_come_back(triton: Told, kserve: Told) -> None:
    for model in ("penguins", "numbers"):
        assert triton["http"]["models"][model]["id"] == "7"
        assert triton["grpc"]["models"][model]["id"] == "7"
        assert kserve["http"]["models"][model]["raw"]["id"] == "7"
        assert kserve["grpc"]["models"][model]["raw"]["id"] == "7"


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_health(client: Told, transport: str) -> None:
    assert client[transport]["live"] is True
    assert client[transport]["ready"] is True
    assert client[transport].get("other model ready", False) is False


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_metadata(triton: Told, asked: Told, transport: str) -> None:
    found = triton[transport]
    assert found["server"]["name"] == "deployer"
    assert "binary_tensor_data" in found["server"]["extensions"]
    metadata = found["models"]["penguins"]["metadata"]
    assert metadata["name"] == "penguins"
    inputs = {each["name"]: each for each in metadata["inputs"]}
    for sent in asked["models"]["penguins"]["raw"]:
        assert inputs[sent["name"]]["datatype"] == sent["datatype"]
        assert [int(each) for each in inputs[sent["name"]]["shape"]] == [-1, 1]
    outputs = {each["name"]: each for each in metadata["outputs"]}
    assert outputs["label"]["datatype"] == "BYTES"
    assert [int(each) for each in outputs["probabilities"]["shape"]] == [-1, 3]


def test_the_index_of_models(triton: Told) -> None:
    assert sorted(triton["http"]["index"]) == ["numbers", "penguins"]


# As each client has them: HTTP's numbers, gRPC's names.
STATUSES = {
    "no key": {"401", "StatusCode.UNAUTHENTICATED", "UNAUTHENTICATED"},
    "wrong key": {"401", "StatusCode.UNAUTHENTICATED", "UNAUTHENTICATED"},
    "other model": {"404", "StatusCode.NOT_FOUND", "NOT_FOUND"},
    "bad input": {"400", "StatusCode.INVALID_ARGUMENT", "INVALID_ARGUMENT"},
}


@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("refusal", list(STATUSES))
def test_refusals(client: Told, transport: str, refusal: str) -> None:
    found = client[transport][refusal]
    assert found["status"] in STATUSES[refusal]
    assert found["message"]
    assert KEY not in found["message"]
    assert "Traceback" not in found["message"]
