"""Every mismatch is refused on one line that says which tensor and what."""

import json
import struct
import time
from typing import Any

import pytest

from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.rest import decode_infer
from deployer.serving.refusals import RefusedError
from tests.deployer.serving.protocol.protocol_kit import LIMITS


def refusal(body: bytes, *, length: int | None = None, limits: Limits = LIMITS) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        decode_infer(body, json_length=length, limits=limits)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500
    return caught.value


def one(**fields: Any) -> bytes:
    tensor = {"name": "x", "datatype": "FP32", "shape": [2], "data": [1, 2], **fields}
    return json.dumps({"inputs": [{k: v for k, v in tensor.items() if v is not ...}]}).encode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"datatype": "FP128"}, "datatype 'FP128'"),
        ({"datatype": "x" * 10_000}, "datatype 'xxx"),
        ({"shape": [-1, -2]}, "negative"),
        ({"shape": [2**40, 2**40]}, "too large"),
        ({"shape": [2**200]}, "too large"),
        ({"shape": [0, 2**40]}, "too large"),
        ({"shape": [1] * 9, "data": [1]}, "9 dimensions"),
        ({"shape": [3]}, "2 elements, but its shape [3] makes 3"),
        ({"shape": []}, "2 elements, but its shape [] makes 1"),
        ({"data": ...}, "neither data nor"),
        ({"data": ["1", "2"]}, "another kind"),
        ({"data": [True, 1]}, "another kind"),
        ({"data": [1, {}]}, "another kind"),
        ({"data": 7}, "cannot be read"),
        ({"data": [[1, 2]]}, "not of its shape"),
        ({"shape": [2, 2], "data": [[1, 2], [3]]}, "not of its shape"),
        ({"shape": [2, 2], "data": [[1, 2], 3]}, "not of its shape"),
        ({"shape": [2, 2], "data": [[1, 2], [3, "4"]]}, "another kind"),
        ({"data": [1e39, 1]}, "FP32 cannot hold"),
        ({"data": [1e39, None]}, "FP32 cannot hold"),
        ({"datatype": "FP16", "data": [70000, 1]}, "FP16 cannot hold"),
        ({"datatype": "INT8", "data": [128, 1]}, "INT8 cannot hold"),
        ({"datatype": "UINT8", "data": [-1, 1]}, "UINT8 cannot hold"),
        ({"datatype": "INT64", "data": [2**63, 1]}, "INT64 cannot hold"),
        ({"datatype": "INT64", "data": [10**400, 1]}, "INT64 cannot hold"),
        ({"datatype": "INT32", "data": [1.5, 1]}, "another kind"),
        ({"datatype": "INT32", "data": [True, 1]}, "another kind"),
        ({"datatype": "INT32", "data": [None, 1]}, "another kind"),
        ({"datatype": "BOOL", "data": [1, 0]}, "another kind"),
        ({"datatype": "BYTES", "data": [1, 2]}, "another kind"),
        ({"parameters": {"binary_data_size": 8}}, "both data and"),
        ({"data": ..., "parameters": {"binary_data_size": 8}}, "declares 8 raw bytes"),
        ({"data": ..., "parameters": {"binary_data_size": -8}}, "declares -8 raw bytes"),
        ({"name": 7}, "Expected `str`"),
        ({"shape": "2"}, "Expected `array`"),
        ({"shape": [2.5]}, "Expected `int`"),
        ({"name": "a\nb\x1b", "shape": [3]}, r"input 'a\nb\x1b' has 2 elements"),
    ],
)
def test_tensor_that_does_not_fit(fields: dict[str, Any], said: str) -> None:
    error = refusal(one(**fields))
    assert said in error.message
    assert error.status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"1", b'{"inputs": {}}', b'{"inputs": null}', b"\xff\xfe",
        b'{"inputs": [{"name": "\xff"}]}', b'{"inputs": [', b'{"inputs": []} x',
        one()[:-2], one().replace(b"1,", b"NaN,"), one().replace(b"1,", b"Infinity,"),
        one().replace(b"1,", b"1e999,"), one().replace(b"1,", b"01,"), one().replace(b"1,", b"+1,"),
        one().replace(b'"x"', b'"\\ud800"'),
    ],
)  # fmt: skip
def test_body_that_is_no_request(body: bytes) -> None:
    assert refusal(body).status == 400


