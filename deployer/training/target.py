"""The column to learn: its classes, and the rows that lack one."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.tables.table import Table, nearest
from deployer.tables.values import parse_number, shortest_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_NUMERIC_CLASSES", "Target", "read_target"]

# More different numbers than this are a quantity, not names of classes.
MAX_NUMERIC_CLASSES = 50

_LISTED_ROWS = 5


@dataclass(frozen=True)
class Target:
    """The rows that have a class.

    Attributes:
        table: those rows.
        labels: the class of each, as the file writes it: str of shape (N,), dtype object.
        counts: rows per class, sorted by class.
        warnings: what a person should know.

    """

    table: Table
    labels: "NDArray[Any]"
    counts: dict[str, int]
    warnings: list[str]

    @property
    def classes(self) -> list[str]:
        """The classes, sorted as text."""
        return list(self.counts)


def read_target(table: Table, column: str, *, single: bool = False) -> Target:
    """Return the rows of `table` that hold a class in `column`.

    Numbers are classes too, if there are at most :data:`MAX_NUMERIC_CLASSES`; labels are always
    text. One number written in several ways, such as ``1`` and ``1.0``, is one class.

    Args:
        table: rows.
        column: which holds the class.
        single: whether a class may have one row only, as when nothing is held out.

    Raises:
        UsageError: no such column; no class in it, or one only; a class with a single row; or a
            column that looks like a quantity.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    from deployer.tables.columns import texts  # noqa: PLC0415 - needs pyarrow

    if column not in table.names:
        raise UsageError(
            f"there is no column '{column}'", where=table.name, hint=nearest(column, table.names)
        )
    written = texts(table.column(column))
    kept = np.flatnonzero(written != "")
    where = f"{table.name}: column '{column}'"
    if not len(kept):
        raise UsageError("every cell is empty", where=where, hint="choose another --target")
    warnings = _missing_warning(table.rows[written == ""], column)
    labels, unified = _unify_numbers(written[kept], where)
    if unified:
        warnings.append(f"{where}: a number written in several ways is read as one class")
    counts = dict(sorted(Counter(labels.tolist()).items()))
    _check_counts(counts, where, table, kept, labels, single=single)
    return Target(table.select(kept), labels, counts, warnings)


def _missing_warning(missing: "NDArray[np.int64]", column: str) -> list[str]:
    if not len(missing):
        return []
    listed = ", ".join(map(str, missing[:_LISTED_ROWS].tolist()))
    more = ", …" if len(missing) > _LISTED_ROWS else ""
    if len(missing) == 1:
        return [f"1 row has no '{column}' and is left out: row {listed}"]
    return [f"{len(missing)} rows have no '{column}' and are left out: rows {listed}{more}"]


def _unify_numbers(written: "NDArray[Any]", where: str) -> "tuple[NDArray[Any], bool]":
    """Return the labels, and whether one number was written in several ways."""
    import numpy as np  # noqa: PLC0415 - as above

    values = {text: parse_number(text) for text in set(written.tolist())}
    numbers = {text: value for text, value in values.items() if value is not None}
    if len(numbers) != len(values):
        return written, False
    different = len(set(numbers.values()))
    if different > MAX_NUMERIC_CLASSES:
        raise UsageError(
            f"holds {different} different numbers, which looks like regression",
            where=where,
            hint="deployer trains classifiers: choose a column of classes, or make classes of the "
            "numbers first",
        )
    if different == len(numbers):
        return written, False
    labels = np.empty(len(written), dtype=object)
    labels[:] = [shortest_text(numbers[text]) for text in written.tolist()]
    return labels, True


def _check_counts(
    counts: dict[str, int],
    where: str,
    table: Table,
    kept: "NDArray[np.int64]",
    labels: "NDArray[Any]",
    *,
    single: bool,
) -> None:
    if len(counts) == 1:
        raise UsageError(
            f"holds one class only, '{next(iter(counts))}'",
            where=where,
            hint="a classifier needs rows of at least two classes",
        )
    alone = [label for label, count in counts.items() if count == 1]
    if alone and not single:
        row = table.rows[kept[labels == alone[0]][0]]
        more = f" (and {len(alone) - 1} more classes)" if len(alone) > 1 else ""
        raise UsageError(
            f"class '{alone[0]}' has a single row, row {row}{more}: "
            "it cannot be both fitted and held out",
            where=where,
            hint="add rows of that class, or remove its row",
        )
