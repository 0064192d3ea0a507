"""The part of a model card that says how to get answers, in lines that run as they are."""

import json

from deployer.packaging.documents import ModelDocument, Schema
from deployer.packaging.papers.markdown import escaped

__all__ = ["usage"]

_ONNX = """\
import json

import numpy as np
import onnxruntime

with open("schema.json", encoding="utf-8") as file:
    schema = json.load(file)
with open("golden.json", encoding="utf-8") as file:
    row = json.load(file)["rows"][0]
kinds = {"float32": (np.float32, np.nan), "float64": (np.float64, np.nan), "string": (object, "")}
feed = {}
for each in schema["inputs"]:
    dtype, missing = kinds[each["dtype"]]
    value = row["inputs"][each["name"]]
    feed[each["tensor"]] = np.array([[missing if value is None else value]], dtype=dtype)
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
outputs = [schema["outputs"][name]["tensor"] for name in ("label", "probabilities")]
labels, probabilities = session.run(outputs, feed)
print(labels[0], probabilities[0])  # as row["label"] and row["probabilities"] say
"""

_SKOPS = """\
import json

import numpy as np
import pandas as pd
import skops.io

with open("schema.json", encoding="utf-8") as file:
    schema = json.load(file)
with open("golden.json", encoding="utf-8") as file:
    row = json.load(file)["rows"][0]
kinds = {{"float32": ("float32", np.nan), "float64": ("float64", np.nan), "string": (object, "")}}
columns = {{}}
for each in schema["inputs"]:
    dtype, missing = kinds[each["dtype"]]
    value = row["inputs"][each["name"]]
    columns[each["name"]] = pd.Series([missing if value is None else value], dtype=dtype)
pipeline = skops.io.load("model.skops", trusted={trusted})
probabilities = pipeline.predict_proba(pd.DataFrame(columns))
print(pipeline.classes_[probabilities[0].argmax()], probabilities[0])
"""


def usage(document: ModelDocument, schema: Schema) -> list[str]:
    """Return the lines of the section."""
    serving = document.serving
    snippet = _ONNX
    if serving.runtime == "skops":
        snippet = _SKOPS.format(trusted=json.dumps(list(serving.trusted)))
    lines = [
        "## How to use it",
        "",
        (
            "`deployer predict DIRECTORY rows.csv` answers the rows of a table. Without deployer, "
            "in the model's directory, for the first row of `golden.json`:"
        ),
        "",
        "```python",
        *snippet.rstrip("\n").split("\n"),
        "```",
        "",
    ]
    if serving.runtime == "skops":
        lines += [
            (
                "A skops file can hold types that run code: load it only with a list of types that you "
                "have looked at."
            ),
            "",
        ]
        label = schema.outputs.label
        if label.positive is not None and label.threshold is not None:
            lines += [
                (
                    f"The class is {escaped(label.positive)} from a probability of "
                    f"{label.threshold!r} on; the lines above answer the likelier class."
                ),
                "",
            ]
    return lines
