"""Whatever the bytes, there is an answer or a refusal of the client's making."""

import gc
import json
import os
import random
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deployer.serving.models import Served
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.plain import Platform, answer_plain
from deployer.serving.protocol.rest import decode_infer
from deployer.serving.refusals import RefusedError
from tests.deployer.serving.protocol.protocol_kit import ask, body_of, golden_inputs

LIMITS = Limits(max_rows=1000)
MOST_GROWTH = 50 * 1024 * 1024
TOKENS = (
    b"null", b"true", b"NaN", b"-1", b"1e999", b"1e39", b"18446744073709551616", b"9" * 5000, b"[",
    b"]", b"{", b"}", b'"', b",", b":", b"\\", b"\\u0000", b"\\ud800", b"\xff", b"\xc3", b"\0", b"\n",
    b"BYTES", b"INT64", b"BOOL", b"FP16", b'"binary_data_size":4,', b"[" * 100, b'{"a":' * 50,
    b"\xff\xff\xff\xff", b"-0.0", b"0x1", b'"shape":[9999999999],', b"4294967296", b"2147483648",
)  # fmt: skip


def mutate(source: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
        at = source.randrange(len(changed) + 1)
        end = min(len(changed), at + source.choice((1, 1, 2, 4, 16, 64)))
        match source.randrange(6):
            case 0:
                changed[at:at] = source.choice(TOKENS)
            case 1:
                changed[at:end] = source.choice(TOKENS)
            case 2:
                del changed[at:end]
            case 3:
                changed[at:at] = changed[at:end] * source.choice((1, 2, 50))
            case 4 if at < len(changed):
                changed[at] ^= 1 << source.randrange(8)
            case _:
                changed[at:end] = source.randbytes(end - at)
    return bytes(changed)


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def refusal(one: Callable[[random.Random], None], source: random.Random) -> RefusedError | None:
    try:
        # A warning would be a line in the server's log for every such request.
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            one(source)
    except RefusedError as error:
        return error
    return None


def hammer(count: int, one: Callable[[random.Random], None]) -> dict[str, int]:
    """Return how many of `count` were answered and refused, once memory was seen to stay."""
    source = random.Random(20_26)
    outcomes = {"answered": 0, "refused": 0}
    before = 0
    for i in range(count):
        if i == count // 10:
            gc.collect()
            before = resident()
        refused = refusal(one, source)
        if refused is None:
            outcomes["answered"] += 1
            continue
        assert 400 <= refused.status < 500, refused.message
        assert "\n" not in refused.message
        assert "Traceback" not in refused.message
        outcomes["refused"] += 1
    gc.collect()
    assert resident() - before < MOST_GROWTH
    return outcomes


def infer_bodies(numeric: Served, mixed: Served) -> list[tuple[Served, bytes, int | None]]:
    matrix = np.linspace(-1, 1, 12, dtype=np.float32).reshape(2, 6)
    flat = {"name": "x", "datatype": "FP32", "shape": [2, 6], "data": matrix.ravel().tolist()}
    nested = {**flat, "datatype": "FP64", "data": matrix.tolist()}
    whole = {**flat, "datatype": "INT64", "data": list(range(12))}
    raw = {**flat, "parameters": {"binary_data_size": 48}}
    del raw["data"]
    rows = mixed.package.golden.rows[:2]
    columns = golden_inputs(mixed, rows)
    wanted = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "probabilities"}]
    texts = b"".join(
        len(text).to_bytes(4, "little") + text
        for text in (str(row.inputs["colour"] or "").encode() for row in rows)
    )
    some_raw = [dict(each) for each in columns]
    some_raw[1] |= {"parameters": {"binary_data_size": len(texts)}}
    del some_raw[1]["data"]
    found: list[tuple[Served, bytes, int | None]] = [
        (numeric, body_of([flat], id="7"), None),
        (numeric, body_of([nested], outputs=wanted), None),
        (numeric, body_of([whole]), None),
        (mixed, body_of(columns, parameters={"binary_data_output": True}), None),
    ]
    for served, inputs, tail in ((numeric, [raw], matrix.tobytes()), (mixed, some_raw, texts)):
        head = body_of(inputs)
        found.append((served, head + tail, len(head)))
    return found


def test_ten_thousand_requests(numeric: Served, mixed: Served) -> None:
    bodies = infer_bodies(numeric, mixed)
    for served, body, length in bodies:
        assert ask(served, body, json_length=length)["outputs"]

    def one(source: random.Random) -> None:
        served, body, length = source.choice(bodies)
        changed = mutate(source, body)
        if length is not None:
            # Mostly where the JSON now ends, so that what is behind it is looked at.
            shift = len(changed) - len(body)
            length = source.choice((length, length + shift, length + shift, source.randrange(2000)))
        ask(served, changed, json_length=length)

    outcomes = hammer(10_000, one)
    assert min(outcomes.values()) > 300


def test_three_thousand_payloads(numeric: Served, mixed: Served) -> None:
    rows = [dict(row.inputs) for row in mixed.package.golden.rows[:2]]
    names = list(rows[0])
    lists = [list(row.values()) for row in rows]
    split = {"input_data": {"columns": names, "index": [0, 1], "data": lists}}
    line = b"1,2,3,4,5,6\n"
    bodies: list[tuple[Served, Platform, str, bytes]] = [
        (mixed, "vertex", "application/json", json.dumps({"instances": rows}).encode()),
        (mixed, "azureml", "application/json", json.dumps(split).encode()),
        (mixed, "sagemaker", "application/jsonlines", b"\n".join(json.dumps(x).encode() for x in rows)),
        (numeric, "sagemaker", "text/csv", b"n0,n1,n2,n3,n4,n5\n" + line * 3),
        (numeric, "sagemaker", "application/json", json.dumps([[1, 2, 3, 4, 5, 6]] * 3).encode()),
    ]  # fmt: skip

    def one(source: random.Random) -> None:
        served, platform, kind, body = source.choice(bodies)
        accept = source.choice(("", "text/csv", "application/jsonlines"))
        answer_plain(
            served, mutate(source, body), platform=platform, content_type=kind, accept=accept,
            limits=LIMITS,
        )  # fmt: skip

    outcomes = hammer(3_000, one)
    assert min(outcomes.values()) > 300


def test_every_prefix_and_every_byte(numeric: Served, mixed: Served) -> None:
    for _, body, length in infer_bodies(numeric, mixed)[-2:]:
        for end in range(len(body)):
            with pytest.raises(RefusedError):
                decode_infer(body[:end], json_length=length, limits=LIMITS)
