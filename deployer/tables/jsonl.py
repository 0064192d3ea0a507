"""JSON Lines: one object per line, a key per column, strictly."""

import codecs
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from deployer.errors import UsageError
from deployer.tables.sample import Rows
from deployer.tables.source import Source
from deployer.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import int64
    from numpy.typing import NDArray

__all__ = ["JsonLines", "read_jsonl"]

_BATCH_ROWS = 4096
_MAX_LINE = 1 << 26
# Lines with the same keys, remembered.
_MAX_SHAPES = 1000
_INT64 = 1 << 63
_CALLED = {bool: "true or false", int: "numbers", str: "text"}
_FORM = 'a line is one object, such as {"height": 1.5, "colour": "red"}'


def read_jsonl(source: Source, rows: Rows) -> Table:
    """Return the table in `source`; a key that a line lacks, or null, is a missing value.

    Raises:
        UsageError: not UTF-8, no rows, a line that is no object, a key twice in one line, a value
            that is a list or an object, or a column of text and numbers; names the line.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    digest = hashlib.sha256()
    seen: list[NDArray[int64]] = []
    stream = JsonLines(source, digest)
    for batch, lines in stream.batches():
        rows.add(batch)
        seen.append(lines)
    data, numbers = rows.finish(stream.unify)
    return Table(
        source.name, data, numbers, np.concatenate(seen)[numbers - 1],
        digest.hexdigest(), source.size, "jsonl", rows.total,
    )  # fmt: skip


class JsonLines:
    """The rows of a file in batches.

    Args:
        source: bytes of JSON Lines.
        digest: fed with all bytes.

    """

    def __init__(self, source: Source, digest: "hashlib._Hash | None" = None) -> None:
        self._source = source
        self._digest = digest or hashlib.sha256()
        self._columns: dict[str, _Column] = {}

    def batches(self) -> "Iterator[tuple[Any, NDArray[int64]]]":
        """Yield batches of rows, and the line of each row; errors as :func:`read_jsonl`.

        A batch has the columns that were seen so far.
        """
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        name, columns = self._source.name, self._columns
        shapes: dict[tuple[str, ...], list[_Column]] = {}
        lines: list[int] = []
        some = False
        with self._source.open() as file:
            for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), b""), start=1):
                self._digest.update(line)
                # Only the first line may start with a byte order mark.
                text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if not text.strip():
                    continue
                pairs = _pairs(text, number, name)
                at = len(lines)
                for column, (_, value) in zip(
                    _columns_of(pairs, columns, shapes, number, name), pairs, strict=True
                ):
                    # Most values are of the type that the column has had so far, which is quick.
                    if type(value) is column.usual and len(column.values) == at:
                        column.values.append(value)
                    else:
                        column.add(value, at=at, line=number, name=name)
                lines.append(number)
                if len(lines) == _BATCH_ROWS:
                    yield _batch(columns, len(lines)), np.array(lines, dtype=np.int64)
                    lines.clear()
                    some = True
        if not columns:
            message = "no object has a key" if some or lines else "the file is empty"
            raise UsageError(message, where=name, hint=_FORM)
        if lines:
            yield _batch(columns, len(lines)), np.array(lines, dtype=np.int64)

    def unify(self, batch: Any) -> Any:
        """Return `batch` with the columns and types that the last one came to have."""
        return _unify(batch, self._columns)


@dataclass
class _Column:
    """The values of one key in the current batch, and their type so far."""

    key: str
    held: type | None = None
    first: int = 0
    real: bool = False
    usual: type | None = None
    values: list[Any] = field(default_factory=list)

    def add(self, value: Any, *, at: int, line: int, name: str) -> None:
        if value is None:
            return
        self.values.extend([None] * (at - len(self.values)))
        kind = int if isinstance(value, float) else type(value)
        if kind not in _CALLED:
            called = "a list" if kind is list else "an object"
            raise UsageError(
                f"line {line}: '{self.key}' is {called}, and a cell holds one value",
                where=name,
                hint="make a column of each of its values, or leave it out",
            )
        if self.held is None:
            self.held, self.first = kind, line
        elif kind is not self.held:
            raise UsageError(
                f"line {line}: '{self.key}' is {_CALLED[kind]}, "
                f"but {_CALLED[self.held]} in line {self.first}",
                where=name,
                hint="write all of them as numbers, or all in quotes",
            )
        if kind is int and not -_INT64 <= value < _INT64:
            value = float(value)
        self.real = self.real or isinstance(value, float)
        # Text may have blanks to strip, and whole numbers may be too large: those are looked at.
        self.usual = type(value) if isinstance(value, float | bool) else None
        self.values.append(value.strip() if kind is str else value)

    def take(self, rows: int) -> Any:
        """Return the values as an array of that many rows, and forget them."""
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        values = self.values + [None] * (rows - len(self.values))
        self.values = []
        if self.held is int and self.real:
            values = [None if value is None else float(value) for value in values]
        return pa.array(values, self.type)

    @property
    def type(self) -> Any:
        """The type of the values so far."""
        import pyarrow as pa  # noqa: PLC0415 - as above

        if self.held is int:
            return pa.float64() if self.real else pa.int64()
        return pa.bool_() if self.held is bool else pa.string()


def _unify(batch: Any, columns: dict[str, _Column]) -> Any:
    """Return the batch with all columns, and the types that they came to have."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    arrays = []
    for name, column in columns.items():
        array = batch.column(name) if name in batch.column_names else pa.nulls(batch.num_rows)
        # Whole numbers beyond 2^53 lose digits next to others that are not whole.
        arrays.append(pc.cast(array, column.type, safe=False))
    return pa.Table.from_arrays(arrays, names=list(columns))


