"""The quality report on one column."""

from collections.abc import Iterable, Iterator

from deployer.packaging.documents import Finding
from deployer.tables.table import Table
from deployer.tables.values import parse_number
from deployer.training.quality.views import View

__all__ = ["examine_column", "info", "is_constant", "spellings", "warn"]

_MANY_MISSING = 0.3
_ALMOST_ALL_MISSING = 0.95
_RARE = 5
_MIN_ROWS = 20


def info(code: str, column: str | None, message: str, advice: str = "") -> Finding:
    """Return a finding worth knowing."""
    return Finding(level="info", code=code, column=column, message=message, advice=advice)


def warn(code: str, column: str | None, message: str, advice: str) -> Finding:
    """Return a finding worth doing something about."""
    return Finding(level="warning", code=code, column=column, message=message, advice=advice)


def spellings(code: str, column: str, counts: Iterable[str], called: str) -> Iterator[Finding]:
    """Find texts that differ in case and blanks only."""
    alike: dict[str, list[str]] = {}
    for text in counts:
        alike.setdefault(" ".join(text.casefold().split()), []).append(text)
    groups = [sorted(texts) for texts in alike.values() if len(texts) > 1]
    if groups:
        named = "; ".join(" and ".join(f"'{text}'" for text in texts) for texts in groups[:3])
        more = f", and {len(groups) - 3} more" if len(groups) > 3 else ""  # noqa: PLR2004 - listed
        yield warn(
            code,
            column,
            f"{called} that differ only in case or blanks: {named}{more}",
            "write them alike if they mean the same",
        )


def is_constant(view: View) -> bool:
    """Return whether the column holds one value in every row, or none in any."""
    if view.missing:
        return view.missing == len(view.values)
    if view.texts:
        return len(view.counts) == 1
    return bool((view.values == view.values[0]).all())


def examine_column(view: View, table: Table) -> Iterator[Finding]:
    """Find what stands out in one column, whatever the target."""
    rows = len(view.values)
    yield from _missing(view, rows)
    if is_constant(view):
        yield warn(
            "constant", view.name, "holds the same value in every row",
            f"it tells nothing: leave it out, with --drop '{view.name}'",
        )  # fmt: skip
    elif view.kind == "numeric":
        yield from _numeric(view, table, rows)
    elif view.kind == "categorical":
        yield from _categories(view)
        yield from spellings("category_spelling", view.name, view.counts, "categories")


def _missing(view: View, rows: int) -> Iterator[Finding]:
    share = view.missing / rows
    said = f"{view.missing} of {rows} values are missing ({share:.1%})"
    if share >= _ALMOST_ALL_MISSING:
        yield warn(
            "almost_all_missing", view.name, f"{said}, so it can tell little",
            f"leave it out, with --drop '{view.name}', unless it matters that it is filled in",
        )  # fmt: skip
    elif share >= _MANY_MISSING:
        yield warn(
            "missing", view.name, said,
            "ask why: a value that is missing for a reason can mislead a model",
        )  # fmt: skip
    elif share:
        yield info("missing", view.name, said)


def _numeric(view: View, table: Table, rows: int) -> Iterator[Finding]:
    import numpy as np  # noqa: PLC0415 - as above

    infinite = np.flatnonzero(np.isinf(view.values))
    if len(infinite):
        yield warn(
            "infinite", view.name,
            f"{len(infinite)} values are infinite, the first in row {table.rows[infinite[0]]}",
            "empty the cells if the values are unknown",
        )  # fmt: skip
    elif rows >= _MIN_ROWS and not view.missing:
        low, high = float(view.values.min()), float(view.values.max())
        if high - low == rows - 1 and len(np.unique(view.values)) == rows and low == int(low):
            yield warn(
                "identifier", view.name,
                f"counts the rows, from {low:.0f} to {high:.0f}, each number once",
                f"a number of the row says nothing about new rows: use --drop '{view.name}'",
            )  # fmt: skip


def _categories(view: View) -> Iterator[Finding]:
    counts = view.counts
    total = sum(counts.values())
    numbers = {text: n for text, n in counts.items() if parse_number(text) is not None}
    if numbers and len(numbers) < len(counts):
        number = next(iter(numbers))
        word = next(text for text in counts if text not in numbers)
        yield warn(
            "mixed_types", view.name,
            f"{sum(numbers.values())} of {total} values are numbers and the others text, such as "
            f"'{number}' and '{word}'; all are read as categories",
            "correct the text if these should be numbers",
        )  # fmt: skip
    rare = [text for text, count in counts.items() if count < _RARE]
    if rare and total >= _MIN_ROWS:
        yield info(
            "rare_categories", view.name,
            f"{len(rare)} of {len(counts)} categories have fewer than {_RARE} rows, such as "
            f"'{rare[0]}'",
            "a model learns little about them: merge those that mean nearly the same",
        )  # fmt: skip
