"""The elements of a tensor as raw bytes: Triton's binary tensor data extension.

Source: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deployer.serving.protocol.datatypes import DTYPES
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.refusing import bad_input
from deployer.serving.protocol.shapes import check_shape
from deployer.serving.tensors import Tensor

__all__ = ["raw_tensor", "write_raw"]

_LENGTH = struct.Struct("<I")


def raw_tensor(
    name: str, datatype: str, shape: tuple[int, ...], raw: memoryview, limits: Limits
) -> Tensor:
    """Return the tensor whose elements are `raw`: little-endian, row by row, without gaps.

    BYTES have the length of each element before it, as 4 bytes.

    Raises:
        RefusedError: 400 or 413.

    """
    checked, count = check_shape(name, datatype, shape, limits)
    if checked == "BYTES":
        return Tensor(name, checked, _texts(name, raw, count).reshape(shape))
    dtype = DTYPES[checked]
    if len(raw) != count * dtype.itemsize:
        raise bad_input(
            name,
            f"has {len(raw)} raw bytes, but {checked} of its shape {list(shape)} takes "
            f"{count * dtype.itemsize}",
        )
    if checked == "BOOL":
        array: NDArray[Any] = np.frombuffer(raw, np.uint8)
        if count and int(array.max()) > 1:
            raise bad_input(name, "has a BOOL that is neither 0 nor 1")
        array = array.view(bool)
    else:
        array = np.frombuffer(raw, dtype)
    return Tensor(name, checked, array.reshape(shape))


def _texts(name: str, raw: memoryview, count: int) -> NDArray[Any]:
    if count * _LENGTH.size > len(raw):
        raise bad_input(name, f"has {len(raw)} raw bytes, too few for {count} elements")
    array = np.empty(count, dtype=object)
    start, size = 0, len(raw)
    try:
        for index in range(count):
            (length,) = _LENGTH.unpack_from(raw, start)
            start += _LENGTH.size + length
            if start > size:
                raise bad_input(name, f"has a raw element {index + 1} that is longer than the rest")
            array[index] = str(raw[start - length : start], "utf-8")
    except UnicodeDecodeError as error:
        raise bad_input(name, f"has a raw element {index + 1} that is not UTF-8") from error
    except struct.error as error:
        raise bad_input(name, f"has raw bytes that end after {index} elements") from error
    if start != size:
        raise bad_input(name, f"has {size - start} raw bytes after its {count} elements")
    return array


def write_raw(tensor: Tensor) -> bytes:
    """Return the elements of a tensor as :func:`raw_tensor` reads them."""
    if tensor.datatype != "BYTES":
        return np.ascontiguousarray(tensor.data, dtype=DTYPES[tensor.datatype]).tobytes()
    parts: list[bytes] = []
    for each in tensor.data.ravel().tolist():
        text = each.encode()
        parts += (_LENGTH.pack(len(text)), text)
    return b"".join(parts)
