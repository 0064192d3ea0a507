"""What models answer to requests is what they answer without a server."""

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deployer.packaging.cells import encode_inputs
from deployer.packaging.load import load_package
from deployer.serving.models import Served
from deployer.serving.protocol import plan
from deployer.serving.protocol.inference import infer
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.metadata import model_metadata, server_metadata
from deployer.serving.protocol.plan import plan_of
from deployer.serving.protocol.rest import decode_infer
from deployer.serving.refusals import RefusedError
from deployer.serving.tensors import InferRequest, Tensor
from tests.deployer.serving.protocol.protocol_kit import (
    LIMITS,
    ask,
    body_of,
    golden_inputs,
)


def told(document: dict[str, Any]) -> tuple[list[str], list[list[float]]]:
    label, probabilities = document["outputs"]
    rows, classes = probabilities["shape"]
    flat = probabilities["data"]
    return label["data"], [flat[i * classes : (i + 1) * classes] for i in range(rows)]


def check_golden(served: Served, document: dict[str, Any]) -> None:
    labels, shares = told(document)
    golden = served.package.golden.rows
    assert labels == [row.label for row in golden]
    np.testing.assert_allclose(shares, [row.probabilities for row in golden], rtol=0, atol=1e-6)


@pytest.mark.parametrize("model", ["numeric", "mixed"])
def test_golden_rows_one_tensor_per_column(model: str, request: pytest.FixtureRequest) -> None:
    served: Served = request.getfixturevalue(model)
    inputs = golden_inputs(served, served.package.golden.rows)
    check_golden(served, ask(served, body_of(inputs)))
    check_golden(served, ask(served, body_of(list(reversed(inputs)))))
    for each in inputs:
        each["shape"] = each["shape"][:1]
    document = ask(served, body_of(inputs, id="42"))
    check_golden(served, document)
    assert (document["model_name"], document["model_version"], document["id"]) == ("m", "3", "42")


def golden_matrix(served: Served) -> list[list[float | None]]:
    rows = served.package.golden.rows
    return [[row.inputs[each.name] for each in served.package.schema.inputs] for row in rows]  # type: ignore[misc] # numbers


@pytest.mark.parametrize("kind", ["FP32", "FP64"])
def test_golden_rows_as_one_matrix(numeric: Served, kind: str) -> None:
    matrix = golden_matrix(numeric)
    assert any(None in row for row in matrix)
    shape = [len(matrix), len(matrix[0])]
    for data in (matrix, [cell for row in matrix for cell in row]):
        inputs = [{"name": "any", "datatype": kind, "shape": shape, "data": data}]
        check_golden(numeric, ask(numeric, body_of(inputs)))


def test_golden_rows_as_raw_bytes(numeric: Served) -> None:
    matrix = np.array(golden_matrix(numeric), dtype=np.float32)
    size = {"binary_data_size": matrix.nbytes}
    head = body_of(
        [{"name": "x", "datatype": "FP32", "shape": list(matrix.shape), "parameters": size}]
    )
    check_golden(numeric, ask(numeric, head + matrix.tobytes(), json_length=len(head)))


def test_the_short_way_gives_the_same_bits(numeric: Served) -> None:
    random = np.random.default_rng(5)
    matrix = (random.normal(size=(3000, 6)) * 10.0 ** random.integers(-3, 4, 6)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    found = plan_of(numeric.package)
    assert found.matrix is not None
    short = found.matrix(matrix)
    names = found.names
    long = numeric.package.classifier.predict(
        {name: matrix[:, i : i + 1] for i, name in enumerate(names)}
    )
    assert short.probabilities.tobytes() == long.probabilities.tobytes()
    assert short.labels.tolist() == long.labels.tolist()


def test_arrays_are_what_the_model_was_given(numeric: Served) -> None:
    matrix = golden_matrix(numeric)
    inputs = [{"name": "x", "datatype": "FP32", "shape": [len(matrix), 6], "data": matrix}]
    request = decode_infer(body_of(inputs), json_length=None, limits=LIMITS)
    answer = infer(numeric, request, LIMITS)
    schema = numeric.package.schema
    cells = {each.name: [row[i] for row in matrix] for i, each in enumerate(schema.inputs)}
    expected = encode_inputs(schema.inputs, cells)
    assert answer.rows == len(matrix)
    assert list(answer.arrays) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(answer.arrays[name], array)
    with pytest.raises(KeyError):
        answer.arrays["no such column"]


def test_text_dates_and_missing_values(mixed: Served) -> None:
    def shares(**cells: Any) -> list[float]:
        kinds = {"number": "FP64", "colour": "BYTES", "note": "BYTES", "when": "BYTES"} | {
            name: kind for name, (kind, _) in cells.items()
        }
        values = {"number": 0.3, "colour": "red", "note": "a lazy fox", "when": "2012-02-03"} | {
            name: value for name, (_, value) in cells.items()
        }
        inputs = [
            {"name": name, "datatype": kinds[name], "shape": [1], "data": [values[name]]}
            for name in kinds
        ]
        return told(ask(mixed, body_of(inputs)))[1][0]

    usual = shares()
    assert shares(when=("FP64", 1328227200.0)) == usual
    assert shares(when=("INT64", 1328227200)) == usual
    assert shares(when=("BYTES", "2012-02-03T01:00+01:00")) == usual
    assert shares(colour=("BYTES", "")) == shares(colour=("BYTES", None)) != usual
    assert shares(colour=("BYTES", "")) == shares(colour=("BYTES", "NA"))
    assert shares(when=("BYTES", "")) == shares(when=("FP64", None)) != usual
    assert shares(number=("FP32", None)) != usual
    assert shares(number=("INT8", 1)) == shares(number=("BOOL", True)) != usual


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": {"name": "numbr"}}, "'numbr' is no column of the model; did you mean 'number'"),
        ({"number": {"name": "colour"}}, "'colour' is there twice"),
        ({"number": None}, "'number' is missing"),
        ({"number": None, "note": None}, "'number' is missing, and 1 more"),
        ({"number": {"datatype": "BYTES", "data": ["1", "2"]}}, "takes numbers"),
        ({"number": {"shape": [1, 2]}}, "shape [1, 2], not [rows, 1]"),
        ({"number": {"shape": [1, 1], "data": [1]}}, "2 rows, but 'number' has 1"),
        ({"number": {"datatype": "FP64", "data": [1e300, 1]}}, "infinite as float32"),
        ({"colour": {"datatype": "FP32", "data": [1, 2]}}, "takes BYTES, not FP32"),
        ({"when": {"datatype": "BOOL", "data": [True, True]}}, "takes FP64 seconds or BYTES"),
        ({"when": {"data": ["2020-02-02", "2020-02-30"]}}, "'when', row 2: '2020-02-30' is not a"),
    ],
)
def test_inputs_that_are_not_the_model_s(
    mixed: Served, change: dict[str, dict[str, Any] | None], said: str
) -> None:
    inputs = golden_inputs(mixed, mixed.package.golden.rows[:2])
    for each in inputs:
        if each["name"] == "when":
            each |= {"datatype": "BYTES", "data": ["2020-02-02", ""]}
    changed = []
    for each in inputs:
        new = change.get(each["name"], {})
        if new is not None:
            changed.append({**each, **new})
    with pytest.raises(RefusedError) as caught:
        ask(mixed, body_of(changed))
    assert said in caught.value.message
    assert caught.value.status == 400
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("columns", [1, 5, 7])
def test_matrix_of_another_width(numeric: Served, columns: int) -> None:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [2, columns], "data": [0] * (2 * columns)}]
    with pytest.raises(RefusedError, match=r"neither a column .* nor a matrix of its 6 columns"):
        ask(numeric, body_of(inputs))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused(numeric: Served, value: float) -> None:
    matrix = np.full((3, 6), value, dtype=np.float32)
    request = InferRequest((Tensor("x", "FP32", matrix),))
    with pytest.raises(RefusedError, match="infinite"):
        infer(numeric, request, LIMITS)


