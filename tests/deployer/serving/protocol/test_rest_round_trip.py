"""What is encoded is decoded again, in JSON and raw, for every datatype."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deployer.packaging.golden import shortest
from deployer.serving.protocol.datatypes import DTYPES, FLOATS
from deployer.serving.protocol.floats import shortest_floats
from deployer.serving.protocol.rest import decode_infer, encode_infer
from deployer.serving.tensors import Datatype, InferResponse, Tensor
from tests.deployer.serving.protocol.protocol_kit import LIMITS

QUICK = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@st.composite
def tensors(draw: st.DrawFn, finite: bool = False) -> Tensor:
    datatype: Datatype = draw(st.sampled_from(sorted(DTYPES)))
    shape = draw(arrays.array_shapes(min_dims=1, max_dims=3, max_side=4, min_side=0))
    name = draw(TEXT)
    if datatype == "BYTES":
        count = int(np.prod(shape))
        data = np.empty(count, dtype=object)
        data[:] = draw(st.lists(TEXT, min_size=count, max_size=count))
        return Tensor(name, datatype, data.reshape(shape))
    options: dict[str, Any] = {}
    if datatype in FLOATS:
        options = {"allow_infinity": not finite, "allow_nan": not finite}
    elements = arrays.from_dtype(DTYPES[datatype], **options)
    return Tensor(name, datatype, draw(arrays.arrays(DTYPES[datatype], shape, elements=elements)))


def respond(*outputs: Tensor, raw: bool) -> tuple[bytes, int | None]:
    binary = frozenset(each.name for each in outputs) if raw else frozenset[str]()
    return encode_infer(InferResponse("m", "1", "00" * 32, outputs, "id-1", binary))


def as_request(body: bytes, length: int | None) -> tuple[bytes, int | None]:
    """Turn a response into the request whose inputs are its outputs."""
    document = json.loads(body[:length])
    head = json.dumps({"id": document["id"], "inputs": document["outputs"]}).encode()
    return (head, None) if length is None else (head + body[length:], len(head))


def same(one: Tensor, other: Tensor) -> bool:
    if one.datatype == "BYTES":
        return one.data.tolist() == other.data.tolist() and one.data.shape == other.data.shape
    return one.data.tobytes() == other.data.tobytes() and one.data.shape == other.data.shape


@QUICK
@given(tensors(finite=True))
def test_json_round_trip(tensor: Tensor) -> None:
    body, length = as_request(*respond(tensor, raw=False))
    request = decode_infer(body, json_length=length, limits=LIMITS)
    assert length is None
    assert request.id == "id-1"
    assert [each.name for each in request.inputs] == [tensor.name]
    assert request.inputs[0].datatype == tensor.datatype
    assert same(request.inputs[0], tensor)


@QUICK
@given(st.lists(tensors(), min_size=1, max_size=3, unique_by=lambda each: each.name))
def test_raw_round_trip(sent: list[Tensor]) -> None:
    body, length = as_request(*respond(*sent, raw=True))
    request = decode_infer(body, json_length=length, limits=LIMITS)
    assert all(same(one, other) for one, other in zip(request.inputs, sent, strict=True))


@QUICK
@given(tensors(finite=True))
def test_nested_data_is_flat_data(tensor: Tensor) -> None:
    data = tensor.data.tolist()
    given_nested = {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.data.shape),
        "data": data,
    }
    if 0 in tensor.data.shape[:-1]:
        return  # an empty list says nothing of what would be in it
    body = json.dumps({"inputs": [given_nested]}).encode()
    assert same(decode_infer(body, json_length=None, limits=LIMITS).inputs[0], tensor)


def test_raw_layout_is_triton_s() -> None:
    texts = np.array(["a", "", "é"], dtype=object)
    numbers = np.array([[1.5, -2.0]], dtype=np.float32)
    body, length = respond(Tensor("t", "BYTES", texts), Tensor("n", "FP32", numbers), raw=True)
    assert body[length:] == (
        b"\x01\0\0\0a" + b"\0\0\0\0" + b"\x02\0\0\0\xc3\xa9" + struct.pack("<2f", 1.5, -2.0)
    )
    sizes = [each["parameters"] for each in json.loads(body[:length])["outputs"]]
    assert sizes == [{"binary_data_size": 15}, {"binary_data_size": 8}]


def test_null_is_missing() -> None:
    inputs = [
        {"name": "n", "datatype": "FP32", "shape": [2], "data": [None, 1.5]},
        {"name": "t", "datatype": "BYTES", "shape": [2], "data": ["x", None]},
    ]
    body = json.dumps({"inputs": inputs}).encode()
    numbers, texts = decode_infer(body, json_length=None, limits=LIMITS).inputs
    assert np.isnan(numbers.data[0])
    assert numbers.data[1] == 1.5
    assert texts.data.tolist() == ["x", ""]


@pytest.mark.parametrize(
    ("asked", "wanted", "binary"),
    [
        ({}, (), False),
        ({"parameters": {"binary_data_output": True}}, (), True),
        ({"outputs": [{"name": "a"}]}, (("a", False),), False),
        (
            {
                "outputs": [{"name": "a"}, {"name": "b", "parameters": {"binary_data": False}}],
                "parameters": {"binary_data_output": True},
            },
            (("a", True), ("b", False)),
            True,
        ),
    ],
)
def test_how_outputs_are_asked_for(
    asked: dict[str, Any], wanted: tuple[tuple[str, bool], ...], binary: bool
) -> None:
    inputs = [{"name": "n", "datatype": "FP32", "shape": [1], "data": [1]}]
    body = json.dumps({"inputs": inputs, **asked}).encode()
    request = decode_infer(body, json_length=None, limits=LIMITS)
    assert (request.outputs, request.binary) == (wanted, binary)


def test_integers_are_exact() -> None:
    data = [2**63 - 1, -(2**63), 2**53 + 1]
    body = json.dumps(
        {"inputs": [{"name": "n", "datatype": "INT64", "shape": [3], "data": data}]}
    ).encode()
    assert decode_infer(body, json_length=None, limits=LIMITS).inputs[0].data.tolist() == data


def test_floats_are_the_shortest_that_read_back() -> None:
    random = np.random.default_rng(3)
    bits = random.integers(0, 2**32, size=20_000, dtype=np.uint32).view(np.float32)
    shares = random.dirichlet([0.05] * 5, size=4_000).astype(np.float32).ravel()
    edges = np.array([0, -0.0, 1, 0.1, 1e-7, 9.9999994e-1, 1e9, 3.4028235e38, 1e-45, 16777216])
    for values in (bits[np.isfinite(bits)], shares, np.tile(edges.astype(np.float32), 3)):
        found = shortest_floats(values)
        assert found == shortest(values)
        assert np.array(found, dtype=np.float32).tobytes() == values.tobytes()
