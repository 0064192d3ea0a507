"""What a tensor says of itself, checked before its elements are looked at."""

import math

from deployer.serving.protocol.datatypes import DATATYPES, DTYPES
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.refusing import bad_input, shown, too_many_rows
from deployer.serving.tensors import Datatype

__all__ = ["check_shape"]

# No request has more: its body would not fit.
_MAX_ELEMENTS = 2**31
_MAX_DIMENSIONS = 8
_MOST_CHECKED = 1000
_CHECKED: dict[tuple[str, tuple[int, ...], int], tuple[Datatype, int]] = {}


def check_shape(
    name: str, datatype: str, shape: tuple[int, ...], limits: Limits
) -> tuple[Datatype, int]:
    """Return the datatype and the number of elements.

    Raises:
        RefusedError: 400, the datatype is not known or the shape makes no sense; 413, too many
            rows.

    """
    known = _CHECKED.get((datatype, shape, limits.max_rows))
    if known is not None:
        return known
    if datatype not in DTYPES:
        raise bad_input(
            name, f"has the datatype {shown(datatype)}, not one of {', '.join(DATATYPES)}"
        )
    if len(shape) > _MAX_DIMENSIONS:
        raise bad_input(name, f"has {len(shape)} dimensions; at most {_MAX_DIMENSIONS} are read")
    if shape and min(shape) < 0:
        raise bad_input(name, "has a negative length in its shape")
    count = math.prod(shape)
    if count > _MAX_ELEMENTS or (shape and max(shape) > _MAX_ELEMENTS):
        raise bad_input(name, "has a shape that is too large")
    # Text is read one by one, and a tensor of it is one column.
    rows = count if datatype == "BYTES" else (shape[0] if shape else 0)
    if rows > limits.max_rows:
        raise too_many_rows(rows, limits.max_rows)
    # Clients ask for the same shapes again and again.
    if len(_CHECKED) < _MOST_CHECKED:
        _CHECKED[datatype, shape, limits.max_rows] = datatype, count
    return datatype, count
