"""The elements of a tensor in JSON: read by datatype, and written."""

import struct
from collections.abc import Sequence, Sized
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from deployer.serving.protocol.datatypes import CODES, DTYPES, FLOATS, INTEGERS
from deployer.serving.protocol.floats import float_json
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.many import many_floats
from deployer.serving.protocol.messages import InputMessage
from deployer.serving.protocol.refusing import bad_input
from deployer.serving.protocol.shapes import check_shape
from deployer.serving.refusals import RefusedError
from deployer.serving.tensors import Datatype, Tensor

__all__ = ["float_tensor", "json_tensor", "number_tensor", "write_json"]

# null is a missing number or text.
_KINDS: dict[Datatype, Any] = {
    **dict.fromkeys(FLOATS, list[float | None]),
    **dict.fromkeys(INTEGERS, list[int]),
    "BOOL": list[bool],
    "BYTES": list[str | None],
}
_FLAT = {datatype: msgspec.json.Decoder(kind) for datatype, kind in _KINDS.items()}
_ANY = msgspec.json.Decoder(list[Any])


def json_tensor(message: InputMessage, limits: Limits) -> Tensor:
    """Return the tensor whose elements are JSON, flat or nested as its shape says.

    Raises:
        RefusedError: 400 or 413.

    """
    name, shape = message.name, message.shape
    datatype, count = check_shape(name, message.datatype, shape, limits)
    if not memoryview(message.data):
        raise bad_input(name, "has neither data nor the parameter binary_data_size")
    many = many_floats(message.data) if datatype in FLOATS else None
    if many is not None:
        return number_tensor(name, datatype, shape, many, limits)
    try:
        values = _FLAT[datatype].decode(message.data)
    except msgspec.ValidationError as error:
        values = _nested(message, datatype, error)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise bad_input(name, f"has data that cannot be read: {error}") from error
    _check_count(name, values, shape, count)
    return Tensor(name, datatype, _array(name, datatype, values).reshape(shape))


def number_tensor(
    name: str,
    datatype: str,
    shape: tuple[int, ...],
    values: NDArray[np.float32] | NDArray[np.float64],
    limits: Limits,
) -> Tensor:
    """Return the tensor of a copy of `values`, of shape (N,) and a floating-point datatype.

    Raises:
        RefusedError: 400 or 413.

    """
    checked, count = check_shape(name, datatype, shape, limits)
    _check_count(name, values, shape, count)
    return Tensor(name, checked, _narrow(name, checked, values).reshape(shape), finite=True)


def float_tensor(
    name: str, datatype: str, shape: tuple[int, ...], values: list[float | None], limits: Limits
) -> Tensor:
    """Return the tensor of `values`, of a floating-point datatype.

    Raises:
        RefusedError: 400 or 413.

    """
    checked, count = check_shape(name, datatype, shape, limits)
    _check_count(name, values, shape, count)
    return Tensor(name, checked, _array(name, checked, values).reshape(shape), finite=True)


def _check_count(name: str, values: Sized, shape: Sequence[int], count: int) -> None:
    if len(values) != count:
        raise bad_input(
            name, f"has {len(values)} elements, but its shape {list(shape)} makes {count}"
        )


def _nested(message: InputMessage, datatype: Datatype, flat: Exception) -> list[Any]:
    """Return the elements of nested data, row by row; `flat` says why they are no flat list."""
    name, shape = message.name, message.shape
    try:
        level = _ANY.decode(message.data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise bad_input(name, f"has data that cannot be read: {error}") from error
    if not level or type(level[0]) is not list:
        raise bad_input(name, f"of {datatype} has data of another kind: {flat}") from flat
    for length in shape[1:]:
        if not all(type(each) is list and len(each) == length for each in level):
            raise _of_another_shape(message)
        level = [cell for each in level for cell in each]
    if level and type(level[0]) is list:
        raise _of_another_shape(message)
    try:
        values: list[Any] = msgspec.convert(level, type=_KINDS[datatype])
    except msgspec.ValidationError as error:
        raise bad_input(name, f"of {datatype} has data of another kind: {error}") from error
    return values


def _of_another_shape(message: InputMessage) -> RefusedError:
    return bad_input(
        message.name, f"has nested data that is not of its shape {list(message.shape)}"
    )


def _array(name: str, datatype: Datatype, values: Sequence[Any]) -> NDArray[Any]:
    """Return checked values as an array of shape (N,)."""
    code = CODES.get(datatype)
    if code is not None:
        try:
            # Quicker than NumPy on a few Python numbers, and it refuses what does not fit.
            return np.frombuffer(struct.pack(f"<{len(values)}{code}", *values), DTYPES[datatype])
        except (struct.error, OverflowError) as error:
            return _with_missing(name, datatype, values, error)
    if datatype == "BOOL":
        return np.array(values, dtype=bool)
    array = np.empty(len(values), dtype=object)
    array[:] = ["" if each is None else each for each in values]
    return array


def _with_missing(
    name: str, datatype: Datatype, values: Sequence[Any], problem: Exception
) -> NDArray[Any]:
    """Return floats some of which are None, as NaN."""
    if datatype not in FLOATS:
        raise bad_input(name, f"has a number that {datatype} cannot hold") from problem
    return _narrow(name, datatype, np.array(values, dtype=np.float64))


def _narrow(
    name: str, datatype: Datatype, wide: NDArray[np.float32] | NDArray[np.float64]
) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        array = wide.astype(DTYPES[datatype])
    if np.isinf(array).any():
        raise bad_input(name, f"has a number that {datatype} cannot hold")
    return array


def write_json(tensor: Tensor) -> msgspec.Raw | list[Any]:
    """Return the elements of a tensor, flat, row by row: as JSON, or as plain values."""
    flat = tensor.data.ravel()
    return msgspec.Raw(float_json(flat)) if tensor.datatype in FLOATS else flat.tolist()
