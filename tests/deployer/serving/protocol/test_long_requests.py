"""Long requests are read by another parser: it must find what the usual one finds, or leave it."""

import json
from typing import Any

import numpy as np
import pytest

from deployer.serving.protocol import many, rest
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.many import MANY, many_request
from deployer.serving.protocol.rest import decode_infer
from deployer.serving.refusals import RefusedError

LIMITS = Limits(max_rows=10_000)
LONG = 4000
NUMBERS = np.random.default_rng(5).normal(size=LONG).round(4).tolist()


def document(data: Any = None, shape: Any = None, name: Any = "x", **more: Any) -> dict[str, Any]:
    one = {"name": name, "shape": [LONG // 4, 4] if shape is None else shape, "datatype": "FP32",
           "data": NUMBERS if data is None else data}  # fmt: skip
    return {"inputs": [one], **more}


def found(body: bytes) -> Any:
    """Return all that was read, or what was said."""
    try:
        request = decode_infer(body, json_length=None, limits=LIMITS)
    except RefusedError as error:
        return int(error.status), error.message
    tensors = [(e.name, e.datatype, e.data.dtype, e.data.shape, e.data.tobytes())
               for e in request.inputs]  # fmt: skip
    return tensors, request.id, request.outputs, request.binary


TWO = [document()["inputs"][0], document(name="y")["inputs"][0]]
QUICK: dict[str, Any] = {
    "plain": document(),
    "id": document(id="it"),
    "outputs": document(outputs=[{"name": "probabilities"}, {"name": "[label]"}]),
    "raw outputs": document(outputs=[{"name": "label", "parameters": {"binary_data": True}}]),
    "parameters": document(parameters={"binary_data_output": True, "x": [1, [2]]}),
    "two": {"inputs": TWO},
    "integers": document(data=[*NUMBERS[:-2], 1, -2]),
    "too few": document(data=NUMBERS[:-1]),
    "too many rows": document(shape=[LONG, 1, 1], data=NUMBERS * 4),
    "too large for FP32": document(data=[*NUMBERS[:-1], 1e300]),
    "outputs of a wrong kind": document(outputs={"name": "x"}),
    "an id that is a number": document(id=7),
}
LEFT: dict[str, Any] = {
    "nested": document(data=[NUMBERS[i : i + 4] for i in range(0, LONG, 4)]),
    "ragged": document(data=[NUMBERS[:3], *[NUMBERS[i : i + 4] for i in range(3, LONG - 1, 4)]]),
    "missing": document(data=[*NUMBERS[:-1], None]),
    "text": document(data=[*NUMBERS[:-1], "1"]),
    "a bracket in a name": document(name="x["),
    "no data": document(shape=[0], data=[], parameters={"x": "y" * MANY}),
    "a shape of fractions": document(shape=[LONG / 4, 4.5]),
    "no inputs": {"input": [], "x": "y" * MANY},
    "a list": [NUMBERS],
    "large others": document(x=["y" * 5000]),
}


def encoded(each: Any) -> bytes:
    body = json.dumps(each).encode()
    assert len(body) >= MANY
    return body


@pytest.mark.parametrize("name", QUICK)
def test_what_it_reads_is_what_the_other_reads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = encoded(QUICK[name])
    assert many_request(body) is not None
    quick = found(body)
    monkeypatch.setattr(many, "MANY", 10**9)
    monkeypatch.setattr(rest, "MANY", 0)
    assert many_request(body) is None
    assert quick == found(body)


@pytest.mark.parametrize("name", LEFT)
def test_what_it_leaves_to_the_other(name: str) -> None:
    assert many_request(encoded(LEFT[name])) is None


def test_a_name_that_is_there_twice_is_left_to_the_other() -> None:
    body = encoded(document())
    for twice in (body.replace(b'"inputs"', b'"id": "a", "id": "b", "inputs"'),
                  body.replace(b'"name": "x"', b'"name": "x", "name": "y"')):  # fmt: skip
        assert many_request(twice) is None
        assert found(twice)[0][0][0] in ("x", "y")


def test_what_is_not_json(monkeypatch: pytest.MonkeyPatch) -> None:
    body = encoded(document())
    for wrong in (body[:-1], body + b"x", body.replace(b",", b",,", 1), b" " * MANY):
        assert many_request(wrong) is None
        assert found(wrong)[0] == 400
