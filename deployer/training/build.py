"""From columns to a model in memory: fit, export, compare, score."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from deployer.packaging.cells import MISSING_MARKERS, encode_inputs, is_missing
from deployer.packaging.documents import (
    CategoricalInput,
    Golden,
    Input,
    LabelOutput,
    Metrics,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
    Serving,
)
from deployer.packaging.golden import choose_rows, golden_row, verify_golden
from deployer.packaging.layout import ROLES, encode
from deployer.packaging.onnx_export import export_onnx
from deployer.packaging.parity import compare
from deployer.packaging.runtime import OnnxClassifier, Prediction
from deployer.packaging.skops_io import dump_skops
from deployer.packaging.table import Table
from deployer.training.evaluate import evaluate
from deployer.training.features import Features
from deployer.training.pipeline import build_pipeline, categories, fit, to_frame
from deployer.training.split import Split, stratified_split
from deployer.training.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["TrainedModel", "build_model"]


@dataclass(frozen=True)
class TrainedModel:
    """A model in memory.

    Attributes:
        files: name to content, all that a package holds except ``model.json``.
        schema: its inputs and outputs.
        serving: which file answers, and the proof.
        metrics: its scores on the held-out rows.
        split: which rows were held out, as indices into those that have a class.
        warnings: what a person should know.

    """

    files: dict[str, bytes]
    schema: Schema
    metrics: Metrics
    serving: Serving
    split: Split
    warnings: list[str] = field(default_factory=list)


def build_model(
    known: Target, features: Features, *, target: str, test_size: float, seed: int
) -> TrainedModel:
    """Return a model fitted on the training rows and scored on the held-out ones; writes nothing.

    Args:
        known: the rows that have a class.
        features: the columns to use.
        target: the column to learn.
        test_size: share of the rows to hold out.
        seed: of the split.

    Raises:
        UsageError: a cell is not what its column holds, or too few rows for the split.
        FailedError: the ONNX model and the pipeline disagree on any row, held out or not.

    """
    split = stratified_split(known.labels, test_size=test_size, seed=seed)
    fitted = [known.labels[i] for i in split.train]
    inputs = _inputs(known.table, features, split.train)
    arrays = encode_inputs(inputs, known.table.columns, known.table.place)
    frame = to_frame(arrays)
    pipeline = build_pipeline(features.kinds, seed=seed)
    warnings = fit(pipeline, frame.iloc[split.train], fitted)
    onnx, tensors = export_onnx(pipeline, inputs)
    schema = _schema(
        _complete(inputs, tensors, categories(pipeline)), known.classes, features, target
    )
    classifier = OnnxClassifier(onnx, schema)
    answers = classifier.predict(arrays)
    expected = Prediction(pipeline.predict(frame), pipeline.predict_proba(frame))
    metrics = evaluate(
        [known.labels[i] for i in split.test],
        [str(label) for label in answers.labels[split.test]],
        classes=known.classes,
        fitted=fitted,
    )
    serving = Serving(runtime="onnx", parity=compare(expected, answers))
    golden = _golden(known.table, arrays, answers, split)
    verify_golden(classifier, golden)
    documents = {"schema": schema, "metrics": metrics, "golden": golden}
    return TrainedModel(
        files={
            ROLES["onnx"]: onnx,
            ROLES["skops"]: dump_skops(pipeline),
            **{ROLES[role]: encode(document) for role, document in documents.items()},
        },
        schema=schema,
        metrics=metrics,
        serving=serving,
        split=split,
        warnings=warnings,
    )


def _inputs(table: Table, features: Features, train: Sequence[int]) -> list[Input]:
    inputs: list[Input] = []
    for name, kind in features.kinds.items():
        cells = table.columns[name]
        missing = sum(is_missing(cells[i]) for i in train)
        if kind == "numeric":
            inputs.append(NumericInput(name=name, tensor=name, missing=missing))
        else:
            inputs.append(CategoricalInput(name=name, tensor=name, missing=missing, categories=()))
    return inputs


def _complete(
    inputs: Sequence[Input], tensors: Sequence[str], known: "Mapping[str, Sequence[str]]"
) -> list[Input]:
    """Add what is known only after the fit and the export."""
    complete: list[Input] = []
    for each, tensor in zip(inputs, tensors, strict=True):
        if isinstance(each, CategoricalInput):
            complete.append(replace(each, tensor=tensor, categories=tuple(known[each.name])))
        else:
            complete.append(replace(each, tensor=tensor))
    return complete


def _schema(
    inputs: Sequence[Input], classes: Sequence[str], features: Features, target: str
) -> Schema:
    return Schema(
        inputs=tuple(inputs),
        missing_values=MissingValues(markers=MISSING_MARKERS),
        outputs=Outputs(
            label=LabelOutput(classes=tuple(classes)),
            probabilities=ProbabilitiesOutput(shape=(None, len(classes))),
        ),
        target=target,
        ignored=tuple(each.name for each in features.ignored),
    )


def _golden(
    table: Table, arrays: "Mapping[str, NDArray[Any]]", answers: Prediction, split: Split
) -> Golden:
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    # NaN is not equal to itself; a missing category is the empty text.
    missing = np.sum([(array == "") | (array != array) for array in arrays.values()], axis=0)  # noqa: PLR0124
    chosen = choose_rows(answers.probabilities, missing[:, 0], split.test)
    held_out = set(split.test)
    return Golden(
        rows=tuple(
            golden_row(arrays, answers, i, row=table.rows[i], test=i in held_out) for i in chosen
        )
    )
