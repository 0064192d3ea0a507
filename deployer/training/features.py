"""Which columns the model uses, and as what: numbers, categories, text or dates."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from deployer.errors import UsageError
from deployer.packaging.documents import IgnoredColumn
from deployer.tables.table import Table, nearest
from deployer.tables.values import has_comma

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_CATEGORIES", "Features", "Kind", "choose_features"]

# One-hot encoding makes a column of each category; the rarest beyond this many share one.
MAX_CATEGORIES = 1000
# A column with at least this share of numbers is numeric, and text in it a mistake; so with dates.
MOSTLY = 0.8
# From this many rows on, text that never repeats is an identifier.
_MIN_ROWS_FOR_IDENTIFIER = 20
# Prose: this many words on average, in this many different texts or more, most of them once.
_MIN_WORDS = 3.0
_MIN_TEXTS = 20
# Categories that occur less often than this on average tell nothing that repeats.
_MIN_REPEATS = 2.0

Kind = Literal["numeric", "categorical", "text", "date"]


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


@dataclass(frozen=True)
class _Choice:
    kind: Kind
    reason: str = ""
    warning: str = ""


def choose_features(
    table: Table,
    target: str,
    *,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    text: Sequence[str] = (),
    dates: Sequence[str] = (),
) -> Features:
    """Return what to learn from.

    Numbers are numeric and ISO 8601 dates are dates; many different texts of several words are
    text, everything else (words, true/false) is categorical. Columns that cannot help are left
    out with a warning: without a name, without a value, or identifiers.

    Args:
        table: the rows that have a class.
        target: the column to learn.
        drop: columns to leave out.
        categorical: columns to read as categories, whatever they hold.
        text: columns to read as prose.
        dates: columns to read as dates.

    Raises:
        UsageError: a named column that does not exist, is the target, or is named for two kinds;
            text in a column of numbers or dates, with its place; or no column is left.

    """
    forced: dict[str, Kind] = {}
    for option, kind, names in (
        ("--drop", None, drop),
        ("--categorical", "categorical", categorical),
        ("--text", "text", text),
        ("--date", "date", dates),
    ):
        _check_named(table, target, names, forced, option=option)
        if kind is not None:
            forced.update(dict.fromkeys(names, kind))  # type: ignore[arg-type]  # one of the four
    kinds: dict[str, Kind] = {}
    ignored: list[IgnoredColumn] = []
    warnings: list[str] = []
    judged = [name for name in table.names if name != target and name not in drop]
    choices = dict(zip(judged, _in_threads(partial(_judge, table, forced), judged), strict=True))
    for position, name in enumerate(table.names, start=1):
        called = f"column '{name}'" if name else f"column {position}"
        if name in drop:
            ignored.append(IgnoredColumn(name=name, reason="named by --drop"))
        elif name in choices and choices[name].reason:
            ignored.append(IgnoredColumn(name=name, reason=choices[name].reason))
            warnings.append(f"{called} is left out: {choices[name].reason}")
        elif name in choices:
            kinds[name] = choices[name].kind
            if choices[name].warning:
                warnings.append(f"{called} {choices[name].warning}")
    if not kinds:
        raise UsageError(
            f"no column is left to predict '{target}' from",
            where=table.name,
            hint=warnings[0] if warnings else "add columns, or drop fewer",
        )
    return Features(kinds, ignored, warnings)


def _in_threads(judge: Callable[[str], _Choice], names: Iterable[str]) -> list[_Choice]:
    """Return the choices in order, or raise the error of the first column that has one."""
    # Arrow lets other threads run while it parses numbers; which thread does it changes nothing.
    with ThreadPoolExecutor() as pool:
        return list(pool.map(judge, names))


def _check_named(
    table: Table, target: str, names: Sequence[str], forced: dict[str, Kind], *, option: str
) -> None:
    for name in names:
        if name == target:
            raise UsageError(
                f"{option} names the target, '{name}'",
                where=table.name,
                hint="choose another --target, or leave it out of the option",
            )
        if name not in table.names:
            raise UsageError(
                f"{option} names a column that is not there, '{name}'",
                where=table.name,
                hint=nearest(name, table.names),
            )
        if name in forced:
            raise UsageError(
                f"{option} names '{name}', which another option calls {forced[name]}",
                where=table.name,
                hint="name it in one of them",
            )


def _judge(table: Table, forced: dict[str, Kind], name: str) -> _Choice:
    from deployer.tables.columns import family, missing  # noqa: PLC0415 - needs pyarrow

    column = table.column(name)
    kind = forced.get(name)
    if not name:
        return _Choice("categorical", "it has no name (an index?)")
    if kind is None and family(column) == "text":
        return _judge_text(table, name)
    if missing(column).all():
        return _Choice("categorical", "every cell is empty")
    if kind is None:
        typed: dict[str, Kind] = {"number": "numeric", "date": "date", "truth": "categorical"}
        return _Choice(typed[family(column)])
    return _Choice(kind, warning=_grouped(_counts(column)) if kind == "categorical" else "")


def _judge_text(table: Table, name: str) -> _Choice:
    """Judge a column of text by what the text says."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    from deployer.tables.columns import dates, missing, numbers  # noqa: PLC0415 - needs pyarrow

    column = table.column(name)
    values, texts = numbers(column)
    if not len(texts):
        # Once parsed, never again; but what float32 cannot hold is the encoder's to refuse.
        with np.errstate(over="ignore"):
            small = values.astype(np.float32)
        if not np.isinf(small).any():
            table.parsed[name] = small
        if np.isnan(values).all():
            return _Choice("categorical", "every cell is empty")
        return _Choice("numeric")
    filled = len(column) - int(missing(column).sum())
    _refuse_commas(table, name, texts)
    if filled - len(texts) >= MOSTLY * filled:
        raise _stranger(table, name, texts, "number", filled)
    if column[int(texts[0])].as_py()[:4].isdigit():
        _, wrong = dates(column)
        if filled - len(wrong) >= MOSTLY * filled:
            if len(wrong):
                raise _stranger(table, name, wrong, "date", filled)
            return _Choice("date")
    return _judge_words(_counts(column))


