"""What so many observations show of a share or of a quantile, and no more."""

import math
from collections.abc import Sequence

__all__ = ["Z", "quantile", "quantile_bounds", "wilson"]

Z = 3.0
"""Of all intervals: 99.7 %. A step is judged many times, and each look is a chance to be wrong."""


def wilson(hits: int, count: int, z: float = Z) -> tuple[float, float]:
    """Return the interval of a share of which `hits` of `count` were seen; (0, 1) for none.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if count <= 0:
        return 0.0, 1.0
    share, square = hits / count, z * z
    middle = share + square / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    whole = 1 + square / count
    low, high = (middle - half) / whole, (middle + half) / whole
    # Rounding must not make an impossible share of a certain one.
    return (0.0 if hits == 0 else max(0.0, low)), (1.0 if hits == count else min(1.0, high))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile by nearest rank; `values` are at least one, in any order."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def quantile_bounds(
    values: Sequence[float], share: float, z: float = Z
) -> tuple[float | None, float | None]:
    """Return the interval of a quantile; None on a side that so few values do not bound.

    Order statistics, whatever the distribution is: W. J. Conover, "Practical Nonparametric
    Statistics", section 3.2, with the normal approximation of the binomial.
    """
    ordered = sorted(values)
    count = len(ordered)
    half = z * math.sqrt(count * share * (1 - share))
    low, high = math.floor(count * share - half), math.ceil(count * share + half) + 1
    return (
        ordered[low - 1] if low >= 1 else None,
        ordered[high - 1] if high <= count else None,
    )