def test_an_infinite_date_is_refused(mixed: Served) -> None:
    inputs = golden_inputs(mixed, mixed.package.golden.rows[:1])
    request = decode_infer(body_of(inputs), json_length=None, limits=LIMITS)
    whole = tuple(each for each in request.inputs if each.name != "when")
    when = Tensor("when", "FP64", np.array([np.inf]))
    with pytest.raises(RefusedError, match="'when' has an infinite date"):
        infer(mixed, InferRequest((*whole, when)), LIMITS)


def test_rows_are_limited_whatever_they_came_in(numeric: Served) -> None:
    request = InferRequest((Tensor("x", "FP32", np.zeros((3, 6), dtype=np.float32)),))
    with pytest.raises(RefusedError) as caught:
        infer(numeric, request, Limits(max_rows=2))
    assert caught.value.status == 413
    each = tuple(Tensor(f"n{i}", "FP32", np.zeros(3, dtype=np.float32)) for i in range(6))
    with pytest.raises(RefusedError) as caught:
        infer(numeric, InferRequest(each), Limits(max_rows=2))
    assert caught.value.status == 413


def test_no_rows_are_answered_with_none(numeric: Served) -> None:
    document = ask(
        numeric, body_of([{"name": "x", "datatype": "FP32", "shape": [0, 6], "data": []}])
    )
    assert [each["shape"] for each in document["outputs"]] == [[0], [0, 3]]


def test_only_the_outputs_asked_for(numeric: Served) -> None:
    inputs = golden_inputs(numeric, numeric.package.golden.rows[:1])
    wanted = [{"name": "probabilities"}, {"name": "label"}]
    document = ask(numeric, body_of(inputs, outputs=wanted))
    assert [each["name"] for each in document["outputs"]] == ["probabilities", "label"]
    document = ask(numeric, body_of(inputs, outputs=wanted[1:]))
    assert [each["name"] for each in document["outputs"]] == ["label"]
    for wrong, said in (("lable", "no output 'lable'"), ("label", "twice")):
        with pytest.raises(RefusedError, match=said):
            ask(numeric, body_of(inputs, outputs=[{"name": "label"}, {"name": wrong}]))


def test_metadata_names_what_infer_takes(mixed: Served) -> None:
    metadata = model_metadata(mixed)
    assert [(each.name, each.datatype, each.shape) for each in metadata.inputs] == [
        ("number", "FP32", (-1, 1)),
        ("colour", "BYTES", (-1, 1)),
        ("note", "BYTES", (-1, 1)),
        ("when", "FP64", (-1, 1)),
    ]
    assert [(each.name, each.shape) for each in metadata.outputs] == [
        ("label", (-1,)),
        ("probabilities", (-1, 2)),
    ]
    assert metadata.versions == ("3",)
    assert json.loads(server_metadata())["extensions"] == ["binary_tensor_data"]


def test_a_plan_goes_with_its_model(numeric: Served, tmp_path: Path) -> None:
    for role, entry in numeric.package.document.files.items():
        (tmp_path / entry.path).write_bytes(numeric.package.files[role])
    (tmp_path / "model.json").write_bytes(_entry(numeric))
    package = load_package(tmp_path)
    assert plan_of(package) is plan_of(package)
    gone, key = weakref.ref(package), id(package)
    assert key in plan._plans
    del package
    gc.collect()
    assert gone() is None
    assert key not in plan._plans


def _entry(served: Served) -> bytes:
    import msgspec

    return msgspec.json.encode(served.package.document)
