"""Which columns the model uses, and as what: numbers or categories."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from deployer.errors import UsageError
from deployer.packaging.cells import has_comma, is_missing, parse_number
from deployer.packaging.documents import IgnoredColumn
from deployer.packaging.table import Table, nearest

__all__ = ["MAX_CATEGORIES", "Features", "choose_features"]

# One-hot encoding makes a column of each category; more than this is an identifier or free text.
MAX_CATEGORIES = 1000
# A column with at least this share of numbers is numeric, and text in it a mistake.
MOSTLY = 0.8
# From this many rows on, text that never repeats is an identifier.
_MIN_ROWS_FOR_IDENTIFIER = 20

Kind = Literal["numeric", "categorical"]


@dataclass(frozen=True)
class Features:
    """The choice.

    Attributes:
        kinds: per column that the model uses, in the order of the table.
        ignored: the other columns, with reasons.
        warnings: what a person should know.

    """

    kinds: dict[str, Kind]
    ignored: list[IgnoredColumn] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """Return how many columns are of `kind`."""
        return sum(each == kind for each in self.kinds.values())


def choose_features(
    table: Table, target: str, *, drop: Sequence[str] = (), categorical: Sequence[str] = ()
) -> Features:
    """Return what to learn from.

    Numbers are numeric, everything else (text, true/false) is categorical. Columns that cannot
    help are left out with a warning: without a name, without a value, or identifiers.

    Args:
        table: the rows that have a class.
        target: the column to learn.
        drop: columns to leave out.
        categorical: columns to read as categories even though they hold numbers.

    Raises:
        UsageError: a named column that does not exist or is the target; text in a column of
            numbers, with its place; or no column is left.

    """
    _check_named(table, target, drop, option="--drop")
    _check_named(table, target, categorical, option="--categorical")
    kinds: dict[str, Kind] = {}
    ignored: list[IgnoredColumn] = []
    warnings: list[str] = []
    for name in table.columns:
        if name == target:
            continue
        if name in drop:
            ignored.append(IgnoredColumn(name=name, reason="named by --drop"))
            continue
        kind = _kind(table, name, categorical)
        reason = _useless(table, name, kind)
        if reason:
            ignored.append(IgnoredColumn(name=name, reason=reason))
            position = list(table.columns).index(name) + 1
            called = f"'{name}'" if name else f"{position}"
            warnings.append(f"column {called} is left out: {reason}")
        else:
            kinds[name] = kind
    if not kinds:
        raise UsageError(
            f"no column is left to predict '{target}' from",
            where=table.name,
            hint=warnings[0] if warnings else "add columns, or drop fewer",
        )
    return Features(kinds, ignored, warnings)


def _check_named(table: Table, target: str, names: Collection[str], *, option: str) -> None:
    for name in names:
        if name == target:
            raise UsageError(
                f"{option} names the target, '{name}'",
                where=table.name,
                hint="choose another --target, or leave it out of the option",
            )
        if name not in table.columns:
            raise UsageError(
                f"{option} names a column that is not there, '{name}'",
                where=table.name,
                hint=nearest(name, table.columns),
            )


def _kind(table: Table, name: str, categorical: Collection[str]) -> Kind:
    cells = table.columns[name]
    values = [i for i, cell in enumerate(cells) if not is_missing(cell)]
    texts = [i for i in values if parse_number(cells[i]) is None]
    numbers = len(values) - len(texts)
    if name in categorical:
        return "categorical"
    if texts and all(has_comma(cells[i]) for i in texts):
        raise UsageError(
            f"'{cells[texts[0]]}' is a number with a comma in it",
            where=table.place(texts[0], name),
            hint=f"write numbers as 1234.5, or use --categorical '{name}'",
        )
    if numbers < MOSTLY * len(values):
        return "categorical"
    if texts:
        raise UsageError(
            f"'{cells[texts[0]]}' is not a number, but {numbers} of {len(values)} cells are",
            where=table.place(texts[0], name),
            hint=f"correct it, empty it if unknown, or use --categorical '{name}' or "
            f"--drop '{name}'",
        )
    return "numeric"


def _useless(table: Table, name: str, kind: Kind) -> str:
    if not name:
        return "it has no name (an index?)"
    counts = Counter(cell for cell in table.columns[name] if not is_missing(cell))
    if not counts:
        return "every cell is empty"
    if kind == "numeric":
        return ""
    if len(counts) > MAX_CATEGORIES:
        return f"{len(counts)} different texts, more than {MAX_CATEGORIES}, so no category"
    if len(counts) == counts.total() >= _MIN_ROWS_FOR_IDENTIFIER:
        return f"all its {len(counts)} texts are different, as in an identifier"
    return ""
