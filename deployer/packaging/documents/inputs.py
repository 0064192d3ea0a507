"""``schema.json``: what goes into a model and what comes out."""

from typing import Annotated, Literal

from msgspec import Meta

from deployer.packaging.documents.base import Count, Document, Share

__all__ = [
    "CategoricalInput",
    "DateInput",
    "Input",
    "LabelOutput",
    "MissingValues",
    "NumericInput",
    "Outputs",
    "ProbabilitiesOutput",
    "Schema",
    "TextInput",
]


class NumericInput(Document, frozen=True, kw_only=True, tag_field="kind", tag="numeric"):
    """A column of numbers: a float32 tensor of shape (N, 1), NaN where a value is missing.

    Attributes:
        name: the column.
        tensor: the model's input; ONNX names allow fewer characters than columns do.
        missing: training rows without a value.

    """

    name: str
    tensor: str
    dtype: Literal["float32"] = "float32"
    shape: tuple[None, Literal[1]] = (None, 1)
    missing: Count


class CategoricalInput(Document, frozen=True, kw_only=True, tag_field="kind", tag="categorical"):
    """A column of categories: a string tensor of shape (N, 1), empty where a value is missing.

    Attributes:
        categories: those that the model knows, sorted; others count as "none of these".

    """

    name: str
    tensor: str
    dtype: Literal["string"] = "string"
    shape: tuple[None, Literal[1]] = (None, 1)
    missing: Count
    categories: tuple[str, ...]


class TextInput(Document, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    """A column of prose: a string tensor of shape (N, 1), empty where a value is missing."""

    name: str
    tensor: str
    dtype: Literal["string"] = "string"
    shape: tuple[None, Literal[1]] = (None, 1)
    missing: Count


class DateInput(Document, frozen=True, kw_only=True, tag_field="kind", tag="date"):
    """A column of dates or times: a float64 tensor of shape (N, 1), NaN where one is missing.

    The number counts seconds since 1970-01-01T00:00:00 in UTC, leap seconds not counted; a date
    without a time is its midnight, a time without a zone is taken as UTC.
    """

    name: str
    tensor: str
    dtype: Literal["float64"] = "float64"
    shape: tuple[None, Literal[1]] = (None, 1)
    missing: Count


Input = NumericInput | CategoricalInput | TextInput | DateInput


class MissingValues(Document, frozen=True, kw_only=True):
    """How missing values are written in a table and handed to the model."""

    markers: tuple[str, ...]
    numeric: Literal["NaN"] = "NaN"
    categorical: Literal[""] = ""


class LabelOutput(Document, frozen=True, kw_only=True):
    """The predicted class: a string tensor of shape (N,).

    It is the class of the largest probability; of two classes and with a threshold, `positive`
    if its probability is at least `threshold`, and the other one below.
    """

    tensor: str = "label"
    dtype: Literal["string"] = "string"
    shape: tuple[None] = (None,)
    classes: tuple[str, ...]
    positive: str | None = None
    threshold: Share | None = None


class ProbabilitiesOutput(Document, frozen=True, kw_only=True):
    """One probability per class, in the order of the classes: float32 of shape (N, classes)."""

    tensor: str = "probabilities"
    dtype: Literal["float32"] = "float32"
    shape: tuple[None, Count]


class Outputs(Document, frozen=True, kw_only=True):
    """What the model returns."""

    label: LabelOutput
    probabilities: ProbabilitiesOutput


class Schema(Document, frozen=True, kw_only=True):
    """``schema.json``: what goes in and what comes out.

    Attributes:
        target: the column that was learnt; a table to predict may hold it, and it is ignored.
        ignored: columns of the training table that the model does not use.

    """

    inputs: Annotated[tuple[Input, ...], Meta(min_length=1)]
    missing_values: MissingValues
    outputs: Outputs
    target: str
    ignored: tuple[str, ...] = ()
