"""The column to learn: its classes, and the rows that lack one."""

from collections import Counter
from dataclasses import dataclass

from deployer.errors import UsageError
from deployer.packaging.cells import is_missing, parse_number
from deployer.packaging.table import Table, nearest

__all__ = ["MAX_NUMERIC_CLASSES", "Target", "read_target"]

# More different numbers than this are a quantity, not names of classes.
MAX_NUMERIC_CLASSES = 50

_LISTED_ROWS = 5


@dataclass(frozen=True)
class Target:
    """The rows that have a class.

    Attributes:
        table: those rows.
        labels: the class of each, as the file writes it.
        counts: rows per class, sorted by class.
        warnings: what a person should know.

    """

    table: Table
    labels: list[str]
    counts: dict[str, int]
    warnings: list[str]

    @property
    def classes(self) -> list[str]:
        """The classes, sorted as text."""
        return list(self.counts)


def read_target(table: Table, column: str) -> Target:
    """Return the rows of `table` that hold a class in `column`.

    Numbers are classes too, if there are at most :data:`MAX_NUMERIC_CLASSES`; labels are always
    text. One number written in several ways, such as ``1`` and ``1.0``, is one class.

    Raises:
        UsageError: no such column; no class in it, or one only; a class with a single row; or a
            column that looks like a quantity.

    """
    cells = table.columns.get(column)
    if cells is None:
        raise UsageError(
            f"there is no column '{column}'", where=table.name, hint=nearest(column, table.columns)
        )
    kept = [i for i, cell in enumerate(cells) if not is_missing(cell)]
    where = f"{table.name}: column '{column}'"
    if not kept:
        raise UsageError("every cell is empty", where=where, hint="choose another --target")
    warnings = _missing_warning(table, column, kept)
    written = [cells[i] for i in kept]
    labels = _unify_numbers(written, where)
    if len(set(labels)) != len(set(written)):
        warnings.append(f"{where}: a number written in several ways is read as one class")
    counts = dict(sorted(Counter(labels).items()))
    _check_counts(counts, where)
    return Target(table.select(kept), labels, counts, warnings)


def _missing_warning(table: Table, column: str, kept: list[int]) -> list[str]:
    kept_set = set(kept)
    missing = [table.rows[i] for i in range(len(table)) if i not in kept_set]
    if not missing:
        return []
    listed = ", ".join(map(str, missing[:_LISTED_ROWS]))
    more = ", …" if len(missing) > _LISTED_ROWS else ""
    if len(missing) == 1:
        return [f"1 row has no '{column}' and is left out: row {listed}"]
    return [f"{len(missing)} rows have no '{column}' and are left out: rows {listed}{more}"]


def _unify_numbers(written: list[str], where: str) -> list[str]:
    values = {text: parse_number(text) for text in set(written)}
    numbers = {text: value for text, value in values.items() if value is not None}
    if len(numbers) != len(values):
        return written
    different = len(set(numbers.values()))
    if different > MAX_NUMERIC_CLASSES:
        raise UsageError(
            f"holds {different} different numbers, which looks like regression",
            where=where,
            hint="deployer trains classifiers: choose a column of classes, or make classes of the "
            "numbers first",
        )
    if different == len(numbers):
        return written
    return [_shortest(numbers[text]) for text in written]


def _shortest(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _check_counts(counts: dict[str, int], where: str) -> None:
    if len(counts) == 1:
        raise UsageError(
            f"holds one class only, '{next(iter(counts))}'",
            where=where,
            hint="a classifier needs rows of at least two classes",
        )
    single = [label for label, count in counts.items() if count == 1]
    if single:
        more = f" (and {len(single) - 1} more classes)" if len(single) > 1 else ""
        raise UsageError(
            f"class '{single[0]}' has a single row{more}: it cannot be both fitted and held out",
            where=where,
            hint="add rows of that class, or remove its row",
        )
