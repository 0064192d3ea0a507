"""Cells to the arrays that a model takes; training and prediction share this and nothing else.

The convention for missing values, in both: a cell that is empty or holds one of
:data:`MISSING_MARKERS` is missing; a missing number or date is NaN, a missing category or text
is ``""``. :func:`encode_inputs` takes plain values and needs NumPy only; :func:`encode_table` does
the same to the columns of a table, fast.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.packaging.cell_rules import (
    FLOAT32_MAX,
    Place,
    encode_dates,
    encode_numbers,
    encode_texts,
    to_date,
    to_number,
    truth,
)
from deployer.packaging.documents import (
    CategoricalInput,
    DateInput,
    Input,
    NumericInput,
    Schema,
    TextInput,
)
from deployer.tables.table import Table, nearest
from deployer.tables.values import MISSING_MARKERS, Cell, has_comma, is_missing, parse_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MISSING_MARKERS",
    "Cell",
    "check_columns",
    "encode_dates",
    "encode_inputs",
    "encode_numbers",
    "encode_table",
    "has_comma",
    "is_missing",
    "parse_number",
]


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

    Returns:
        float32 for numbers, float64 for dates (seconds since 1970-01-01 UTC), and objects of str
        for categories and text.

    Raises:
        UsageError: a cell that its column cannot hold; names its place.

    """
    arrays: dict[str, NDArray[Any]] = {}
    for each in inputs:
        cells = columns[each.name]
        here = _in_column(place, each.name)
        match each:
            case NumericInput():
                arrays[each.name] = encode_numbers(cells, here)
            case DateInput():
                arrays[each.name] = encode_dates(cells, here)
            case CategoricalInput():
                arrays[each.name] = encode_texts(cells, here, each.categories)
            case TextInput():
                arrays[each.name] = encode_texts(cells, here)
    return arrays


def encode_table(inputs: Sequence[Input], table: Table) -> "dict[str, NDArray[Any]]":
    """Return one array of shape (N, 1) per input, by column name; see :func:`encode_inputs`.

    Numbers of a typed column are categories too, as text, such as ``3`` and ``2.5``.
    """
    arrays: dict[str, NDArray[Any]] = {}
    array: NDArray[Any]
    for each in inputs:
        match each:
            case NumericInput():
                array = _table_numbers(table, each.name)
            case DateInput():
                array = _table_dates(table, each.name)
            case CategoricalInput():
                array = _table_texts(table, each.name, each.categories)
            case TextInput():
                array = _table_texts(table, each.name)
        arrays[each.name] = array.reshape(-1, 1)
    return arrays


def _table_numbers(table: Table, name: str) -> "NDArray[np.float32]":
    import numpy as np  # noqa: PLC0415 - as above

    from deployer.tables.columns import numbers  # noqa: PLC0415 - needs pyarrow

    known = table.parsed.get(name)
    if known is not None:
        return known
    values, wrong = numbers(table.column(name))
    # NaN is neither, which is right: it is a missing value.
    beyond = np.flatnonzero(np.abs(values) > FLOAT32_MAX)
    bad = [int(indices[0]) for indices in (wrong, beyond) if len(indices)]
    if bad:
        _refuse(to_number, table, name, min(bad))
    return values.astype(np.float32)


def _table_dates(table: Table, name: str) -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415 - as above

    from deployer.tables.columns import dates  # noqa: PLC0415 - needs pyarrow

    values, wrong = dates(table.column(name))
    beyond = np.flatnonzero(np.isinf(values))
    bad = [int(indices[0]) for indices in (wrong, beyond) if len(indices)]
    if bad:
        _refuse(to_date, table, name, min(bad))
    return values


def _refuse(
    encode: Callable[[Cell, Place, int], float], table: Table, name: str, index: int
) -> None:
    """Raise what the rule for one cell raises, with its place in the table."""
    from deployer.tables.columns import family, plain  # noqa: PLC0415 - needs pyarrow

    column = table.column(name).slice(index, 1)
    cell = column[0].as_py() if family(column) == "truth" else plain(column)[0]
    encode(cell, _in_column(table.place, name), index)


def _table_texts(table: Table, name: str, known: Sequence[str] = ()) -> "NDArray[Any]":
    from deployer.tables.columns import family, texts  # noqa: PLC0415 - needs pyarrow

    column = table.column(name)
    values = texts(column)
    if family(column) == "truth":
        for value in (True, False):
            values[values == ("true" if value else "false")] = truth(value, known)
    return values


def _in_column(place: Callable[[int, str], str], column: str) -> Place:
    return lambda index: place(index, column)
