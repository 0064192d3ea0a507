"""Parquet: columns that have types, and need no guessing."""

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from deployer.errors import UsageError
from deployer.tables.header import check_names
from deployer.tables.memory import check_memory
from deployer.tables.sample import Rows
from deployer.tables.source import Source
from deployer.tables.table import Table

__all__ = ["read_parquet", "stream_parquet"]

_BLOCK = 1 << 20
_BATCH_ROWS = 65_536
_DAMAGED = "write it again with the program that made it"


def read_parquet(source: Source, rows: Rows, *, memory: int | None, sample: int | None) -> Table:
    """Return the table in `source`.

    Integers become int64, other numbers float64, dates and times timestamps in UTC (a time
    without a zone is taken as UTC), dictionaries their values.

    Args:
        source: a Parquet file.
        rows: empty.
        memory: bytes that may be used; None if nobody knows.
        sample: rows that will be kept.

    Raises:
        UsageError: no Parquet file; no rows or columns; a repeated column; a column of lists,
            structures or bytes; or no room in memory.

    """
    with source.open() as file:
        digest = _digest(file)
        total, batches = stream_parquet(file, source.name)
        for table in batches:
            if not rows.total:
                # Compressed and coded, the file says little about its size in memory.
                size = table.nbytes * total // table.num_rows
                cells = total * table.num_columns
                check_memory(size, cells, name=source.name, memory=memory, sample=sample)
            rows.add(table)
    data, numbers = rows.finish()
    return Table(source.name, data, numbers, None, digest, source.size, "parquet", rows.total)


def stream_parquet(
    file: BinaryIO, name: str, *, most: int = _BATCH_ROWS
) -> tuple[int, Iterator[Any]]:
    """Return the number of rows, and the rows in batches of `most` at most.

    Raises:
        UsageError: as :func:`read_parquet`; the batches raise it too.

    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    try:
        parquet = pq.ParquetFile(file)
        schema = parquet.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _damaged(error, name) from error
    names = [str(each).strip() for each in schema.names]
    check_names(names, name)
    if not names or not parquet.metadata.num_rows:
        lacking = "rows" if names else "columns"
        raise UsageError(f"no {lacking}", where=name, hint="add rows to the table")
    for field in schema:
        _check_type(field, name)

    def batches() -> Iterator[Any]:
        try:
            for batch in parquet.iter_batches(batch_size=most):
                yield _normal(pa.Table.from_batches([batch]), names, name)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error, name) from error

    return parquet.metadata.num_rows, batches()


def _digest(file: BinaryIO) -> str:
    """Return the digest of the file, which then stands at its start again."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def _damaged(error: Exception, name: str) -> UsageError:
    reason = next(iter(str(error).splitlines()), "")
    return UsageError(f"not a Parquet file that can be read: {reason}", where=name, hint=_DAMAGED)


def _check_type(field: Any, name: str) -> None:
    import pyarrow.types as kinds  # noqa: PLC0415 - as above

    type_ = field.type
    while kinds.is_dictionary(type_):
        type_ = type_.value_type
    known = (
        kinds.is_null, kinds.is_boolean, kinds.is_integer, kinds.is_floating, kinds.is_decimal,
        kinds.is_string, kinds.is_large_string, kinds.is_string_view, kinds.is_date,
        kinds.is_timestamp,
    )  # fmt: skip
    if not any(is_kind(type_) for is_kind in known):
        raise UsageError(
            f"column '{field.name}' holds {type_}, which no model can take",
            where=name,
            hint="leave the column out of the file, or make numbers, text or dates of it",
        )


def _normal(batch: Any, names: list[str], name: str) -> Any:
    """Return the batch with the types that a Table has."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    columns = []
    for title, column in zip(names, batch.columns, strict=True):
        try:
            columns.append(_normal_column(column))
        except pa.ArrowException as error:
            reason = next(iter(str(error).splitlines()), "")
            raise UsageError(
                f"column '{title}' ({column.type}) cannot be read: {reason}",
                where=name,
                hint="leave the column out of the file, or write it with another type",
            ) from error
    return pa.Table.from_arrays(columns, names=names)


def _normal_column(column: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above
    import pyarrow.types as kinds  # noqa: PLC0415 - as above

    while kinds.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    type_ = column.type
    if kinds.is_boolean(type_):
        return column
    if kinds.is_integer(type_) and type_ != pa.uint64():
        return pc.cast(column, pa.int64())
    if kinds.is_floating(type_) or kinds.is_decimal(type_) or kinds.is_integer(type_):
        # Beyond 2^53 a float64 is not exact, and neither is the float32 that a model takes.
        return pc.cast(column, pa.float64(), safe=False)
    if kinds.is_date(type_) or kinds.is_timestamp(type_):
        # The values of a time with a zone are UTC already; nanoseconds are dropped.
        moment = pa.timestamp("us", getattr(type_, "tz", None))
        column = pc.cast(column, options=pc.CastOptions(moment, allow_time_truncate=True))
        return pc.cast(pc.cast(column, pa.int64()), pa.timestamp("us"))
    return pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
