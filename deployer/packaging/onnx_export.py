"""A fitted pipeline to ONNX bytes, the same bytes every time."""

from collections.abc import Sequence
from typing import Any

from deployer.errors import FailedError
from deployer.packaging.documents import Input, NumericInput

__all__ = ["TARGET_OPSET", "export_onnx"]

# The newest that may be used, pinned: bytes must not change with the library, and older runtimes
# must be able to load them.
TARGET_OPSET = {"": 17, "ai.onnx.ml": 3}


def export_onnx(pipeline: Any, inputs: Sequence[Input]) -> tuple[bytes, list[str]]:
    """Return the pipeline as ONNX, and the names of its input tensors in the order of `inputs`.

    Args:
        pipeline: a fitted scikit-learn classifier on a data frame with one column per input.
        inputs: the columns; a float32 or string tensor of shape (N, 1) each.

    The outputs are ``label``, strings of shape (N,), and ``probabilities``, float32 of shape
    (N, classes).

    Raises:
        FailedError: the pipeline holds something that has no ONNX form.

    """
    from skl2onnx import convert_sklearn  # noqa: PLC0415 - seconds to import
    from skl2onnx.common.data_types import (  # noqa: PLC0415
        FloatTensorType,
        StringTensorType,
    )

    types = [
        (
            each.name,
            FloatTensorType([None, 1])
            if isinstance(each, NumericInput)
            else StringTensorType([None, 1]),
        )
        for each in inputs
    ]
    try:
        model = convert_sklearn(
            pipeline,
            # Without a name of ours the graph gets a random one.
            name="classifier",
            initial_types=types,
            options={"zipmap": False},
            target_opset=TARGET_OPSET,
        )
    except Exception as error:  # skl2onnx raises whatever its converters do
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise FailedError(f"the pipeline cannot be exported to ONNX: {first}") from error
    # skl2onnx keeps them in a set: their order changes from process to process.
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    return model.SerializeToString(deterministic=True), [each.name for each in model.graph.input]
