"""Tables of every kind of column, pipelines fitted on them, and both ways to ask these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    TextInput,
)
from deployer.packaging.onnx_export import export_onnx
from deployer.packaging.runtime import OnnxClassifier
from deployer.packaging.skops_runtime import frame_of
from deployer.training.families import FAMILIES, build_pipeline, fit

__all__ = ["ALL_KINDS", "Case", "Fitted", "fitted", "make_case", "make_schema", "served"]

ALL_KINDS = ("numeric", "categorical", "text", "date")
_WORDS = np.array(
    ["the", "quick", "Brown", "FOX", "über", "ÜBER", "中文", "dog", "émile", "naïve"], dtype=object
)
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Case:
    """Columns with their kinds, and a class per row that depends on each of them."""

    arrays: Arrays
    kinds: dict[str, str]
    labels: NDArray[Any]

    def rows(self, chosen: Any) -> Arrays:
        return {name: array[chosen] for name, array in self.arrays.items()}


@dataclass(frozen=True)
class Fitted:
    pipeline: Any
    case: Case
    warnings: list[str]


def make_case(
    rows: int, *, classes: int, kinds: tuple[str, ...] = ALL_KINDS, seed: int = 0
) -> Case:
    random = np.random.default_rng(seed)
    of_row = random.integers(0, classes, rows)
    arrays: Arrays = {}
    known: dict[str, str] = {}
    if "numeric" in kinds:
        for index in range(3):
            values = (random.normal(size=rows) + of_row * (index + 1) / 3).astype(np.float32)
            values[random.random(rows) < 0.1] = np.nan
            # Spaces, a digit first, and two names that ONNX cannot tell apart.
            name = ("2 x", "x_2", "x 2")[index]
            arrays[name], known[name] = values, "numeric"
    if "categorical" in kinds:
        letters = np.array(["", "a", "b", "ß", "c d"], dtype=object)
        arrays["kind"] = letters[(of_row + random.integers(0, 3, rows)) % 5]
        known["kind"] = "categorical"
    if "text" in kinds:
        counts = random.integers(0, 7, rows)
        places = [
            (random.integers(0, 6, n) + 2 * c) % 10 for n, c in zip(counts, of_row, strict=True)
        ]
        arrays["label"] = np.array([", ".join(_WORDS[each]) for each in places], dtype=object)
        known["label"] = "text"
    if "date" in kinds:
        values = random.integers(-(10**9), 2 * 10**9, rows) + 40_000_000.0 * of_row
        values[random.random(rows) < 0.1] = np.nan
        arrays["when"], known["when"] = values, "date"
    labels = np.array([f"class {index}" for index in range(classes)], dtype=object)[of_row]
    return Case({name: array.reshape(-1, 1) for name, array in arrays.items()}, known, labels)


def fitted(family: str, case: Case, *, rows: int | None = None, **options: Any) -> Fitted:
    """Fit on the first half, so that the other half holds what was never seen."""
    half = len(case.labels) // 2
    pipeline = build_pipeline(
        FAMILIES[family],
        case.kinds,
        seed=0,
        rows=rows or half,
        classes=len(set(case.labels)),
        **options,
    )
    frame = frame_of(case.rows(slice(None, half)))
    return Fitted(pipeline, case, fit(pipeline, frame, case.labels[:half].tolist()))


def _inputs(kinds: Mapping[str, str], tensors: list[str]) -> list[Input]:
    inputs: list[Input] = []
    for (name, kind), tensor in zip(kinds.items(), tensors, strict=True):
        if kind == "numeric":
            inputs.append(NumericInput(name=name, tensor=tensor, missing=0))
        elif kind == "categorical":
            inputs.append(CategoricalInput(name=name, tensor=tensor, missing=0, categories=()))
        elif kind == "text":
            inputs.append(TextInput(name=name, tensor=tensor, missing=0))
        else:
            inputs.append(DateInput(name=name, tensor=tensor, missing=0))
    return inputs


def make_schema(
    made: Fitted,
    tensors: list[str],
    *,
    positive: str | None = None,
    threshold: float | None = None,
) -> Schema:
    classes = tuple(str(each) for each in made.pipeline.classes_)
    return Schema(
        inputs=tuple(_inputs(made.case.kinds, tensors)),
        missing_values=MissingValues(markers=("",)),
        outputs=Outputs(
            label=LabelOutput(classes=classes, positive=positive, threshold=threshold),
            probabilities=ProbabilitiesOutput(shape=(None, len(classes))),
        ),
        target="target",
    )


def served(made: Fitted, **options: Any) -> tuple[bytes, OnnxClassifier]:
    """Export, and open what was exported."""
    model, tensors = export_onnx(
        made.pipeline, _inputs(made.case.kinds, list(made.case.kinds)), **options
    )
    return model, OnnxClassifier(model, make_schema(made, tensors, **options))
