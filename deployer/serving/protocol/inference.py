"""Tensors to a model, and its answers to tensors."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deployer.errors import DeployerError
from deployer.packaging.runtime import Prediction
from deployer.serving.matrix import MatrixColumns
from deployer.serving.models import Served
from deployer.serving.protocol.columns import column_array, float32_values, rows_of
from deployer.serving.protocol.datatypes import NUMBERS
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.plan import Plan, plan_of
from deployer.serving.protocol.refusing import bad_input, bad_request, shown, too_many_rows
from deployer.serving.refusals import RefusedError, Status
from deployer.serving.tensors import InferRequest, InferResponse, Tensor
from deployer.tables.table import nearest

__all__ = ["Answer", "infer", "predict_arrays", "predict_matrix"]

_MATRIX = 2
# Characters of a wrong name; likeness takes time by their square.
_LOOKED_AT = 80


class Answer(NamedTuple):
    """What a request is told.

    Attributes:
        response: with the outputs asked for.
        arrays: what the model was given: one of shape (N, 1) per column.
        rows: N.

    """

    response: InferResponse
    arrays: Mapping[str, NDArray[Any]]
    rows: int


def infer(served: Served, request: InferRequest, limits: Limits) -> Answer:
    """Return what the model answers to a request.

    The inputs are one tensor per column, of shape (N, 1) or (N,), called as the column or as the
    model's input; or, if all columns are numbers, one tensor of any name, of shape (N, columns),
    in the order of the schema.

    Raises:
        RefusedError: 400, the inputs are not those of the model, or an output is not known; 413,
            too many rows; 500, the model cannot be run.

    """
    plan = plan_of(served.package)
    if request.outputs:
        _check_outputs(served.name, plan.outputs, request.outputs)
    arrays: Mapping[str, NDArray[Any]]
    matrix = _matrix(plan, request.inputs, limits)
    if matrix is None:
        arrays, rows = _columns(plan, request.inputs, limits)
        prediction = predict_arrays(served, arrays)
    else:
        arrays, rows = MatrixColumns(plan.names, matrix), len(matrix)
        prediction = predict_matrix(served, plan, matrix, arrays)
    return Answer(_respond(served, plan, request, prediction), arrays, rows)


def predict_arrays(served: Served, arrays: Mapping[str, NDArray[Any]]) -> Prediction:
    """Return the model's answers for one array of shape (N, 1) per column.

    Raises:
        RefusedError: 500; the model cannot be run.

    """
    try:
        return served.package.classifier.predict(arrays)
    except DeployerError as error:
        raise RefusedError(Status.BROKEN, error.message) from error


def predict_matrix(
    served: Served, plan: Plan, matrix: NDArray[np.float32], arrays: Mapping[str, NDArray[Any]]
) -> Prediction:
    """Return the answers for the rows of a matrix, the short way if the model has one.

    Raises:
        RefusedError: 500; the model cannot be run.

    """
    if plan.matrix is None:
        return predict_arrays(served, arrays)
    try:
        return plan.matrix(matrix)
    except DeployerError as error:
        raise RefusedError(Status.BROKEN, error.message) from error


def _check_outputs(model: str, known: tuple[str, str], wanted: Sequence[tuple[str, bool]]) -> None:
    names = [name for name, _ in wanted]
    for name in names:
        if name not in known:
            raise bad_request(f"{model} has no output {shown(name)}; it has {' and '.join(known)}")
    if len(set(names)) != len(names):
        raise bad_request("an output is asked for twice")


def _respond(
    served: Served,
    plan: Plan,
    request: InferRequest,
    prediction: Prediction,
) -> InferResponse:
    labels, probabilities, places = prediction
    first, second = plan.outputs
    told: tuple[Tensor, ...] = Tensor(first, "BYTES", labels), Tensor(second, "FP32", probabilities)
    binary = frozenset(plan.outputs) if request.binary else frozenset[str]()
    if request.outputs:
        told = tuple(told[0 if name == first else 1] for name, _ in request.outputs)
        binary = frozenset(name for name, raw in request.outputs if raw)
    return InferResponse(
        served.name, served.version, served.digest, told, request.id, binary, labels, places
    )


def _matrix(plan: Plan, inputs: tuple[Tensor, ...], limits: Limits) -> NDArray[np.float32] | None:
    """Return the only input, if it holds all columns."""
    if len(inputs) != 1 or not plan.numeric:
        return None
    only = inputs[0]
    shape = only.data.shape
    if len(shape) != _MATRIX or shape[1] != len(plan.columns) or only.datatype not in NUMBERS:
        return None
    _check_rows(shape[0], limits)
    return float32_values(only)


def _check_rows(rows: int, limits: Limits) -> None:
    if rows > limits.max_rows:
        raise too_many_rows(rows, limits.max_rows)


def _columns(
    plan: Plan, inputs: tuple[Tensor, ...], limits: Limits
) -> tuple[dict[str, NDArray[Any]], int]:
    """Return one array of shape (N, 1) per column, and N."""
    given: dict[int, Tensor] = {}
    for tensor in inputs:
        place = plan.known.get(tensor.name)
        if place is None:
            raise _unknown(plan, tensor)
        if place in given:
            raise bad_input(tensor.name, "is there twice")
        given[place] = tensor
    absent = [name for place, name in enumerate(plan.names) if place not in given]
    if absent:
        more = f", and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise bad_input(absent[0], f"is missing{more}")
    rows = rows_of(inputs[0])
    for tensor in inputs:
        if rows_of(tensor) != rows:
            raise bad_input(
                tensor.name, f"has {rows_of(tensor)} rows, but {shown(inputs[0].name)} has {rows}"
            )
    _check_rows(rows, limits)
    return {each.name: column_array(each, given[i]) for i, each in enumerate(plan.columns)}, rows


def _unknown(plan: Plan, tensor: Tensor) -> RefusedError:
    hint = nearest(tensor.name[:_LOOKED_AT], plan.names)
    if plan.numeric:
        return bad_input(
            tensor.name,
            f"of shape {list(tensor.data.shape)} is neither a column of the model nor a matrix of "
            f"its {len(plan.names)} columns{hint and '; '}{hint}",
        )
    return bad_input(tensor.name, f"is no column of the model{hint and '; '}{hint}")
