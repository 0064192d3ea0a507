"""Arrays to requests, and responses to answers: as raw bytes and as JSON."""

import json
import struct
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deployer.errors import FailedError
from deployer.predicting.tensors import JSON_LENGTH, decode_answer, encode_request

NUMBERS = st.lists(st.floats(width=32), min_size=1, max_size=5)


def columns(numbers: list[float], texts: list[str]) -> dict[str, NDArray[Any]]:
    array = np.empty((len(texts), 1), dtype=object)
    array[:, 0] = texts
    return {
        "x": np.array(numbers, dtype=np.float32).reshape(-1, 1),
        "ü": array,
        "t": np.array(numbers, dtype=np.float64).reshape(-1, 1),
    }


@settings(max_examples=60, deadline=None)
@given(st.data(), NUMBERS)
def test_raw_bytes_are_the_protocols(data: st.DataObject, numbers: list[float]) -> None:
    texts = data.draw(st.lists(st.text(), min_size=len(numbers), max_size=len(numbers)))
    body, headers = encode_request(columns(numbers, texts), binary=True)
    end = int(headers[JSON_LENGTH])
    document = json.loads(body[:end])
    assert document["parameters"] == {"binary_data_output": True}
    rest = body[end:]
    parts = []
    for tensor in document["inputs"]:
        assert tensor["shape"] == [len(numbers), 1]
        size = tensor["parameters"]["binary_data_size"]
        parts.append(rest[:size])
        rest = rest[size:]
    assert not rest
    assert [each["datatype"] for each in document["inputs"]] == ["FP32", "BYTES", "FP64"]
    count = len(numbers)
    assert parts[0] == struct.pack(f"<{count}f", *numbers)
    assert parts[2] == struct.pack(f"<{count}d", *numbers)
    encoded = [each.encode() for each in texts]
    assert parts[1] == b"".join(struct.pack("<I", len(each)) + each for each in encoded)


def test_json_has_null_for_nan() -> None:
    body, headers = encode_request(columns([1.5, float("nan")], ["", "é"]), binary=False)
    assert headers == {"content-type": "application/json"}
    document = json.loads(body)
    assert [each["data"] for each in document["inputs"]] == [[1.5, None], ["", "é"], [1.5, None]]
    assert "parameters" not in document


def raw_answer(labels: list[str], shares: list[list[float]]) -> tuple[bytes, dict[str, str]]:
    texts = b"".join(struct.pack("<I", len(e.encode())) + e.encode() for e in labels)
    numbers = np.array(shares, dtype="<f4").tobytes()
    outputs = [
        {"name": "label", "datatype": "BYTES", "shape": [len(labels)],
         "parameters": {"binary_data_size": len(texts)}},
        {"name": "probabilities", "datatype": "FP32", "shape": [len(labels), len(shares[0])],
         "parameters": {"binary_data_size": len(numbers)}},
    ]  # fmt: skip
    head = json.dumps({"outputs": outputs}).encode()
    return head + texts + numbers, {JSON_LENGTH: str(len(head))}


def test_answers_in_raw_bytes() -> None:
    body, headers = raw_answer(["ü", ""], [[0.25, 0.75], [1, 0]])
    found = decode_answer(body, headers, rows=2, where="here")
    assert found.labels.tolist() == ["ü", ""]
    assert found.probabilities.tolist() == [[0.25, 0.75], [1, 0]]
    assert found.probabilities.dtype == np.float32


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_answer_is_an_error_of_ours(data: st.DataObject) -> None:
    body, headers = raw_answer(["ü", "b"], [[0.25, 0.75], [1, 0]])
    cut = data.draw(st.integers(0, len(body) - 1))
    kind = data.draw(st.sampled_from(["cut", "flip", "length"]))
    if kind == "cut":
        body = body[:cut]
    elif kind == "flip":
        bit = data.draw(st.integers(0, 7))
        body = body[:cut] + bytes([body[cut] ^ 1 << bit]) + body[cut + 1 :]
    else:
        headers = {JSON_LENGTH: data.draw(st.text(max_size=5))}
    # Anything but an error of ours fails the test.
    with suppress(FailedError):
        found = decode_answer(body, headers, rows=2, where="here")
        assert found.labels.shape == (2,)
        assert found.probabilities.ndim == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_answers_for_other_rows(rows: int) -> None:
    body, headers = raw_answer(["a", "b"], [[0.25, 0.75], [1, 0]])
    with pytest.raises(FailedError, match=f"does not answer {rows} rows"):
        decode_answer(body, headers, rows=rows, where="here")


def test_a_text_that_is_shorter_than_it_says() -> None:
    body, headers = raw_answer(["a", "b"], [[0.25, 0.75], [1, 0]])
    longer = body.replace(struct.pack("<I", 1) + b"b", struct.pack("<I", 9) + b"b")
    with pytest.raises(FailedError, match="shorter than they say"):
        decode_answer(longer, headers, rows=2, where="here")
