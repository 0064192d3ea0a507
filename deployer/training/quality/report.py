"""The quality report: what a person should know about a table before anything is fitted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from deployer.packaging.documents import Finding
from deployer.tables.table import Table
from deployer.training.features import Features
from deployer.training.quality.columns import examine_column, info, is_constant, spellings, warn
from deployer.training.quality.leaks import LEAK, sample_rows, skill
from deployer.training.quality.views import View, row_prints, views_of
from deployer.training.target import Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_PER_CODE", "examine"]

# Findings of one sort that are told one by one.
MAX_PER_CODE = 50

_IMBALANCED = 10.0
_FEW_ROWS = 10
_LISTED = 5


def examine(known: Target, features: Features, *, target: str, table: Table) -> list[Finding]:
    """Return what stands out in the rows that have a class, and in the columns to learn from.

    Args:
        known: the rows that have a class.
        features: the columns to learn from, and those left out.
        target: the column of the class.
        table: all rows, with and without a class.

    Returns:
        First the target, then rows, then columns in the order of the table. Of one sort at most
        :data:`MAX_PER_CODE`, and one that counts the rest.

    """
    views = views_of(known.table, features)
    found = [
        *_target(known, target, table),
        *_rows(known, views),
        *_left_out(features),
        *_same_columns(views),
        *_leaks(known, views),
    ]
    for view in views:
        found.extend(examine_column(view, known.table))
    return list(_shorten(found))


def _shorten(found: Iterable[Finding]) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    for each in found:
        seen[each.code] += 1
        if seen[each.code] <= MAX_PER_CODE:
            yield each
    for code, count in seen.items():
        if count > MAX_PER_CODE:
            yield info(code, None, f"and {count - MAX_PER_CODE} more columns like these")


def _target(known: Target, target: str, table: Table) -> Iterator[Finding]:
    rows, counts = len(known.table), known.counts
    shares = [f"'{label}' {count} ({count / rows:.0%})" for label, count in counts.items()]
    more = f", and {len(shares) - _LISTED} more" if len(shares) > _LISTED else ""
    yield info("classes", target, f"{len(counts)} classes in {rows} rows: {_list(shares)}{more}")
    most, fewest = max(counts, key=lambda k: counts[k]), min(counts, key=lambda k: counts[k])
    ratio = counts[most] / counts[fewest]
    if ratio >= _IMBALANCED:
        yield warn(
            "imbalance",
            target,
            f"'{most}' has {ratio:.0f} times the rows of '{fewest}' "
            f"({counts[most]} and {counts[fewest]})",
            "accuracy flatters here: judge by macro F1 or average precision, or name costs",
        )
    for label, count in counts.items():
        if count < _FEW_ROWS:
            yield warn(
                "few_rows",
                target,
                f"class '{label}' has {count} row{'s' * (count > 1)} only",
                "its scores will be uncertain: collect more rows of it, or merge it with another",
            )
    if len(table) > rows:
        missing = table.rows[table.missing(target)].tolist()
        yield warn(
            "missing_target",
            target,
            f"{len(missing)} of {len(table)} rows have no class and are left out: "
            f"row{'s' * (len(missing) > 1)} {_list(map(str, missing))}"
            f"{', …' if len(missing) > _LISTED else ''}",
            "fill them in if the class is known",
        )
    yield from spellings("label_spelling", target, counts, "classes")


def _list(texts: Iterable[str]) -> str:
    return ", ".join(list(texts)[:_LISTED])


def _rows(known: Target, views: list[View]) -> Iterator[Finding]:
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    prints = row_prints(views, len(known.table))
    codes = _codes(known)
    order = np.lexsort((codes, prints))
    same = prints[order][1:] == prints[order][:-1]
    alike = codes[order][1:] == codes[order][:-1]
    repeats = np.sort(order[1:][same & alike])
    if len(repeats):
        rows = known.table.rows[repeats].tolist()
        yield warn(
            "duplicate_rows",
            None,
            f"{len(rows)} rows repeat another one in every column used, such as row {rows[0]}",
            "remove them if they are one thing entered twice: a copy in the held-out rows makes "
            "the scores too good",
        )
    against = same & ~alike
    if against.any():
        first = int(np.flatnonzero(against)[0])
        one, other = sorted(known.table.rows[order[first : first + 2]].tolist())
        yield warn(
            "contradictions",
            None,
            f"{int(against.sum())} pairs of rows are alike in every column but have different "
            f"classes, such as rows {one} and {other}",
            "no model can tell them apart: correct the classes, or add a column that differs",
        )


def _codes(known: Target) -> "NDArray[np.int64]":
    import numpy as np  # noqa: PLC0415 - as above

    index = {label: code for code, label in enumerate(known.classes)}
    return np.array([index[label] for label in known.labels.tolist()], dtype=np.int64)


def _left_out(features: Features) -> Iterator[Finding]:
    for each in features.ignored:
        if each.reason == "named by --drop":
            yield info("left_out", each.name, f"is left out: {each.reason}")
        else:
            yield warn(
                "left_out", each.name, f"is left out: {each.reason}",
                "remove the column from the table, or correct what it holds",
            )  # fmt: skip


def _same_columns(views: list[View]) -> Iterator[Finding]:
    first: dict[bytes, str] = {}
    for view in views:
        original = first.setdefault(view.digest, view.name)
        # Columns without a value or with one only are told as such.
        if original != view.name and not is_constant(view):
            yield warn(
                "duplicate_column",
                view.name,
                f"holds in every row what column '{original}' holds",
                f"leave one of them out, with --drop '{view.name}'",
            )


def _leaks(known: Target, views: list[View]) -> Iterator[Finding]:
    codes = _codes(known)
    rows = sample_rows(codes)
    commonest = max(known.counts.values()) / len(known.table)
    for view in views:
        if view.kind == "text":
            continue
        told = skill(view, codes, rows)
        if told >= LEAK:
            accuracy = 1 - (1 - told) * (1 - commonest)
            yield warn(
                "leak",
                view.name,
                f"tells the class of {accuracy:.1%} of the rows by itself, "
                f"where always guessing the commonest class tells {commonest:.1%}",
                "is it made from the target, or known only after it? then leave it out, with "
                f"--drop '{view.name}'",
            )
