"""Columns of an Arrow table that know where they come from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from deployer.tables.values import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Format", "Table", "nearest"]

Format = Literal["csv", "parquet", "jsonl"]

_LISTED = 12


@dataclass(frozen=True)
class Table:
    """Columns in the order of the file.

    Attributes:
        name: what to call the table in messages.
        data: a :class:`pyarrow.Table`. Columns of CSV are text; others are text, true or false,
            int64, float64, or timestamps in microseconds, UTC. Text has no blanks around it.
        rows: each row's number in the file, int64 of shape (N,), 1 being the first.
        lines: the line on which each row starts, 1 being the first of the file; None where a
            file has no lines.
        sha256: hex digest of the file.
        size: of the file, in bytes.
        format: of the file.
        total: rows of the file; more than are here if they are a sample or a choice.

    """

    name: str
    data: Any
    rows: "NDArray[np.int64]"
    lines: "NDArray[np.int64] | None" = None
    sha256: str = ""
    size: int = 0
    format: Format = "csv"
    total: int = 0
    # Numbers parsed from text: training asks for them twice.
    parsed: "dict[str, NDArray[np.float32]]" = field(
        default_factory=dict, repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> list[str]:
        """The columns, in the order of the file."""
        return list(self.data.column_names)

    @property
    def columns(self) -> Mapping[str, list[Any]]:
        """The columns as lists of cells, made when asked for."""
        return _Columns(self)

    def column(self, name: str) -> Any:
        """Return the column as a :class:`pyarrow.ChunkedArray`."""
        return self.data.column(name)

    def cells(self, name: str) -> list[Cell]:
        """Return the column as plain values: text, numbers, ``true`` or ``false``, ISO dates.

        Absent values of typed columns are None; text that means "missing" stays as it is written.
        """
        from deployer.tables.columns import plain  # noqa: PLC0415 - needs pyarrow

        return plain(self.column(name))

    def missing(self, name: str) -> "NDArray[np.bool_]":
        """Return which cells of the column hold no value, bool of shape (N,)."""
        from deployer.tables.columns import missing  # noqa: PLC0415 - needs pyarrow

        if name in self.parsed:
            absent: NDArray[np.bool_] = self.parsed[name] != self.parsed[name]
            return absent
        return missing(self.column(name))

    def place(self, index: int, column: str) -> str:
        """Return where the cell at `index` (from 0) of `column` is, for an error message."""
        line = "" if self.lines is None else f" (line {self.lines[index]})"
        return f"{self.name}: row {self.rows[index]}{line}, column '{column}'"

    def select(self, indices: "Sequence[int] | NDArray[np.integer[Any]]") -> "Table":
        """Return the rows at `indices`, which keep their numbers."""
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        chosen = np.asarray(indices, dtype=np.int64)
        if np.array_equal(chosen, np.arange(len(self))):
            return self
        if (np.diff(chosen) > 0).all():
            import pyarrow as pa  # noqa: PLC0415 - slow to import

            # Chunk by chunk; a take would join chunks, and text beyond 2 GiB overflows.
            kept = np.zeros(len(self), dtype=bool)
            kept[chosen] = True
            data = self.data.filter(pa.array(kept))
        else:
            data = self.data.take(chosen)
        lines = None if self.lines is None else self.lines[chosen]
        return Table(
            self.name, data, self.rows[chosen], lines,
            self.sha256, self.size, self.format, self.total,
        )  # fmt: skip


class _Columns(Mapping[str, list[Any]]):
    def __init__(self, table: Table) -> None:
        self._table = table

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._table.data.column_names:
            raise KeyError(name)
        return self._table.cells(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.data.column_names)

    def __len__(self) -> int:
        return int(self._table.data.num_columns)


def nearest(name: str, names: Collection[str], *, among: Collection[str] = ()) -> str:
    """Return advice on what `name` may have meant, among some of `names` or all of them."""
    folded = {candidate.casefold(): candidate for candidate in among or names}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    advice = f"did you mean '{folded[close[0]]}'? " if close else ""
    listed = [f"'{each}'" for each in names][:_LISTED]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{advice}the columns are {', '.join(listed)}{more}"
