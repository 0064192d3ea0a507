"""float32 as the shortest decimals that read back as the same float32."""

from typing import Any

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

__all__ = ["float_json", "shortest_floats"]

_FLOATS = msgspec.json.Decoder(list[float])


def float_json(values: NDArray[Any]) -> bytes:
    """Return float32 (or float16, float64) of shape (N,) as a JSON list of such decimals."""
    return orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)


def shortest_floats(values: NDArray[Any]) -> list[float]:
    """Return float32 (or float16) of shape (N,) as such decimals: what `str` of each one says."""
    return _FLOATS.decode(float_json(values))
