"""A fitted pipeline to ONNX bytes, the same bytes every time."""

import re
from collections.abc import Sequence
from typing import Any

from deployer.errors import FailedError
from deployer.packaging.documents import DateInput, Input, NumericInput

__all__ = ["TARGET_OPSET", "export_onnx"]

# The newest that may be used, pinned: bytes must not change with the library, and older runtimes
# must be able to load them.
TARGET_OPSET = {"": 17, "ai.onnx.ml": 3, "com.microsoft": 1}
# The version of the file format that belongs to opset 17.
IR_VERSION = 8

_LABEL, _PROBABILITIES = "label", "probabilities"


def export_onnx(
    pipeline: Any,
    inputs: Sequence[Input],
    *,
    positive: str | None = None,
    threshold: float | None = None,
) -> tuple[bytes, list[str]]:
    """Return the pipeline as ONNX, and the names of its input tensors in the order of `inputs`.

    The outputs are ``label``, strings of shape (N,), and ``probabilities``, float32 of shape
    (N, classes). With a threshold the label is `positive` where its probability, as the output
    has it, is at least `threshold`, and the other class elsewhere.

    Args:
        pipeline: a fitted scikit-learn pipeline on a data frame with one column per input: a
            column transformer, then other transformers, then a classifier.
        inputs: the columns; a float32, float64 or string tensor of shape (N, 1) each.
        positive: one of two classes.
        threshold: the least probability for it; both or none of these two.

    Raises:
        FailedError: the pipeline holds something that has no ONNX form.

    """
    from onnx import helper  # noqa: PLC0415 - slow to import

    from deployer.packaging.conversion import (  # noqa: PLC0415 - only those who export need it
        Graph,
        NoConverterError,
        convert_classifier,
        convert_transformer,
    )

    tensors = _tensor_names([each.name for each in inputs])
    graph = Graph()
    try:
        columns = dict(zip([each.name for each in inputs], tensors, strict=True))
        matrix = convert_transformer(graph, pipeline[:-1], columns)
        answer = convert_classifier(graph, pipeline[-1], matrix)
    except NoConverterError as error:
        raise FailedError(f"the pipeline cannot be exported to ONNX: {error}") from error
    classes = [str(each) for each in pipeline.classes_]
    graph.float(answer.probabilities, output=_PROBABILITIES)
    choice = answer.choice
    if positive is not None and threshold is not None:
        choice = _decide(graph, classes.index(positive), threshold)
    graph.add("Gather", graph.texts(classes), choice, output=_LABEL)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "classifier",
            [_described(name, each) for name, each in zip(tensors, inputs, strict=True)],
            [
                helper.make_tensor_value_info(_LABEL, helper.TensorProto.STRING, [None]),
                helper.make_tensor_value_info(
                    _PROBABILITIES, helper.TensorProto.FLOAT, [None, len(classes)]
                ),
            ],
            initializer=graph.constants,
        ),
        opset_imports=[
            helper.make_opsetid(domain, TARGET_OPSET[domain]) for domain in sorted(graph.domains)
        ],
        ir_version=IR_VERSION,
        producer_name="deployer",
    )
    return model.SerializeToString(deterministic=True), tensors


def _decide(graph: Any, positive: int, threshold: float) -> str:
    """Return the place of the class: that of `positive` from the threshold on."""
    share = graph.flat(graph.add("Gather", _PROBABILITIES, graph.integers([positive]), axis=1))
    enough = graph.add("GreaterOrEqual", graph.double(share), graph.number(threshold))
    yes, no = graph.constant(positive, "int64"), graph.constant(1 - positive, "int64")
    return str(graph.add("Where", enough, yes, no))


def _tensor_names(columns: Sequence[str]) -> list[str]:
    """Return a name per column that is allowed in ONNX (C's rules) and is no other's."""
    taken = {_LABEL, _PROBABILITIES}
    names = []
    for column in columns:
        name = plain = re.sub(r"[^A-Za-z0-9_]", "_", column) or "_"
        if plain[0].isdigit():
            name = plain = f"_{plain}"
        number = 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        names.append(name)
    return names


def _described(name: str, column: Input) -> Any:
    from onnx import TensorProto, helper  # noqa: PLC0415 - slow to import

    kind = TensorProto.STRING
    if isinstance(column, NumericInput):
        kind = TensorProto.FLOAT
    elif isinstance(column, DateInput):
        kind = TensorProto.DOUBLE
    return helper.make_tensor_value_info(name, kind, [None, 1])
