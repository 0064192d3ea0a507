"""The documents of a model package, field by field; every one is JSON, in this order of fields."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = [
    "Baseline",
    "CategoricalInput",
    "ClassMetrics",
    "Document",
    "FileEntry",
    "Golden",
    "GoldenRow",
    "IgnoredColumn",
    "Input",
    "LabelOutput",
    "Metrics",
    "MissingValues",
    "ModelDocument",
    "NumericInput",
    "Outputs",
    "Parity",
    "ProbabilitiesOutput",
    "RowCounts",
    "Schema",
    "TrainingData",
    "TrainingRun",
]

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
# One plain name: a package never reaches outside its own directory.
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every document has in common: it cannot change, and an unknown field is an error."""


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
        categories: those seen in the training rows, sorted; others count as "none of these".

    """

    name: str
    tensor: str
    dtype: Literal["string"] = "string"
    shape: tuple[None, Literal[1]] = (None, 1)
    missing: Count
    categories: tuple[str, ...]


Input = NumericInput | CategoricalInput


class MissingValues(Document, frozen=True, kw_only=True):
    """How missing values are written in a table and handed to the model."""

    markers: tuple[str, ...]
    numeric: Literal["NaN"] = "NaN"
    categorical: Literal[""] = ""


class LabelOutput(Document, frozen=True, kw_only=True):
    """The predicted class: a string tensor of shape (N,)."""

    tensor: str = "label"
    dtype: Literal["string"] = "string"
    shape: tuple[None] = (None,)
    classes: tuple[str, ...]


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


class ClassMetrics(Document, frozen=True, kw_only=True):
    """One class on the held-out rows; `support` counts its rows there."""

    label: str
    precision: Share
    recall: Share
    f1: Share
    support: Count


class Baseline(Document, frozen=True, kw_only=True):
    """What always answering with the commonest class of the training rows would score."""

    label: str
    accuracy: Share
    macro_f1: Share


class Parity(Document, frozen=True, kw_only=True):
    """How far the ONNX file and the scikit-learn pipeline are apart, over `rows` rows."""

    rows: Count
    labels_equal: Count
    max_probability_difference: float
    tolerance: float


class Metrics(Document, frozen=True, kw_only=True):
    """``metrics.json``: what this very ONNX file scores on the rows held out from fitting."""

    rows: Count
    accuracy: Share
    macro_f1: Share
    baseline: Baseline
    classes: tuple[ClassMetrics, ...]
    parity: Parity


class GoldenRow(Document, frozen=True, kw_only=True):
    """One row of the table with the model's exact answer.

    Attributes:
        row: the row's number in the table, 1 being the first below the header.
        split: whether the row was held out ("test") or fitted on ("train").
        inputs: value per column; null where missing.
        probabilities: in the order of the classes.

    """

    row: Count
    split: Literal["test", "train"]
    inputs: dict[str, float | str | None]
    label: str
    probabilities: tuple[float, ...]


class Golden(Document, frozen=True, kw_only=True):
    """``golden.json``: answers that every loaded copy must repeat."""

    rows: Annotated[tuple[GoldenRow, ...], Meta(min_length=1)]


class FileEntry(Document, frozen=True, kw_only=True):
    """One file: its name in the package, its size in bytes and its digest."""

    path: FileName
    size: Count
    sha256: Sha256


class RowCounts(Document, frozen=True, kw_only=True):
    """Where the table's rows went."""

    table: Count
    without_target: Count
    train: Count
    test: Count


class IgnoredColumn(Document, frozen=True, kw_only=True):
    """A column of the table that the model does not use, and why."""

    name: str
    reason: str


class TrainingData(Document, frozen=True, kw_only=True):
    """The table as bytes."""

    sha256: Sha256
    size: Count


class TrainingRun(Document, frozen=True, kw_only=True):
    """What it takes to repeat the training.

    Attributes:
        classes: rows per class, held-out rows included.

    """

    data: TrainingData
    seed: int
    test_size: float
    rows: RowCounts
    classes: dict[str, int]
    ignored: tuple[IgnoredColumn, ...]


class ModelDocument(Document, frozen=True, kw_only=True):
    """``model.json``: the entry document.

    Attributes:
        files: role (``onnx skops schema metrics golden``) to file.
        libraries: package to version, as they were when the model was made.

    """

    format: Literal["deployer-model"] = "deployer-model"
    format_version: Literal[1] = 1
    task: Literal["classification"] = "classification"
    target: str
    classes: Annotated[tuple[str, ...], Meta(min_length=2)]
    files: dict[str, FileEntry]
    training: TrainingRun
    libraries: dict[str, str]
