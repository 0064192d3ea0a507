"""What whole Arrow columns say, by the rules of :mod:`deployer.tables.values`, and as fast as can be.

Every function takes a :class:`pyarrow.ChunkedArray` of a :class:`~deployer.tables.table.Table`.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from deployer.tables.values import (
    MISSING_MARKERS,
    Cell,
    is_missing,
    parse_date,
    parse_number,
    shortest_text,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Family", "counts", "dates", "encode", "family", "missing", "numbers", "plain", "texts"]

Family = Literal["text", "truth", "number", "date"]

_MICROSECONDS = 1_000_000
# 0001-01-01T00:00:00, the first moment that Python knows, and the one after the last.
_FIRST, _END = -62_135_596_800, 253_402_300_800


def family(column: Any) -> Family:
    """Return what the column's values are."""
    import pyarrow.types as kinds  # noqa: PLC0415 - slow to import

    if kinds.is_boolean(column.type):
        return "truth"
    if kinds.is_integer(column.type) or kinds.is_floating(column.type):
        return "number"
    return "date" if kinds.is_timestamp(column.type) else "text"


def plain(column: Any) -> list[Cell]:
    """Return plain values: text, numbers, ``true`` or ``false``, dates as ISO 8601 has them."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    match family(column):
        case "truth":
            column = pc.cast(column, pa.string())
        case "date":
            column = _iso(column)
    return column.to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types


def _iso(column: Any) -> Any:
    import pyarrow.compute as pc  # noqa: PLC0415 - slow to import

    text = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    # Whole seconds, which are the rule, without a fraction of zeros.
    return pc.replace_substring(text, ".000000Z", "Z")


def missing(column: Any) -> "NDArray[np.bool_]":
    """Return which cells hold no value, bool of shape (N,)."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    if family(column) == "text":
        mask = pc.is_in(column, value_set=pa.array([*MISSING_MARKERS, None], pa.string()))
    else:
        mask = pc.is_null(column, nan_is_null=True)
    absent: NDArray[np.bool_] = _numpy(mask)
    return absent


def encode(column: Any) -> "tuple[NDArray[np.int32], list[str]]":
    """Return the cells as codes, int32 of shape (N,), and the text of each code.

    Missing cells have the text ``""``, and several codes may. Numbers are written without needless
    digits, such as ``3`` and ``2.5``.
    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    import pyarrow.compute as pc  # noqa: PLC0415 - slow to import

    if not len(column):
        return np.array([], dtype=np.int32), []
    # Chunk by chunk: one array of text cannot hold more than 2 GiB. Arrow cannot unify dictionaries
    # that hold null, so it gets a code of its own.
    encoded = column.dictionary_encode(null_encoding="mask").unify_dictionaries()
    known = [_text(cell) for cell in plain(encoded.chunk(0).dictionary)]
    absent = len(known)
    codes = [
        np.asarray(pc.fill_null(each.indices, absent), dtype=np.int32) for each in encoded.chunks
    ]
    return np.concatenate(codes), [*known, ""] if column.null_count else known


def _text(cell: Cell) -> str:
    if is_missing(cell):
        return ""
    return cell if isinstance(cell, str) else shortest_text(cell)  # type: ignore[arg-type]  # a number


def counts(column: Any) -> Counter[str]:
    """Return how often each text occurs, missing cells not counted; see :func:`encode`."""
    import numpy as np  # noqa: PLC0415 - as above

    codes, known = encode(column)
    found: Counter[str] = Counter()
    for text, count in zip(known, np.bincount(codes, minlength=len(known)).tolist(), strict=True):
        if text and count:
            found[text] += count
    return found


def texts(column: Any) -> "NDArray[Any]":
    """Return the cells as text, object of shape (N,), ``""`` where missing; see :func:`encode`."""
    import numpy as np  # noqa: PLC0415 - as above

    codes, known = encode(column)
    values = np.empty(len(known), dtype=object)
    values[:] = known
    taken: NDArray[Any] = values[codes]
    return taken


def numbers(column: Any) -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """Return the cells as numbers, float64 of shape (N,), NaN where missing or no number.

    Returns:
        The numbers, which may be infinite; and the indices of cells that are neither missing nor
        a number, ascending.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    kind = family(column)
    if kind == "date":
        return np.full(len(column), np.nan), np.flatnonzero(~missing(column))
    if kind != "text":
        return _numpy(pc.cast(column, pa.float64(), safe=False)), np.array([], dtype=np.int64)
    try:
        values = _numpy(pc.cast(column, pa.float64()))
    except pa.ArrowInvalid:
        return _odd_numbers(column)
    if np.isfinite(values).all() and not column.null_count:
        return values, np.array([], dtype=np.int64)
    return _odd_numbers(column)


