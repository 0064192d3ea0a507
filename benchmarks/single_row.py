"""One row at a time: the ONNX file beside the pipeline it came from.

Both are asked in the same process, in turns, on one thread, with the arrays and the data frame
made before. What is told is the median of many calls.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from deployer.packaging.documents import (
    LabelOutput,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
)
from deployer.packaging.onnx_export import export_onnx
from deployer.packaging.runtime import OnnxClassifier
from deployer.packaging.skops_runtime import frame_of
from deployer.training.families import FAMILIES, build_pipeline, fit

__all__ = ["SingleRow", "measure_single_row", "single_row"]

ROWS, COLUMNS, CLASSES = 2000, 20, 3
CALLS, ROUNDS = 20, 15


class SingleRow(NamedTuple):
    """What one row takes, in microseconds.

    Attributes:
        family: its name.
        onnx: labels and probabilities from the ONNX file, through :class:`OnnxClassifier`.
        pipeline: probabilities from the pipeline on a data frame.

    """

    family: str
    onnx: float
    pipeline: float

    @property
    def ratio(self) -> float:
        """How many times as fast ONNX is."""
        return self.pipeline / self.onnx


def measure_single_row(families: Sequence[str] = tuple(FAMILIES)) -> list[SingleRow]:
    """Fit each family on the same table, and time one row both ways."""
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, ROWS)
    table = random.normal(size=(ROWS, COLUMNS)) + labels.reshape(-1, 1) * 0.3
    names = [f"x{index:02}" for index in range(COLUMNS)]
    arrays = {name: table[:, [index]].astype(np.float32) for index, name in enumerate(names)}
    inputs = [NumericInput(name=name, tensor=name, missing=0) for name in names]
    texts = [f"class {label}" for label in labels]
    found = []
    for family in families:
        pipeline = build_pipeline(
            FAMILIES[family],
            dict.fromkeys(names, "numeric"),
            seed=0,
            rows=ROWS,
            classes=CLASSES,
        )
        fit(pipeline, frame_of(arrays), texts)
        model, _ = export_onnx(pipeline, inputs)
        schema = Schema(
            inputs=tuple(inputs),
            missing_values=MissingValues(markers=("",)),
            outputs=Outputs(
                label=LabelOutput(classes=tuple(pipeline.classes_)),
                probabilities=ProbabilitiesOutput(shape=(None, CLASSES)),
            ),
            target="target",
        )
        classifier = OnnxClassifier(model, schema)
        row = {name: array[:1] for name, array in arrays.items()}
        frame = frame_of(row)
        onnx, direct = _in_turns(
            partial(classifier.predict, row), partial(pipeline.predict_proba, frame)
        )
        found.append(SingleRow(family, onnx, direct))
    return found


def _in_turns(*calls: Callable[[], object]) -> list[float]:
    """Return the median microseconds of one call of each."""
    times: list[list[float]] = [[] for _ in calls]
    with threadpool_limits(1):
        for _ in range(ROUNDS):
            for call, taken in zip(calls, times, strict=True):
                call()
                for _ in range(CALLS):
                    start = time.perf_counter()
                    call()
                    taken.append((time.perf_counter() - start) * 1e6)
    return [median(each) for each in times]


def single_row() -> str:
    """Return the measurement as Markdown."""
    lines = [
        f"\n## One row ({COLUMNS} numbers, {CLASSES} classes), microseconds\n",
        "| family | ONNX | pipeline | times as fast |",
        "|---|--:|--:|--:|",
    ]
    lines += [
        f"| {each.family} | {each.onnx:.0f} | {each.pipeline:.0f} | {each.ratio:.0f} |"
        for each in measure_single_row()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(single_row())
