"""What an endpoint says of itself and of its models, in the protocol's own documents."""

from typing import Any

import msgspec

from deployer.errors import FailedError, UsageError
from deployer.packaging.documents import (
    CategoricalInput,
    DateInput,
    Input,
    LabelOutput,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
)
from deployer.tables.values import MISSING_MARKERS
from deployer.typed import decode

__all__ = [
    "ModelMetadata",
    "ServerMetadata",
    "TensorMetadata",
    "decode_document",
    "names_of",
    "schema_of",
]

_BINARY = "binary_tensor_data"


class TensorMetadata(msgspec.Struct, frozen=True):
    """One input or output: -1 in a shape is the number of rows."""

    name: str
    datatype: str
    shape: tuple[int, ...] = ()
    parameters: dict[str, Any] = {}


class ModelMetadata(msgspec.Struct, frozen=True):
    """What a model takes and gives."""

    name: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    versions: tuple[str, ...] = ()
    platform: str = ""
    parameters: dict[str, Any] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the model needs, in its order."""
        return tuple(each.name for each in self.inputs)


class ServerMetadata(msgspec.Struct, frozen=True):
    """What a server is."""

    name: str = ""
    version: str = ""
    extensions: tuple[str, ...] = ()

    @property
    def binary(self) -> bool:
        """Whether tensors may travel as raw bytes."""
        return _BINARY in self.extensions

    @property
    def matrix(self) -> bool:
        """Whether numbers of all columns may be one tensor."""
        return self.name == "deployer"


class _Listed(msgspec.Struct, frozen=True):
    name: str


class _Models(msgspec.Struct, frozen=True):
    models: tuple[str | _Listed, ...]


def decode_document(body: bytes, kind: Any, *, where: str) -> Any:
    """Return the `kind` that a server's answer is.

    Raises:
        FailedError: it is something else.

    """
    try:
        return decode(body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FailedError(
            f"not an answer of the Open Inference Protocol: {error}",
            where=where,
            hint="is it the address of an endpoint?",
        ) from error


def names_of(body: bytes, *, where: str) -> list[str]:
    """Return the names of the models that a ``GET /v2/models`` lists; errors as above."""
    found: _Models = decode_document(body, _Models, where=where)
    return [each if isinstance(each, str) else each.name for each in found.models]


def schema_of(metadata: ModelMetadata, *, where: str) -> Schema:
    """Return the model's schema, as far as its metadata tell.

    Numbers are FP32, dates FP64 in seconds, categories and prose BYTES. The classes, the target
    and the columns to be ignored are parameters that servers of deployer have; without them,
    classes are called by their place, from 0.

    Raises:
        UsageError: an input that is not one column of these.
        FailedError: no output of probabilities.

    """
    truths = metadata.parameters.get("truths")
    spelled = truths if isinstance(truths, dict) else {}
    inputs = tuple(_input(each, _texts(spelled.get(each.name)), where) for each in metadata.inputs)
    shares = [each for each in metadata.outputs if each.datatype in {"FP32", "FP64"}]
    if not inputs or not shares or len(shares[0].shape) != 2 or shares[0].shape[1] < 1:  # noqa: PLR2004 - rows and classes
        raise FailedError(
            f"{metadata.name} is no classifier: it gives no probabilities",
            where=where,
            hint="models of deployer give labels (BYTES) and probabilities (FP32)",
        )
    count = shares[0].shape[1]
    classes = _texts(metadata.parameters.get("classes"))
    if len(classes) != count:
        classes = tuple(map(str, range(count)))
    target = metadata.parameters.get("target")
    return Schema(
        inputs=inputs,
        missing_values=MissingValues(markers=MISSING_MARKERS, numeric="NaN", categorical=""),
        outputs=Outputs(
            label=LabelOutput(classes=classes),
            probabilities=ProbabilitiesOutput(shape=(None, count)),
        ),
        target=target if isinstance(target, str) else "",
        ignored=_texts(metadata.parameters.get("ignored")),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _input(tensor: TensorMetadata, truths: tuple[str, ...], where: str) -> Input:
    name = tensor.name
    if tuple(tensor.shape) in {(-1, 1), (-1,)}:
        match tensor.datatype:
            case "FP32":
                return NumericInput(name=name, tensor=name, missing=0)
            case "FP64":
                return DateInput(name=name, tensor=name, missing=0)
            case "BYTES":
                return CategoricalInput(name=name, tensor=name, missing=0, categories=truths)
    raise UsageError(
        f"input '{name}' is {tensor.datatype} of shape {list(tensor.shape)}, not one column",
        where=where,
        hint="columns of a table can be sent to models of deployer only",
    )