# So often must a text occur on average for reading it once to be quicker.
_REPEATS = 4
# What Arrow and Python read alike.
_PLAIN_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"


def _odd_numbers(column: Any) -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """Return the numbers of a column of which some are missing, or are written in a rare way."""
    import numpy as np  # noqa: PLC0415 - as above
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    codes, known = encode(column)
    if len(known) * _REPEATS <= len(codes):
        values, strangers = _read(known)
        return values[codes], np.flatnonzero(strangers[codes])
    usual = pc.fill_null(pc.match_substring_regex(column, _PLAIN_NUMBER), fill_value=False)
    values = _numpy(pc.cast(pc.if_else(usual, column, None), pa.float64()))
    rare = np.flatnonzero(~_numpy(usual))
    codes, known = encode(column.filter(pa.array(~_numpy(usual))))
    found, strangers = _read(known)
    values[rare] = found[codes]
    return values, rare[strangers[codes]]


def _read(known: list[str]) -> "tuple[NDArray[np.float64], NDArray[np.bool_]]":
    """Return the number of each text, and whether it is neither missing nor a number."""
    import numpy as np  # noqa: PLC0415 - as above

    read = [parse_number(text) if text else None for text in known]
    values = np.array([np.nan if each is None else each for each in read], dtype=np.float64)
    # A NaN of a text that is no marker of a missing value is no number.
    return values, np.isnan(values) & np.array([bool(text) for text in known], dtype=bool)


def dates(column: Any) -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """Return the cells as seconds since 1970-01-01 UTC, float64 of shape (N,), NaN where missing.

    Numbers of a typed column are taken as such seconds.

    Returns:
        The seconds; and the indices of cells that are neither missing nor a date, ascending.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    kind = family(column)
    none = np.array([], dtype=np.int64)
    if kind == "date":
        return _seconds(column), none
    if kind == "number":
        return numbers(column)[0], none
    absent = missing(column)
    if kind == "truth":
        return np.full(len(column), np.nan), np.flatnonzero(~absent)
    given = pc.if_else(pa.array(absent), None, column)
    for zone in (None, "UTC"):
        try:
            seconds = _seconds(pc.cast(given, pa.timestamp("us", zone)))
        except pa.ArrowInvalid:
            continue
        if not ((seconds < _FIRST) | (seconds >= _END)).any():
            return seconds, none
    read = {cell: parse_date(cell) for cell in given.unique().to_pylist() if cell is not None}
    found = [np.nan if cell is None else read[cell] for cell in given.to_pylist()]
    wrong = [index for index, value in enumerate(found) if value is None]
    return np.array(found, dtype=np.float64), np.array(wrong, dtype=np.int64)


def _seconds(column: Any) -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415 - as above
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    absent = _numpy(pc.is_null(column))
    microseconds = _numpy(pc.fill_null(pc.cast(column, pa.int64()), 0))
    # In two parts, as `seconds_of` does: there are more microseconds than a float can count.
    seconds: NDArray[np.float64] = (
        microseconds // _MICROSECONDS + microseconds % _MICROSECONDS / _MICROSECONDS
    )
    seconds[absent] = np.nan
    return seconds


def _numpy(column: Any) -> Any:
    """Return the column as an array that may be written to, NaN for null."""
    import numpy as np  # noqa: PLC0415 - as above

    return np.array(column.to_numpy(zero_copy_only=False) if hasattr(column, "type") else column)
