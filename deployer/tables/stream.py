"""A path to a stream of tables: files of any size, by the same rules as a table read whole."""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.tables.csv_fast import UnlikeError, stream_fast
from deployer.tables.csv_strict import stream_strict
from deployer.tables.jsonl import JsonLines
from deployer.tables.parquet import stream_parquet
from deployer.tables.read import HEAD, detect_format
from deployer.tables.source import Source, open_file
from deployer.tables.table import Format, Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Stream", "open_stream"]

_NOWHERE = Source("", None, b"", 0)
_BLANK = (b"\n", b"\r\n")
_BOM = b"\xef\xbb\xbf"

_Piece = tuple[Any, "NDArray[np.int64] | None"]


@dataclass(frozen=True)
class Stream:
    """The rows of a file, which may be read more than once.

    Attributes:
        name: what to call it in messages.
        format: of the file.
        expected: about how many rows there are, judged by the first ones; Parquet knows.

    """

    name: str
    format: Format
    expected: int
    _source: Source

    def batches(self, rows: int) -> Iterator[Table]:
        """Yield tables of `rows` rows, the last one with those that are left.

        Rows have the numbers and lines that they have in the file. Columns of JSON Lines are those
        that were seen so far.

        Raises:
            UsageError: the content will not do, as :func:`~deployer.tables.read.read_table` has
                it, when what will not do is reached.
            FailedError: the system does not let us read it.

        """
        done = 0
        for data, lines in _regroup(self._pieces(), rows):
            yield self._table(data, lines, done)
            done += data.num_rows

    def sha256(self) -> str:
        """Return the hex SHA-256 of all bytes, read for it; errors as :meth:`batches`."""
        with self._source.open() as file:
            found = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type] # it has readinto
        return found.hexdigest()

    def names(self) -> list[str]:
        """Return all columns; reads JSON Lines to their end. Errors as :meth:`batches`."""
        found: dict[str, None] = {}
        for data, _ in self._pieces():
            found |= dict.fromkeys(data.column_names)
            if self.format != "jsonl":
                break
        return list(found)

    def _table(self, data: Any, lines: "NDArray[np.int64] | None", done: int) -> Table:
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        numbers = np.arange(done + 1, done + 1 + data.num_rows, dtype=np.int64)
        size = self._source.size
        if self.format == "csv" and lines is None:
            return _Countable(
                self.name, data, numbers, None, size=size, format="csv", source=self._source
            )
        return Table(self.name, data, numbers, lines, size=size, format=self.format)

    def _pieces(self) -> Iterator[_Piece]:
        if self.format == "parquet":
            with self._source.open() as file:
                for data in stream_parquet(file, self.name)[1]:
                    yield data, None
        elif self.format == "jsonl":
            yield from JsonLines(self._source).batches()
        else:
            yield from self._csv()

    def _csv(self) -> Iterator[_Piece]:
        done = 0
        try:
            for data in stream_fast(self._source):
                yield data, None
                done += data.num_rows
            if done:
                return
        except UnlikeError:
            pass
        for data, lines in stream_strict(self._source):
            # Both readers read the rows before the odd one alike.
            skipped = min(done, data.num_rows)
            done -= skipped
            if skipped < data.num_rows:
                yield data.slice(skipped), lines[skipped:]


@dataclass(frozen=True)
class _Countable(Table):
    """Rows of a CSV file without quotes, whose lines are counted when an error asks for one."""

    source: Source = _NOWHERE

    def place(self, index: int, column: str) -> str:
        wanted = int(self.rows[index])
        filled = -1
        with self.source.open() as file:
            for number, line in enumerate(file, start=1):
                filled += (line.removeprefix(_BOM) if number == 1 else line) not in _BLANK
                if filled == wanted:
                    return f"{self.name}: row {wanted} (line {number}), column '{column}'"
        return super().place(index, column)


@contextmanager
def open_stream(path: Path | str) -> Iterator[Stream]:
    """Open a file to be read in batches: CSV, Parquet or JSON Lines.

    What can be read once only, such as a pipe, is first copied to a temporary file.

    Args:
        path: of the file; ``-`` is the standard input.

    Raises:
        MissingError: there is no such file.
        UsageError: it is compressed, a directory, or no Parquet file after all.
        FailedError: the system does not let us read it.

    """
    with _source(Path(path)) as source:
        kind, head = detect_format(source)
        yield Stream(source.name, kind, _expected(source, kind, head), source)


@contextmanager
def _source(path: Path) -> Iterator[Source]:
    named = "stdin" if str(path) == "-" else str(path)
    if named == "stdin":
        with _spooled(sys.stdin.buffer, named) as source:
            yield source
        return
    with open_file(path) as file:
        if path.is_file():
            yield Source(named, path, b"", path.stat().st_size)
            return
        with _spooled(file, named) as source:
            yield source


@contextmanager
def _spooled(file: Any, name: str) -> Iterator[Source]:
    with tempfile.NamedTemporaryFile(prefix="deployer-") as copy:
        shutil.copyfileobj(file, copy, 1 << 20)
        copy.flush()
        path = Path(copy.name)
        yield Source(name, path, b"", path.stat().st_size)


def _expected(source: Source, kind: Format, head: bytes) -> int:
    if kind == "parquet":
        with source.open() as file:
            return stream_parquet(file, source.name)[0]
    lines = head.count(b"\n")
    if len(head) < HEAD:
        return max(lines, 1)
    return max(lines, 1) * source.size // len(head)


def _regroup(pieces: Iterator[_Piece], rows: int) -> Iterator[_Piece]:
    """Yield pieces of `rows` rows, the last one with those that are left."""
    if rows < 1:
        raise UsageError(f"batches of {rows} rows", hint="use 1 or more")
    held: list[_Piece] = []
    size = 0
    for data, lines in pieces:
        if held and not _alike(held[-1], (data, lines)):
            # Columns or types are others from here on.
            yield _join(held)
            held, size = [], 0
        at = 0
        while size + data.num_rows - at >= rows:
            end = at + rows - size
            yield _join([*held, _cut(data, lines, at, end)])
            held, size, at = [], 0, end
        if at < data.num_rows:
            held.append(_cut(data, lines, at, data.num_rows))
            size += data.num_rows - at
    if held:
        yield _join(held)


def _alike(one: _Piece, other: _Piece) -> bool:
    return one[0].schema.equals(other[0].schema) and (one[1] is None) == (other[1] is None)


def _cut(data: Any, lines: "NDArray[np.int64] | None", start: int, end: int) -> _Piece:
    return data.slice(start, end - start), None if lines is None else lines[start:end]


def _join(pieces: list[_Piece]) -> _Piece:
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    lines = [each for _, each in pieces if each is not None]
    data = pa.concat_tables([each for each, _ in pieces])
    return data, np.concatenate(lines) if lines else None
