"""Models that are quick to train, and requests for them."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from deployer.packaging.documents import DateInput, GoldenRow, NumericInput
from deployer.packaging.load import load_package
from deployer.serving.models import Served
from deployer.serving.protocol.inference import infer
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.rest import decode_infer, encode_infer
from deployer.training.options import Options
from deployer.training.train import train

__all__ = ["LIMITS", "ask", "body_of", "golden_inputs", "make_mixed", "make_numeric"]

LIMITS = Limits()
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "today", "again")


def _train(folder: Path, header: list[str], rows: list[list[object]]) -> Served:
    table = folder / "table.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    out = folder / "model"
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(table, target="answer", out=out, options=options)
    return Served("m", "3", "ab" * 32, load_package(out), "local", "m@champion")


def make_numeric(folder: Path) -> Served:
    """Return a model of six numbers, some of them missing."""
    random = np.random.default_rng(7)
    values = random.normal(size=(120, 6))
    rows: list[list[object]] = []
    for i, row in enumerate(values):
        cells: list[object] = [f"{value:.5f}" for value in row]
        if i % 17 == 0:
            cells[2] = ""
        rows.append([*cells, "abc"[int(row[:3].argmax())]])
    return _train(folder, [*(f"n{i}" for i in range(6)), "answer"], rows)


def make_mixed(folder: Path) -> Served:
    """Return a model of a number, a category, prose and a date, all with missing values."""
    random = np.random.default_rng(8)
    rows: list[list[object]] = []
    for i in range(150):
        number = random.normal()
        colour = ("red", "green", "blue")[i % 3]
        note = " ".join(random.choice(_WORDS, size=7)) + f" {i}"
        when = f"20{10 + i % 9}-0{1 + i % 9}-1{i % 10}T0{i % 9}:30:00"
        cells: list[object] = [f"{number:.4f}", colour, note, when]
        if i % 19 == 0:
            cells[i % 4] = ""
        rows.append([*cells, "yes" if number + (colour == "red") > 0.4 else "no"])
    return _train(folder, ["number", "colour", "note", "when", "answer"], rows)


def golden_inputs(served: Served, rows: tuple[GoldenRow, ...]) -> list[dict[str, Any]]:
    """Return the inputs of a request for golden rows, one tensor per column."""
    inputs = []
    for each in served.package.schema.inputs:
        kind = "FP32" if isinstance(each, NumericInput) else "BYTES"
        kind = "FP64" if isinstance(each, DateInput) else kind
        data = [row.inputs[each.name] for row in rows]
        inputs.append({"name": each.name, "shape": [len(rows), 1], "datatype": kind, "data": data})
    return inputs


def body_of(inputs: list[dict[str, Any]], **more: Any) -> bytes:
    """Return the JSON of a request."""
    return json.dumps({"inputs": inputs, **more}).encode()


def ask(served: Served, body: bytes, *, json_length: int | None = None) -> dict[str, Any]:
    """Return the JSON that answers a body."""
    request = decode_infer(body, json_length=json_length, limits=LIMITS)
    answer, length = encode_infer(infer(served, request, LIMITS).response)
    document: dict[str, Any] = json.loads(answer[:length])
    return document
