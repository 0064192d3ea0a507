"""Which file answers: ONNX where it is proven to answer as the pipeline does, else skops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from deployer.errors import FailedError
from deployer.packaging.documents import Input, Schema, Serving
from deployer.packaging.onnx_export import export_onnx
from deployer.packaging.parity import compare
from deployer.packaging.runtime import OnnxClassifier, Prediction
from deployer.packaging.skops_io import dump_skops, trusted_types
from deployer.packaging.skops_runtime import SkopsClassifier, predict_pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Served", "serve"]


@dataclass(frozen=True)
class Served:
    """A fitted pipeline as it will answer.

    Attributes:
        onnx: the ONNX file, None where none answers as the pipeline does.
        skops: the pipeline.
        schema: inputs, with the tensors' names, and outputs.
        classifier: of the file that serves.
        answers: its answers for all rows.
        serving: for ``model.json``.

    """

    onnx: bytes | None
    skops: bytes
    schema: Schema
    classifier: OnnxClassifier | SkopsClassifier
    answers: Prediction
    serving: Serving


def serve(pipeline: Any, schema: Schema, arrays: "Mapping[str, NDArray[Any]]") -> Served:
    """Return the pipeline as files, the first of them that answers as it does on all rows.

    Args:
        pipeline: fitted.
        schema: inputs and outputs; the tensors are named as the columns.
        arrays: N rows, one array of shape (N, 1) per input, in the schema's order.

    """
    skops = dump_skops(pipeline)
    trusted = tuple(trusted_types(skops))
    label = schema.outputs.label
    expected = predict_pipeline(
        pipeline, arrays, positive=label.positive, threshold=label.threshold
    )
    try:
        onnx, tensors = export_onnx(
            pipeline, schema.inputs, positive=label.positive, threshold=label.threshold
        )
        named = replace(schema, inputs=_named(schema.inputs, tensors))
        classifier = OnnxClassifier(onnx, named)
        answers = classifier.predict(arrays)
        parity = compare(expected, answers)
    except FailedError as error:
        reason = error.message
    else:
        serving = Serving(runtime="onnx", parity=parity, trusted=trusted)
        return Served(onnx, skops, named, classifier, answers, serving)
    fallback = SkopsClassifier(skops, schema)
    serving = Serving(runtime="skops", reason=reason, trusted=trusted)
    return Served(None, skops, schema, fallback, expected, serving)


def _named(inputs: Sequence[Input], tensors: Sequence[str]) -> tuple[Input, ...]:
    named = (replace(each, tensor=name) for each, name in zip(inputs, tensors, strict=True))
    return tuple(named)