def _refuse_commas(table: Table, name: str, texts: "NDArray[np.int64]") -> None:
    cells = table.column(name).take(texts).unique().to_pylist()
    if all(has_comma(cell) for cell in cells):
        raise UsageError(
            f"'{cells[0]}' is a number with a comma in it",
            where=table.place(int(texts[0]), name),
            hint=f"write numbers as 1234.5, or use --categorical '{name}'",
        )


def _stranger(
    table: Table, name: str, strangers: "NDArray[np.int64]", kind: str, filled: int
) -> UsageError:
    first = int(strangers[0])
    cell = table.column(name)[first].as_py()
    return UsageError(
        f"'{cell}' is not a {kind}, but {filled - len(strangers)} of {filled} cells are",
        where=table.place(first, name),
        hint=f"correct it, empty it if unknown, or use --categorical '{name}' or --drop '{name}'",
    )


def _judge_words(counts: Counter[str]) -> _Choice:
    different, filled = len(counts), counts.total()
    words = sum(len(text.split()) for text in counts) / different
    varied = different >= filled / 2 or different > MAX_CATEGORIES
    if words >= _MIN_WORDS and different >= _MIN_TEXTS and varied:
        return _Choice("text")
    if different == filled >= _MIN_ROWS_FOR_IDENTIFIER:
        return _Choice(
            "categorical", f"all its {different} texts are different, as in an identifier"
        )
    if different > MAX_CATEGORIES and filled < _MIN_REPEATS * different:
        return _Choice(
            "categorical",
            f"{different} different texts in {filled} rows, so few of them repeat",
        )
    return _Choice("categorical", warning=_grouped(counts))


def _grouped(counts: Counter[str]) -> str:
    if len(counts) <= MAX_CATEGORIES:
        return ""
    return (
        f"holds {len(counts)} categories: the {MAX_CATEGORIES} commonest are used, "
        "the others count as one"
    )


def _counts(column: Any) -> Counter[str]:
    from deployer.tables.columns import counts  # noqa: PLC0415 - needs pyarrow

    return counts(column)
