"""CSV by pyarrow's reader, for files that it reads exactly as the strict reader does.

These hold no quotes, so that every record is a line. Whatever looks like a mistake is left to
:mod:`deployer.tables.csv_strict`, which knows the place and the words.
"""

import codecs
import csv
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from deployer.tables.header import check_header
from deployer.tables.sample import Rows
from deployer.tables.source import Source
from deployer.tables.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["UnlikeError", "read_fast", "stream_fast"]

BLOCK = 1 << 20
_MAX_HEADER = 1 << 20
# What str.strip() takes away; the last ones are not in ASCII.
_ASCII_BLANKS = "\t\x0b\x0c\x1c\x1d\x1e\x1f "
_BLANKS = _ASCII_BLANKS + "\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + (
    "\u2028\u2029\u202f\u205f\u3000"
)  # fmt: skip


class UnlikeError(Exception):
    """The file holds what the two readers may read differently."""


def read_fast(source: Source, rows: Rows) -> Table | None:
    """Return the table in `source`, or None if the strict reader must look at it.

    Args:
        source: bytes of CSV.
        rows: empty; of no more use if the answer is None.

    Raises:
        UsageError: the header repeats a name, or is separated by something else than commas.

    """
    with source.open() as file:
        watched = _Watched(file)
        try:
            line, header = watched.header()
            for batch in _likely(watched, header, stream=rows.sampled):
                rows.add(batch)
        except UnlikeError:
            return None
    check_header(header, source.name)
    if not rows.total:
        return None
    data, numbers = rows.finish()
    if watched.blanks or not watched.ascii:
        data = _strip(data, ascii_only=watched.ascii)
    lines = numbers + line if watched.lines == rows.total else _lines(source)[numbers]
    return Table(
        source.name, data, numbers, lines,
        watched.digest.hexdigest(), source.size, "csv", rows.total,
    )  # fmt: skip


def stream_fast(source: Source) -> Iterator[Any]:
    """Yield batches of rows that the strict reader would read alike.

    Raises:
        UnlikeError: the strict reader must look at what follows.
        UsageError: as :func:`read_fast`.

    """
    with source.open() as file:
        watched = _Watched(file)
        _, header = watched.header()
        check_header(header, source.name)
        for batch in _likely(watched, header, stream=True):
            # What is known of all that was read is true of this batch, too.
            if watched.blanks or not watched.ascii:
                yield _strip(batch, ascii_only=watched.ascii)
            else:
                yield batch


def _likely(watched: "_Watched", header: list[str], *, stream: bool) -> Iterator[Any]:
    """Yield batches, as long as both readers read them alike."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    try:
        for batch in _batches(watched, header, stream=stream):
            _check_cells(batch)
            yield batch
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError) as error:
        raise UnlikeError from error


class _Watched:
    """A stream that digests what is read from it, and looks for what needs the strict reader.

    Attributes:
        digest: of all bytes.
        blanks: whether any cell may have ASCII blanks around it.
        ascii: whether all bytes are ASCII.

    """

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._last = b"\n"
        self.digest = hashlib.sha256()
        self._ends = 0
        self.blanks = False
        self.ascii = True

    @property
    def lines(self) -> int:
        """How many lines were read below the header; the last one may lack its end."""
        return self._ends + (self._last != b"\n")

    def header(self) -> tuple[int, list[str]]:
        """Return the line of the header, and its cells."""
        number = 0
        line = b"\n"
        while line in {b"\n", b"\r\n"}:
            number += 1
            line = self._file.readline(_MAX_HEADER)
            self.digest.update(line)
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
        body = line.removesuffix(b"\n").removesuffix(b"\r")
        if not line.endswith(b"\n") or any(each in body for each in (b"\r", b'"', b"\0")):
            raise UnlikeError
        try:
            cells = body.decode().split(",")
        except UnicodeDecodeError as error:
            raise UnlikeError from error
        if max(map(len, cells)) > csv.field_size_limit():
            raise UnlikeError
        cells = [cell.strip() for cell in cells]
        if cells == [""]:
            # Perhaps there are only blanks in the file.
            raise UnlikeError
        return number, cells

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes at most."""
        block = self._file.read(size)
        self.digest.update(block)
        if not block:
            return block
        if not self._ends and self._last == b"\n" and block.startswith(codecs.BOM_UTF8):
            # Arrow takes it for the file's own, which stood before the header.
            raise UnlikeError
        self._look(block)
        self._last = block[-1:]
        return block

    def _look(self, block: bytes) -> None:
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        codes = np.frombuffer(block, dtype=np.uint8)
        ends = int(np.count_nonzero(codes == ord("\n")))
        self._ends += ends
        self.ascii = self.ascii and block.isascii()
        # One look at all that matters: NUL, blanks, line ends and quotes are the lowest codes.
        if np.count_nonzero(codes <= ord('"')) != ends or self._last == b"\r":
            if b'"' in block or b"\0" in block or not self._line_ends(block):
                raise UnlikeError
            self.blanks = self.blanks or any(each.encode() in block for each in _ASCII_BLANKS)

    def _line_ends(self, block: bytes) -> bool:
        """Return whether every carriage return so far is followed by a line feed."""
        if self._last == b"\r" and not block.startswith(b"\n"):
            return False
        if b"\r" not in block:
            return True
        return block.count(b"\r") == block.count(b"\r\n") + block.endswith(b"\r")


def _batches(watched: _Watched, header: list[str], *, stream: bool) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.csv as arrow_csv  # noqa: PLC0415 - as above

    # By position: two columns may have one name, which is for check_header to tell.
    names = [str(position) for position in range(len(header))]
    options = {
        "read_options": arrow_csv.ReadOptions(column_names=names, block_size=BLOCK),
        "parse_options": arrow_csv.ParseOptions(quote_char=False, double_quote=False),
        "convert_options": arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    }
    file = pa.PythonFile(watched, mode="r")
    if not stream:
        yield arrow_csv.read_csv(file, **options).rename_columns(header)
        return
    with arrow_csv.open_csv(file, **options) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch]).rename_columns(header)


def _check_cells(batch: Any) -> None:
    """Refuse cells that are too long for the strict reader."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    for column in batch.columns:
        if (pc.max(pc.binary_length(column)).as_py() or 0) > csv.field_size_limit():
            raise UnlikeError


def _strip(data: Any, *, ascii_only: bool) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    trim, blanks = (pc.ascii_trim, _ASCII_BLANKS) if ascii_only else (pc.utf8_trim, _BLANKS)
    columns = [trim(column, characters=blanks) for column in data.columns]
    return pa.Table.from_arrays(columns, names=data.column_names)


def _lines(source: Source) -> "NDArray[np.int64]":
    """Return the lines that are not blank, the header's first."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    with source.open() as file:
        blank = (codecs.BOM_UTF8 + b"\n", codecs.BOM_UTF8 + b"\r\n", b"\n", b"\r\n")
        filled = [number for number, line in enumerate(file, start=1) if line not in blank]
    return np.array(filled, dtype=np.int64)
