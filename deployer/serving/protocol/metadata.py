"""What the server and its models say of themselves.

Source: https://github.com/kserve/open-inference-protocol, "Server Metadata", "Model Metadata".
"""

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from deployer.packaging.documents import CategoricalInput, DateInput, Input, NumericInput, Schema
from deployer.serving.models import Served
from deployer.serving.tensors import Datatype

__all__ = ["ModelMetadata", "TensorMetadata", "datatype_of", "model_metadata", "server_metadata"]


class TensorMetadata(msgspec.Struct, frozen=True):
    """One input or output.

    Attributes:
        name: of the tensor: for an input, the column.
        datatype: of its elements.
        shape: -1 stands for any number of rows.

    """

    name: str
    datatype: Datatype
    shape: tuple[int, ...]


class ModelMetadata(msgspec.Struct, frozen=True):
    """``$metadata_model_response``.

    Attributes:
        name: of the model.
        versions: the one that is served; empty for a folder, which has none.
        platform: ``<project>_<format>``, as the protocol recommends.
        inputs: one tensor per column, in the order of the schema.
        outputs: the labels and the probabilities.
        parameters: what clients of ours need beyond the protocol: ``classes``, in the order of the
            probabilities; ``target`` and ``ignored``, columns that a table may have and that are
            not sent; ``truths``, by column, how the model spells true and false.

    """

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    parameters: dict[str, Any]


@cache
def server_metadata() -> bytes:
    """Return ``$metadata_server_response`` as JSON."""
    return msgspec.json.encode(
        {
            "name": "deployer",
            "version": version("deployer"),
            "extensions": ["binary_tensor_data"],
        }
    )


def model_metadata(served: Served) -> ModelMetadata:
    """Return what a model takes and answers."""
    schema = served.package.schema
    classes = len(schema.outputs.label.classes)
    onnx = served.package.document.serving.runtime == "onnx"
    return ModelMetadata(
        served.name,
        (served.version,) if served.version else (),
        "onnx_onnxv1" if onnx else "sklearn_skops",
        tuple(TensorMetadata(each.name, datatype_of(each), (-1, 1)) for each in schema.inputs),
        (
            TensorMetadata(schema.outputs.label.tensor, "BYTES", (-1,)),
            TensorMetadata(schema.outputs.probabilities.tensor, "FP32", (-1, classes)),
        ),
        _parameters(schema),
    )


def _parameters(schema: Schema) -> dict[str, Any]:
    truths = {
        each.name: [text for text in each.categories if text.lower() in {"true", "false"}]
        for each in schema.inputs
        if isinstance(each, CategoricalInput)
    }
    return {
        "classes": schema.outputs.label.classes,
        "target": schema.target,
        "ignored": schema.ignored,
        "truths": {name: texts for name, texts in truths.items() if texts},
    }


def datatype_of(column: Input) -> Datatype:
    """Return the datatype that a column is best sent as."""
    if isinstance(column, NumericInput):
        return "FP32"
    return "FP64" if isinstance(column, DateInput) else "BYTES"
