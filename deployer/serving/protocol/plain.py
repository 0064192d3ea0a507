"""The clouds' own contracts: rows as JSON or CSV, without tensors.

========= =======================================================================================
sagemaker https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html and
          https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html: ``/invocations``
          takes CSV without a header, JSON or JSON Lines, and answers as ``Accept`` says
vertex    https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements:
          ``{"instances": […], "parameters": …}`` is answered with ``{"predictions": […]}``
azureml   https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models: ``/score``
          takes ``{"input_data": {"columns", "index", "data"}}``, and answers with a list
========= =======================================================================================
"""

import csv
import io
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from deployer.errors import UsageError
from deployer.packaging.cells import encode_inputs
from deployer.packaging.runtime import Prediction
from deployer.serving.matrix import MatrixColumns
from deployer.serving.models import Served
from deployer.serving.protocol.columns import usage_refused
from deployer.serving.protocol.floats import shortest_floats
from deployer.serving.protocol.inference import predict_arrays, predict_matrix
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.plain_rows import csv_rows, json_lines_rows, json_rows
from deployer.serving.protocol.plan import Plan, plan_of
from deployer.serving.protocol.refusing import bad_request, shown
from deployer.serving.refusals import RefusedError, Status

__all__ = ["CSV", "JSON", "JSON_LINES", "PlainAnswer", "Platform", "answer_plain"]

Platform = Literal["sagemaker", "vertex", "azureml"]

JSON, CSV, JSON_LINES = "application/json", "text/csv", "application/jsonlines"
_READERS = {
    JSON: json_rows,
    CSV: csv_rows,
    JSON_LINES: json_lines_rows,
    "application/x-ndjson": json_lines_rows,
}
_ENCODINGS = ("", "utf-8", "utf8", "us-ascii")


class PlainAnswer(NamedTuple):
    """What a request is told.

    Attributes:
        body: of the response.
        content_type: of the body.
        arrays: what the model was given: one of shape (N, 1) per column.
        rows: N.
        labels: str of shape (N,).
        places: int64 of shape (N,), of the labels in the list of classes; None if not known.

    """

    body: bytes
    content_type: str
    arrays: Mapping[str, NDArray[Any]]
    rows: int
    labels: NDArray[Any]
    places: NDArray[np.int64] | None


def answer_plain(
    served: Served,
    body: bytes,
    *,
    platform: Platform,
    content_type: str,
    accept: str,
    limits: Limits,
) -> PlainAnswer:
    """Return the answer to rows in a platform's form.

    Each row is answered with ``{"label": …, "probabilities": {class: …}}``; in CSV with the label
    and then the probabilities in the order of the classes.

    Args:
        served: the model.
        body: see :mod:`deployer.serving.protocol.plain_rows`.
        platform: whose contract it is.
        content_type: of the body; "" is JSON.
        accept: what the client wants, for SageMaker; JSON if it is none of ours.
        limits: of the request.

    Raises:
        RefusedError: 400, the rows are not the model's; 413, too many; 415, the content type is
            not the contract's; 500, the model cannot be run.

    """
    kind = _kind(content_type, platform)
    plan = plan_of(served.package)
    cells = _READERS[kind](body, plan.names, limits)
    matrix = _numbers(plan, cells)
    arrays: Mapping[str, NDArray[Any]]
    if matrix is None:
        arrays = _arrays(plan, cells)
        prediction = predict_arrays(served, arrays)
    else:
        arrays = MatrixColumns(plan.names, matrix)
        prediction = predict_matrix(served, plan, matrix, arrays)
    classes = served.package.schema.outputs.label.classes
    wanted = _wanted(accept) if platform == "sagemaker" else JSON
    written = _WRITERS[wanted](prediction, classes, platform)
    labels, _, places = prediction
    return PlainAnswer(written, wanted, arrays, len(labels), labels, places)


def _kind(content_type: str, platform: Platform) -> str:
    name, _, parameters = content_type.partition(";")
    kind = name.strip().lower() or JSON
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset" and value.strip(' "').lower() not in _ENCODINGS:
            raise RefusedError(Status.UNSUPPORTED, "the charset must be utf-8")
    allowed = tuple(_READERS) if platform == "sagemaker" else (JSON,)
    if kind not in allowed:
        raise RefusedError(
            Status.UNSUPPORTED, f"content type {shown(kind)}; send {' or '.join(allowed[:3])}"
        )
    return kind


def _wanted(accept: str) -> str:
    for each in accept.split(","):
        kind = each.partition(";")[0].strip().lower()
        if kind in _WRITERS:
            return kind
    return JSON


def _numbers(plan: Plan, cells: Mapping[str, Sequence[Any]]) -> NDArray[np.float32] | None:
    """Return all cells as a matrix if they are plain numbers; None if not, or one is too large."""
    columns = list(cells.values())
    rows = len(columns[0])
    if not plan.numeric or not rows:
        return None
    if any(not set(map(type, column)) <= {float, int} for column in columns):
        return None
    try:
        packed = b"".join([struct.pack(f"<{rows}f", *column) for column in columns])
    except (OverflowError, struct.error):
        return None
    matrix: NDArray[np.float32] = np.frombuffer(packed, "<f4").reshape(len(columns), rows)
    return np.ascontiguousarray(matrix.T)


def _arrays(plan: Plan, cells: Mapping[str, Sequence[Any]]) -> dict[str, NDArray[Any]]:
    try:
        return encode_inputs(plan.columns, cells)
    except UsageError as error:
        raise usage_refused(error) from error
    except (OverflowError, ValueError) as error:
        # Whole numbers of JSON may be longer than any float.
        raise bad_request("a number is too large") from error


def _documents(prediction: Prediction, classes: Sequence[str]) -> list[dict[str, Any]]:
    shares = shortest_floats(prediction.probabilities.ravel())
    width = len(classes)
    return [
        {
            "label": label,
            "probabilities": dict(zip(classes, shares[i * width : (i + 1) * width], strict=True)),
        }
        for i, label in enumerate(prediction.labels.tolist())
    ]


def _json(prediction: Prediction, classes: Sequence[str], platform: Platform) -> bytes:
    documents = _documents(prediction, classes)
    told: Any = documents if platform == "azureml" else {"predictions": documents}
    return msgspec.json.encode(told)


def _json_lines(prediction: Prediction, classes: Sequence[str], platform: Platform) -> bytes:
    return b"".join(msgspec.json.encode(each) + b"\n" for each in _documents(prediction, classes))


def _csv(prediction: Prediction, classes: Sequence[str], platform: Platform) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for each in _documents(prediction, classes):
        writer.writerow([each["label"], *each["probabilities"].values()])
    return text.getvalue().encode()


_WRITERS = {JSON: _json, CSV: _csv, JSON_LINES: _json_lines}
