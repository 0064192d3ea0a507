"""What one input of a model makes of a list of plain cells. Needs NumPy only."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.tables.values import (
    Cell,
    has_comma,
    is_missing,
    parse_date,
    parse_number,
    seconds_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "FLOAT32_MAX",
    "Place",
    "encode_dates",
    "encode_numbers",
    "encode_texts",
    "to_date",
    "to_number",
    "truth",
]

_SHOWN = 40
FLOAT32_MAX = 3.4028234663852886e38

Place = Callable[[int], str]


def encode_numbers(cells: Sequence[Cell], place: Place) -> "NDArray[np.float32]":
    """Return `cells` as float32 of shape (N, 1), NaN where missing.

    Args:
        cells: numbers, or text that holds numbers.
        place: where the cell at an index is, for messages.

    Raises:
        UsageError: a cell that is no number, infinite, or beyond float32; names its place.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    values = [to_number(cell, place, index) for index, cell in enumerate(cells)]
    return np.asarray(values, dtype=np.float64).astype(np.float32).reshape(-1, 1)


def to_number(cell: Cell, place: Place, index: int) -> float:
    """Return the number of one cell; see :func:`encode_numbers`."""
    if is_missing(cell):
        return math.nan
    value = parse_number(cell) if isinstance(cell, str) else cell
    if value is None or isinstance(value, date) or math.isnan(value):
        comma = isinstance(cell, str) and has_comma(cell)
        raise UsageError(
            f"{_shown(cell)} is not a number",
            where=place(index),
            hint="write numbers as 1234.5" if comma else "leave the cell empty if unknown",
        )
    if math.isinf(value):
        raise UsageError(
            f"{_shown(cell)} is infinite",
            where=place(index),
            hint="leave the cell empty if the value is unknown",
        )
    if abs(value) > FLOAT32_MAX:
        raise UsageError(
            f"{_shown(cell)} is too large: numbers are float32, at most 3.4e38",
            where=place(index),
            hint="use a larger unit, or the logarithm",
        )
    return value


def encode_dates(cells: Sequence[Cell], place: Place) -> "NDArray[np.float64]":
    """Return `cells` as seconds since 1970-01-01 UTC, float64 of shape (N, 1), NaN where missing.

    Args:
        cells: text in ISO 8601; dates; or numbers, which are such seconds already.
        place: where the cell at an index is, for messages.

    Raises:
        UsageError: a cell that is no date; names its place.

    """
    import numpy as np  # noqa: PLC0415 - as above

    values = [to_date(cell, place, index) for index, cell in enumerate(cells)]
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)


def to_date(cell: Cell, place: Place, index: int) -> float:
    """Return the seconds of one cell; see :func:`encode_dates`."""
    if is_missing(cell):
        return math.nan
    if isinstance(cell, date):
        return seconds_of(cell)
    if isinstance(cell, str):
        value = parse_date(cell)
    else:
        value = None if cell is None or isinstance(cell, bool) or math.isinf(cell) else float(cell)
    if value is None:
        raise UsageError(
            f"{_shown(cell)} is not a date",
            where=place(index),
            hint="write dates as 2020-12-31 or 2020-12-31T23:59:59, or leave the cell empty",
        )
    return value


def encode_texts(cells: Sequence[Cell], place: Place, known: Sequence[str] = ()) -> "NDArray[Any]":
    """Return `cells` as str of shape (N, 1), dtype object, ``""`` where missing.

    Args:
        cells: text, True or False.
        place: where the cell at an index is, for messages.
        known: the model's categories; they say how true and false are written.

    Raises:
        UsageError: a number or a date; names its place.

    """
    import numpy as np  # noqa: PLC0415 - as above

    array = np.empty((len(cells), 1), dtype=object)
    for index, cell in enumerate(cells):
        if isinstance(cell, bool):
            array[index, 0] = truth(cell, known)
        elif is_missing(cell):
            array[index, 0] = ""
        elif isinstance(cell, str):
            array[index, 0] = cell.strip()
        else:
            called = "date" if isinstance(cell, date) else "number"
            raise UsageError(
                f"{_shown(cell)} is a {called}, but the column holds text",
                where=place(index),
                hint="put it in quotes",
            )
    return array


def truth(value: bool, known: Sequence[str]) -> str:
    """Return how the model's categories write a truth value, ``true`` or ``false`` by default."""
    text = "true" if value else "false"
    return next((each for each in known if each.lower() == text), text)


def _shown(cell: Cell) -> str:
    text = f"'{cell}'" if isinstance(cell, str) else str(cell)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…'"
