"""Cells to the arrays that a model takes; training and prediction share this and nothing else.

The convention for missing values, in both: a cell that is empty or holds one of
:data:`MISSING_MARKERS` is missing; a missing number is NaN, a missing category is ``""``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.packaging.documents import CategoricalInput, Input, NumericInput, Schema
from deployer.packaging.table import Table, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MISSING_MARKERS",
    "Cell",
    "check_columns",
    "encode_inputs",
    "encode_numbers",
    "encode_table",
    "has_comma",
    "is_missing",
    "parse_number",
]

# fmt: off
MISSING_MARKERS = ("", "#N/A", "<NA>", "N/A", "NA", "NAN", "NULL", "NaN", "None", "n/a", "nan", "null")
# fmt: on
_MISSING = frozenset(MISSING_MARKERS)
_SHOWN = 40
_FLOAT32_MAX = 3.4028234663852886e38

Cell = str | float | None


def is_missing(cell: Cell) -> bool:
    """Return whether `cell` holds no value."""
    if cell is None:
        return True
    return cell.strip() in _MISSING if isinstance(cell, str) else math.isnan(cell)


def parse_number(text: str) -> float | None:
    """Return the number written in `text`, or None if it is not one; may be infinite."""
    # Python reads 1_000 as a number; no other program that reads CSV does.
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def has_comma(text: str) -> bool:
    """Return whether `text` would be a number but for decimal or thousands commas."""
    return "," in text and parse_number(text.replace(",", "")) is not None


def encode_numbers(cells: Sequence[Cell], place: Callable[[int], str]) -> "NDArray[np.float32]":
    """Return `cells` as float32 of shape (N, 1), NaN where missing.

    Args:
        cells: numbers, or text that holds numbers.
        place: where the cell at an index is, for messages.

    Raises:
        UsageError: a cell that is no number, infinite, or beyond float32; names its place.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    values = [_number(cell, place, index) for index, cell in enumerate(cells)]
    return np.asarray(values, dtype=np.float64).astype(np.float32).reshape(-1, 1)


def _number(cell: Cell, place: Callable[[int], str], index: int) -> float:
    if is_missing(cell):
        return math.nan
    value = parse_number(cell) if isinstance(cell, str) else cell
    if value is None or math.isnan(value):
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
    if abs(value) > _FLOAT32_MAX:
        raise UsageError(
            f"{_shown(cell)} is too large: numbers are float32, at most 3.4e38",
            where=place(index),
            hint="use a larger unit, or the logarithm",
        )
    return value


def _encode_categories(cells: Sequence[Cell], place: Callable[[int], str]) -> "NDArray[Any]":
    import numpy as np  # noqa: PLC0415 - as above

    array = np.empty((len(cells), 1), dtype=object)
    for index, cell in enumerate(cells):
        if is_missing(cell):
            array[index, 0] = ""
        elif isinstance(cell, str):
            array[index, 0] = cell.strip()
        else:
            raise UsageError(
                f"{_shown(cell)} is a number, but the column holds text",
                where=place(index),
                hint="put it in quotes",
            )
    return array


def _shown(cell: Cell) -> str:
    text = f"'{cell}'" if isinstance(cell, str) else str(cell)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…'"


def check_columns(schema: Schema, names: Sequence[str], *, where: str = "") -> list[str]:
    """Return the columns among `names` that the model neither needs nor knows.

    Raises:
        UsageError: a column that the model needs is not there.

    """
    needed = [each.name for each in schema.inputs]
    absent = [name for name in needed if name not in names]
    known = {*needed, *schema.ignored, schema.target, ""}
    extra = [name for name in names if name not in known]
    if absent:
        listed = ", ".join(f"'{name}'" for name in absent)
        raise UsageError(
            f"the model needs column{'s' * (len(absent) > 1)} {listed}",
            where=where,
            hint=nearest(absent[0], names, among=extra),
        )
    return extra


def encode_inputs(
    inputs: Sequence[Input],
    columns: Mapping[str, Sequence[Cell]],
    place: Callable[[int, str], str] = lambda index, column: f"row {index + 1}, column '{column}'",
) -> "dict[str, NDArray[Any]]":
    """Return one array of shape (N, 1) per input, by column name.

    Args:
        inputs: the model's inputs.
        columns: cells per column; columns that are no input are not looked at.
        place: where the cell at an index of a column is, for messages.

    Raises:
        UsageError: a cell that its column cannot hold; names its place.

    """
    arrays: dict[str, NDArray[Any]] = {}
    for each in inputs:
        cells = columns[each.name]
        match each:
            case NumericInput():
                arrays[each.name] = encode_numbers(cells, _in_column(place, each.name))
            case CategoricalInput():
                arrays[each.name] = _encode_categories(cells, _in_column(place, each.name))
    return arrays


def encode_table(inputs: Sequence[Input], table: Table) -> "dict[str, NDArray[Any]]":
    """Return one array of shape (N, 1) per input, by column name; see :func:`encode_inputs`."""
    return encode_inputs(inputs, table.columns, table.place)


def _in_column(place: Callable[[int, str], str], column: str) -> Callable[[int], str]:
    return lambda index: place(index, column)
