"""float32 as the shortest decimals that read back as the same float32."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["shortest_floats"]

# Below this, one by one is quicker.
_FEW = 24
# Digits that any float32 can be told with.
_MOST = 9
# 10^22 is the largest power of ten that float64 holds exactly.
_POWERS = np.array([10.0**each for each in range(23)])


def shortest_floats(values: NDArray[Any]) -> list[float]:
    """Return float32 (or float16) of shape (N,) as such decimals: what `str` of each one says.

    A decimal with few digits is a whole number divided by a power of ten. While both are exact in
    float64, so is the quotient's rounding, and its own shortest form is that decimal.
    """
    if len(values) < _FEW or values.dtype != np.float32:
        return [float(str(each)) for each in values]
    wide = values.astype(np.float64)
    size = np.abs(wide)
    # Where the powers below exist, and a whole number is its own shortest form.
    known = (size >= 1e-12) & (size < 1e7)  # noqa: PLR2004
    exponent = np.floor(np.log10(size, out=np.zeros_like(size), where=known)).astype(np.int64)
    found = wide.copy()
    left = np.flatnonzero(known)
    done = np.zeros(len(values), dtype=bool)
    for digits in range(_MOST, 0, -1):
        place = digits - 1 - exponent[left]
        left, place = left[place >= 0], place[place >= 0]
        if not len(left):
            break
        power = _POWERS[place]
        decimal = np.rint(wide[left] * power) / power
        same = decimal.astype(np.float32) == values[left]
        left = left[same]
        found[left] = decimal[same]
        done[left] = True
    result: list[float] = found.tolist()
    for index in np.flatnonzero(~done).tolist():
        result[index] = float(str(values[index]))
    return result