def _batch(columns: dict[str, _Column], rows: int) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    arrays = [column.take(rows) for column in columns.values()]
    return pa.Table.from_arrays(arrays, names=list(columns))


def _pairs(line: bytes, number: int, name: str) -> "_Object":
    try:
        value = json.loads(line.decode(), object_pairs_hook=_Object, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"line {number}: byte 0x{line[error.start]:02x} is not UTF-8",
            where=name,
            hint="save it as UTF-8",
        ) from error
    except RecursionError as error:
        raise UsageError(f"line {number}: nested too deeply", where=name, hint=_FORM) from error
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise UsageError(f"line {number}: not JSON: {reason}", where=name, hint=_FORM) from error
    if not isinstance(value, _Object):
        raise UsageError(f"line {number}: not an object", where=name, hint=_FORM)
    # Only an escape can make half a character: the line itself is UTF-8.
    for key, cell in value if b"\\u" in line else ():
        for text in (key, cell):
            if isinstance(text, str) and not _is_unicode(text):
                raise UsageError(
                    f"line {number}: '{ascii(key)[1:-1]}' holds half a character "
                    "(a lone surrogate)",
                    where=name,
                    hint="write the text again with the program that made it",
                )
    return value


def _columns_of(
    pairs: "_Object",
    columns: dict[str, _Column],
    shapes: dict[tuple[str, ...], list[_Column]],
    number: int,
    name: str,
) -> list[_Column]:
    """Return the column of each pair, new ones included; lines with the same keys share a list."""
    keys = tuple([key for key, _ in pairs])
    known = shapes.get(keys)
    if known is None:
        named = [key.strip() for key in keys]
        for position, key in enumerate(named):
            if key in named[:position]:
                raise UsageError(
                    f"line {number}: the key '{key}' is there twice",
                    where=name,
                    hint="give every value a key of its own",
                )
        if len(shapes) >= _MAX_SHAPES:
            shapes.clear()
        known = shapes[keys] = [columns.setdefault(key, _Column(key)) for key in named]
    return known


class _Object(list[tuple[str, Any]]):
    """The pairs of a JSON object, duplicates included."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON; write null if the value is unknown")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