def raw(size: int, content: bytes, *, shape: list[int], kind: str = "FP32") -> tuple[bytes, int]:
    head = one(data=..., datatype=kind, shape=shape, parameters={"binary_data_size": size})
    return head + content, len(head)


@pytest.mark.parametrize(
    ("size", "content", "shape", "kind", "said"),
    [
        (4, b"\0" * 4, [2], "FP32", "4 raw bytes, but FP32 of its shape [2] takes 8"),
        (8, b"\0" * 7, [2], "FP32", "declares 8 raw bytes, but 7 are left"),
        (8, b"\0" * 9, [2], "FP32", "declare 8 raw bytes in all, but 9 follow"),
        (2**62, b"\0" * 8, [2], "FP32", "are left"),
        (2, b"\0\2", [2], "BOOL", "neither 0 nor 1"),
        (3, b"\0\0\0", [1], "BYTES", "too few"),
        (6, struct.pack("<I", 3) + b"ab", [1], "BYTES", "longer than the rest"),
        (8, struct.pack("<I", 2**32 - 1) + b"abcd", [1], "BYTES", "longer than the rest"),
        (9, struct.pack("<I", 5) + b"abcde", [2], "BYTES", "end after 1 elements"),
        (6, struct.pack("<I", 1) + b"ab", [1], "BYTES", "1 raw bytes after"),
        (5, struct.pack("<I", 1) + b"\xff", [1], "BYTES", "not UTF-8"),
    ],
)
def test_raw_tensor_that_does_not_fit(
    size: int, content: bytes, shape: list[int], kind: str, said: str
) -> None:
    body, length = raw(size, content, shape=shape, kind=kind)
    error = refusal(body, length=length)
    assert said in error.message
    assert error.status == 400


@pytest.mark.parametrize("length", [-1, 10**9])
def test_header_that_lies_about_the_json(length: int) -> None:
    assert "Inference-Header-Content-Length" in refusal(one(), length=length).message


def test_too_many_rows_are_413() -> None:
    limits = Limits(max_rows=1)
    assert refusal(one(), limits=limits).status == 413
    body, length = raw(8, b"\0" * 8, shape=[2])
    assert refusal(body, length=length, limits=limits).status == 413
    texts = one(datatype="BYTES", shape=[1, 2], data=["a", "b"])
    assert refusal(texts, limits=limits).status == 413


@pytest.mark.parametrize("kind", ["FP32", "INT8"])
def test_too_many_inputs(kind: str) -> None:
    tensor = {"name": "x", "datatype": kind, "shape": [1], "data": [1]}
    body = json.dumps({"inputs": [tensor] * 10_001}).encode()
    assert "10001 inputs; at most 10000" in refusal(body).message


@pytest.mark.parametrize(
    "deep",
    [
        b'{"inputs": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
        b"[" * 2_000_000,
        b'{"a":' * 400_000,
        b'{"inputs": [], "more": {"]": "}]\\"}", "x": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}}',
    ],
)
def test_nesting_is_cut_before_anything_recursive(deep: bytes) -> None:
    begun = time.thread_time()
    assert "nested more than 16 levels" in refusal(deep).message
    assert time.thread_time() - begun < 2


def test_brackets_in_text_are_not_nesting() -> None:
    texts = ["[" * 50, '"[[[[' * 9, "\\[[[[", "{" * 40]
    body = one(datatype="BYTES", shape=[4], data=texts)
    assert decode_infer(body, json_length=None, limits=LIMITS).inputs[0].data.tolist() == texts


def test_nesting_is_followed_across_parts() -> None:
    many = 200_000
    flat = b"[" + b'["]"],' * many
    refused = flat + b'["' + b"[" * 99 + b'"' + b",[" * 16
    assert "nested more than 16 levels" in refusal(refused).message
    assert "cannot be read" in refusal(flat + b'["' + b"[" * 99 + b'"' + b",[" * 14).message


def test_many_shallow_lists_are_not_nesting() -> None:
    body = one(shape=[500, 2], data=[[1, 2]] * 500)
    assert decode_infer(body, json_length=None, limits=LIMITS).inputs[0].data.shape == (500, 2)


def test_a_number_of_a_million_digits_is_refused_at_once() -> None:
    begun = time.thread_time()
    for kind in ("FP32", "INT64"):
        refusal(one(datatype=kind).replace(b"1,", b"1" * 1_000_000 + b","))
    assert time.thread_time() - begun < 2
