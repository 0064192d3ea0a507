"""Successive halving: many settings on few rows, the best third of them on three times as many.

K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter
optimization", AISTATS 2016; the factor of 3 and the number of rungs are those of scikit-learn's
``HalvingRandomSearchCV``.
"""

import math
from typing import NamedTuple

__all__ = ["FACTOR", "MIN_ROWS", "Rung", "schedule"]

FACTOR = 3
# Fewer rows than this take milliseconds and tell settings apart by luck.
MIN_ROWS = 500
# As the smallest sample of scikit-learn's HalvingRandomSearchCV: 2 rows per class and fold.
_ROWS_PER_CELL = 2


class Rung(NamedTuple):
    """How many settings are fitted, and on what share of the rows."""

    settings: int
    share: float


def schedule(settings: int, *, rows: int, folds: int, classes: int) -> list[Rung]:
    """Return the rungs for `settings` settings; the last is on all rows.

    Every rung keeps the best third, rounded up, of the one before and has three times its rows.
    There are as many rungs as leave at least one setting in the last, and no fewer rows in the
    first than :data:`MIN_ROWS` and 2 per class and fold; a small table has one rung.

    Args:
        settings: to begin with; none give no rung.
        rows: of the whole sample.
        folds: that it is divided into.
        classes: that it has.

    """
    if settings < 1:
        return []
    smallest = max(MIN_ROWS, _ROWS_PER_CELL * folds * classes)
    count = 1
    while FACTOR**count <= settings and rows / FACTOR**count >= smallest:
        count += 1
    rungs = []
    for i in range(count):
        rungs.append(Rung(settings, FACTOR ** (i + 1 - count) if i + 1 < count else 1.0))
        settings = math.ceil(settings / FACTOR)
    return rungs
