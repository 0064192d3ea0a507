"""CSV bytes to columns of text, strictly, with the row and line of every cell.

The standard library's reader is used, not pandas': a ragged row, a repeated column or a broken
byte must be an error with its place, never a guess.
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from deployer.errors import FailedError, MissingError, UsageError

__all__ = ["Table", "nearest", "parse_table", "read_bytes"]

_LISTED = 12
_FOREIGN_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Table:
    """Columns of text in the order of the file.

    Attributes:
        name: what to call the table in messages.
        columns: cells per column, stripped of surrounding blanks.
        rows: each row's number in the file, 1 being the first below the header.
        lines: the line on which each row starts, 1 being the header's.

    """

    name: str
    columns: dict[str, list[str]]
    rows: list[int]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, index: int, column: str) -> str:
        """Return where the cell at `index` (from 0) of `column` is, for an error message."""
        return f"{self.name}: row {self.rows[index]} (line {self.lines[index]}), column '{column}'"

    def select(self, indices: Sequence[int]) -> "Table":
        """Return the rows at `indices`, which keep their numbers."""
        return Table(
            self.name,
            {name: [cells[i] for i in indices] for name, cells in self.columns.items()},
            [self.rows[i] for i in indices],
            [self.lines[i] for i in indices],
        )


def nearest(name: str, names: Collection[str], *, among: Collection[str] = ()) -> str:
    """Return advice on what `name` may have meant, among some of `names` or all of them."""
    folded = {candidate.casefold(): candidate for candidate in among or names}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    advice = f"did you mean '{folded[close[0]]}'? " if close else ""
    listed = [f"'{each}'" for each in names][:_LISTED]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{advice}the columns are {', '.join(listed)}{more}"


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes.

    Raises:
        MissingError: there is no such file.
        UsageError: it is a directory.
        FailedError: the system does not let us read it.

    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingError("no such file", where=str(path), hint="check the path") from error
    except IsADirectoryError as error:
        raise UsageError(
            "a directory, not a file", where=str(path), hint="name the file itself"
        ) from error
    except OSError as error:
        raise FailedError(f"cannot be read: {error.strerror}", where=str(path)) from error


def parse_table(data: bytes, name: str) -> Table:
    """Return the table in `data`: CSV with a header line, comma-separated, UTF-8 with or without BOM.

    Raises:
        UsageError: empty, not UTF-8, a header without rows, a repeated column, a row with more or
            fewer cells than the header, or broken quotes; names the line.

    """
    header: list[str] | None = None
    records: list[list[str]] = []
    lines: list[int] = []
    for line, cells in _records(_decode(data, name), name):
        if header is None:
            header = _check_header(cells, name)
            continue
        if len(cells) != len(header):
            raise UsageError(
                f"line {line}: {len(cells)} cells, but the header has {len(header)}",
                where=name,
                hint='is a comma missing, or a cell with a comma not in "…"?',
            )
        records.append(cells)
        lines.append(line)
    if header is None or not records:
        raise UsageError("a header but no rows", where=name, hint="add rows below the header")
    columns = {column: [record[i] for record in records] for i, column in enumerate(header)}
    return Table(name, columns, list(range(1, len(records) + 1)), lines)


def _decode(data: bytes, name: str) -> str:
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise UsageError("the file is empty", where=name, hint="a header line and rows are needed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        source = "UTF-16" if utf16 else "WINDOWS-1252"
        # A byte order mark is not part of what the decoder counts in.
        start = error.start + len(data) - len(error.object)
        line = data.count(b"\n", 0, start) + 1
        raise UsageError(
            f"line {line}: byte 0x{data[start]:02x} at offset {start} is not UTF-8",
            where=name,
            hint=f"save it as UTF-8, such as with: iconv -f {source} -t UTF-8",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"line {line}: holds a NUL byte", where=name, hint="is it a text file?")
    return text


def _records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record starts, and its cells; blank lines are no records."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
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


def _check_header(header: list[str], name: str) -> list[str]:
    seen: dict[str, int] = {}
    for position, column in enumerate(header, start=1):
        if column in seen:
            called = f"'{column}'" if column else "without a name"
            raise UsageError(
                f"columns {seen[column]} and {position} are both {called}",
                where=name,
                hint="give every column a name of its own in the header line",
            )
        seen[column] = position
    if len(header) == 1:
        for delimiter, called in _FOREIGN_DELIMITERS.items():
            if delimiter in header[0]:
                raise UsageError(
                    f"the header is one cell, and holds {called}",
                    where=name,
                    hint=f"save it with commas between the cells instead of {called}",
                )
    return header
