"""A tensor to the array of one column of a model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deployer.errors import UsageError
from deployer.packaging.cells import encode_inputs
from deployer.packaging.documents import DateInput, Input, NumericInput
from deployer.serving.protocol.datatypes import NUMBERS
from deployer.serving.protocol.refusing import bad_input, bad_request, shown
from deployer.serving.refusals import RefusedError
from deployer.serving.tensors import Tensor

__all__ = ["column_array", "float32_values", "has_infinity", "rows_of", "usage_refused"]

_COLUMN = 2


def rows_of(tensor: Tensor) -> int:
    """Return how many rows a column's tensor has.

    Raises:
        RefusedError: 400; its shape is neither (N, 1) nor (N,).

    """
    shape = tensor.data.shape
    if len(shape) == 1 or (len(shape) == _COLUMN and shape[1] == 1):
        return int(shape[0])
    raise bad_input(tensor.name, f"has shape {list(shape)}, not [rows, 1]")


def float32_values(tensor: Tensor) -> NDArray[np.float32]:
    """Return a tensor of numbers as float32 of the same shape; NaN stays, as a missing value.

    Raises:
        RefusedError: 400; a number is infinite, or too large for float32.

    """
    data = tensor.data
    if data.dtype == np.float32:
        if tensor.finite:
            return data
        values = data
    else:
        with np.errstate(over="ignore"):
            values = data.astype(np.float32)
    if has_infinity(values):
        raise bad_input(tensor.name, "has a number that is infinite as float32")
    return values


def has_infinity(values: NDArray[Any]) -> bool:
    """Return whether any of some floats is infinite."""
    # Half the time that any() takes on a row.
    return b"\1" in np.isinf(values).tobytes()


def column_array(column: Input, tensor: Tensor) -> NDArray[Any]:
    """Return a tensor of shape (N, 1) or (N,) as the array of shape (N, 1) that the model takes.

    Numbers of any datatype are float32, or float64 seconds for a date. BYTES are text; dates in
    BYTES are ISO 8601. Text of :data:`deployer.packaging.cells.MISSING_MARKERS` is missing.

    Raises:
        RefusedError: 400; the column cannot hold the tensor's datatype, or one of its elements.

    """
    datatype, data = tensor.datatype, tensor.data
    if isinstance(column, NumericInput):
        if datatype not in NUMBERS and datatype != "BOOL":
            raise bad_input(tensor.name, f"takes numbers, such as FP32, not {datatype}")
        return float32_values(tensor).reshape(-1, 1)
    if isinstance(column, DateInput) and datatype in NUMBERS:
        seconds = data.astype(np.float64).reshape(-1, 1)
        if has_infinity(seconds):
            raise bad_input(tensor.name, "has an infinite date")
        return seconds
    if datatype != "BYTES" and (datatype != "BOOL" or isinstance(column, DateInput)):
        takes = "FP64 seconds or BYTES" if isinstance(column, DateInput) else "BYTES"
        raise bad_input(tensor.name, f"takes {takes}, not {datatype}")
    try:
        cells = {column.name: data.ravel().tolist()}
        return encode_inputs([column], cells, _place)[column.name]
    except UsageError as error:
        raise usage_refused(error) from error


def usage_refused(error: UsageError) -> RefusedError:
    """Return the refusal of cells that their column cannot hold."""
    advice = f"; {error.hint}" if error.hint else ""
    return bad_request(" ".join(f"{error}{advice}".split()))


def _place(index: int, column: str) -> str:
    return f"input {shown(column)}, row {index + 1}"
