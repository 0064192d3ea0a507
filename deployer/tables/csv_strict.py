"""CSV by the standard library's reader: strict, with the line of every row and every mistake.

pandas and pyarrow guess where this refuses: a ragged row, a repeated column or a broken byte must
be an error with its place.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from deployer.errors import FailedError, UsageError
from deployer.tables.header import check_header
from deployer.tables.sample import Rows
from deployer.tables.source import Source
from deployer.tables.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["read_strict", "stream_strict"]

_BLOCK = 1 << 20
# Cells of one batch: enough for Arrow, few enough that their Python objects do not matter.
_BATCH_CELLS = 200_000


def read_strict(source: Source, rows: Rows) -> Table:
    """Return the table in `source`: CSV with a header, comma-separated, UTF-8 with or without BOM.

    Raises:
        UsageError: empty, not UTF-8, a header without rows, a repeated column, a row with more or
            fewer cells than the header, or broken quotes; names the line.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    digest = hashlib.sha256()
    lines: list[NDArray[np.int64]] = []
    for batch, starts in stream_strict(source, digest):
        rows.add(batch)
        lines.append(starts)
    data, numbers = rows.finish()
    return Table(
        source.name, data, numbers, np.concatenate(lines)[numbers - 1],
        digest.hexdigest(), source.size, "csv", rows.total,
    )  # fmt: skip


def stream_strict(
    source: Source, digest: "hashlib._Hash | None" = None
) -> "Iterator[tuple[Any, NDArray[np.int64]]]":
    """Yield batches of rows, and the line on which each row starts.

    Args:
        source: bytes of CSV.
        digest: fed with all bytes.

    Raises:
        UsageError: as :func:`read_strict`.

    """
    with source.open() as file:
        _check_text(file, source.name)
    with source.open() as file:
        hashed = _Hashed(file, digest or hashlib.sha256())
        text = io.TextIOWrapper(io.BufferedReader(hashed), "utf-8-sig", newline="")
        try:
            yield from _batches(_records(text, source.name), source.name)
        except UnicodeDecodeError as error:
            raise FailedError(
                "changed while it was read", where=source.name, hint="try again"
            ) from error


class _Hashed(io.RawIOBase):
    """A stream that digests what is read from it."""

    def __init__(self, file: BinaryIO, digest: "hashlib._Hash") -> None:
        self._file = file
        self.digest = digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        self.digest.update(block)
        return len(block)


def _batches(
    records: Iterator[tuple[int, list[str]]], name: str
) -> "Iterator[tuple[Any, NDArray[np.int64]]]":
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    header: list[str] | None = None
    batch: list[list[str]] = []
    starts: list[int] = []
    some = False
    for line, cells in records:
        if header is None:
            header = check_header(cells, name)
            continue
        if len(cells) != len(header):
            raise UsageError(
                f"line {line}: {len(cells)} cells, but the header has {len(header)}",
                where=name,
                hint='is a comma missing, or a cell with a comma not in "…"?',
            )
        batch.append(cells)
        starts.append(line)
        if len(batch) * len(header) >= _BATCH_CELLS:
            yield _table(header, batch), np.array(starts, dtype=np.int64)
            batch, starts, some = [], [], True
    if header is None or not (batch or some):
        raise UsageError("a header but no rows", where=name, hint="add rows below the header")
    if batch:
        yield _table(header, batch), np.array(starts, dtype=np.int64)


def _table(header: list[str], batch: list[list[str]]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    columns = zip(*batch, strict=True)
    return pa.Table.from_arrays([pa.array(each, pa.string()) for each in columns], names=header)


def _check_text(file: BinaryIO, name: str) -> None:
    """Check that the file holds text in UTF-8.

    Raises:
        UsageError: it is empty, another encoding, or holds a NUL byte.

    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, line, nul, empty = 0, 1, 0, True
    block = file.read(_BLOCK)
    start = block
    while block:
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            at = error.start - pending
            raise _not_utf8(
                error.object[error.start], offset + at, line + block[: max(at, 0)].count(b"\n"),
                start, name,
            ) from error  # fmt: skip
        if not nul and b"\0" in block:
            nul = line + block.count(b"\n", 0, block.index(b"\0"))
        empty = empty and not (block if offset else block.removeprefix(codecs.BOM_UTF8)).strip()
        line += block.count(b"\n")
        offset += len(block)
        block = file.read(_BLOCK)
    if empty:
        raise UsageError("the file is empty", where=name, hint="a header line and rows are needed")
    pending = len(decoder.getstate()[0])
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _not_utf8(
            error.object[error.start], offset - pending + error.start, line, start, name
        ) from error
    if nul:
        raise UsageError(f"line {nul}: holds a NUL byte", where=name, hint="is it a text file?")


def _not_utf8(byte: int, offset: int, line: int, start: bytes, name: str) -> UsageError:
    utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "UTF-16" if utf16 else "WINDOWS-1252"
    return UsageError(
        f"line {line}: byte 0x{byte:02x} at offset {offset} is not UTF-8",
        where=name,
        hint=f"save it as UTF-8, such as with: iconv -f {encoding} -t UTF-8",
    )


def _records(text: io.TextIOBase, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record starts, and its cells; blank lines are no records."""
    reader = csv.reader(text, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message, hint = _explain(str(error))
            raise UsageError(f"line {start}: {message}", where=name, hint=hint) from error
        if record:
            yield start, [cell.strip() for cell in record]


def _explain(error: str) -> tuple[str, str]:
    if "unexpected end" in error:
        return "a quote is opened and never closed", 'close it, or write a plain quote as """"'
    if "field limit" in error:
        return f"a cell of more than {csv.field_size_limit()} characters", "is a quote not closed?"
    return error, 'a cell with commas, quotes or line breaks stands in "…", quotes in it doubled'
