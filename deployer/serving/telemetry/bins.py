"""Columns of requests counted in the bins of the rows that a model was fitted on; pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from deployer.packaging.documents import (
    CategoricalProfile,
    ColumnProfile,
    DateInput,
    Input,
    Profile,
    TextProfile,
)
from deployer.packaging.profile import bin_counts, lengths, present

__all__ = [
    "CATEGORIES", "FEATURES", "MISSING", "OTHER_VALUES", "ColumnBins", "chance", "count", "psi",
    "reference",
]  # fmt: skip

FEATURES = 100
"""How many columns of a model are counted at most: those that its answers depend on most."""

CATEGORIES = 20
"""How many categories of a column are counted by name; the others count together."""

MISSING = "missing"
OTHER_VALUES = "(other)"

# As deployer.evaluation.drift has it, which says why.
_SMOOTHING = 0.5
# 95th percentile of the normal distribution.
_Z = 1.6448536269514722


class ColumnBins(NamedTuple):
    """One column's bins.

    Attributes:
        name: of the column.
        labels: of its bins; the last is MISSING.
        rows: of the reference, in each.
        edges: between the bins of a column of numbers, of dates, or of lengths of texts.
        categories: of the bins of a column of categories; empty for other columns.
        text: whether the bins are of lengths in characters.

    """

    name: str
    labels: tuple[str, ...]
    rows: tuple[int, ...]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] | None = None
    text: bool = False


class _Importance(msgspec.Struct):
    column: str


class _Evaluation(msgspec.Struct):
    importances: tuple[_Importance, ...] = ()


_PROFILE = msgspec.json.Decoder(Profile)
_EVALUATION = msgspec.json.Decoder(_Evaluation)


def reference(files: Mapping[str, bytes], inputs: Sequence[Input]) -> tuple[ColumnBins, ...]:
    """Return the bins of a package's columns; none if it has no profile, or one of another format.

    Args:
        files: of the package, by role.
        inputs: the model's.

    """
    try:
        profile = _PROFILE.decode(files.get("profile", b""))
        evaluation = _EVALUATION.decode(files.get("evaluation", b"{}"))
    except msgspec.MsgspecError:
        return ()
    columns = list(profile.columns)
    if len(columns) > FEATURES:
        rank = {each.column: place for place, each in enumerate(evaluation.importances)}
        columns.sort(key=lambda each: rank.get(each.name, len(rank)))
    dates = {each.name for each in inputs if isinstance(each, DateInput)}
    return tuple(_bins(each, profile.rows, each.name in dates) for each in columns[:FEATURES])


def _bins(column: ColumnProfile, rows: int, date: bool) -> ColumnBins:
    without = round(column.missing * rows)
    having = rows - without
    if isinstance(column, CategoricalProfile):
        listed = list(column.shares.items())[:CATEGORIES]
        named = [round(share * having) for _, share in listed]
        names = tuple(name for name, _ in listed)
        return ColumnBins(
            column.name,
            (*names, OTHER_VALUES, MISSING),
            (*named, having - sum(named), without),
            categories=names,
        )
    shown = [_moment(each) if date else f"{each:g}" for each in column.edges]
    starts, stops = ["-Inf", *shown], [*shown, "+Inf"]
    labels = [f"[{a},{b})" for a, b in zip(starts, stops, strict=True)]
    labels[0] = f"({labels[0][1:]}"
    return ColumnBins(
        column.name,
        (*_distinct(labels), MISSING),
        (*(round(share * having) for share in column.shares), without),
        edges=column.edges,
        text=isinstance(column, TextProfile),
    )


def _distinct(labels: Sequence[str]) -> list[str]:
    """Return labels of which no two are the same, as edges that are close look alike."""
    if len(set(labels)) == len(labels):
        return list(labels)
    return [f"{index}: {label}" for index, label in enumerate(labels)]


def _moment(edge: float) -> str:
    # NumPy's calendar goes beyond the years 1 to 9999.
    return str(np.datetime64(math.floor(edge), "s"))


def count(bins: ColumnBins, values: NDArray[Any]) -> list[int]:
    """Return how many of `values`, of shape (N,) or (N, 1), are in each bin."""
    there = present(values)
    absent = values.size - len(there)
    if bins.categories is not None:
        found = Counter(there.tolist())
        named = [found[each] for each in bins.categories]
        return [*named, len(there) - sum(named), absent]
    return [*bin_counts(lengths(there) if bins.text else there, bins.edges), absent]


def psi(then: Sequence[float], now: Sequence[float]) -> float | None:
    """Return the population stability index of two rows of counts, bin by bin.

    None if either side counts nothing. The formula, and what it is from:
    :mod:`deployer.evaluation.drift`, whose own needs SciPy for what chance explains.
    """
    used = [(p, q) for p, q in zip(then, now, strict=True) if p or q]
    n, m = sum(then), sum(now)
    if not n or not m:
        return None
    spread = _SMOOTHING * len(used)
    pairs = [((p + _SMOOTHING) / (n + spread), (q + _SMOOTHING) / (m + spread)) for p, q in used]
    return math.fsum((q - p) * math.log(q / p) for p, q in pairs)


def chance(then: Sequence[float], now: Sequence[float]) -> float | None:
    """Return what the index stays below 19 times of 20 if nothing drifted; None as for `psi`.

    The chi-squared quantile of k degrees of freedom is approximated as
    ``k (1 - 2 / 9k + z sqrt(2 / 9k))³`` (E. B. Wilson, M. M. Hilferty, The distribution of
    chi-square, 1931), within 3%, 1% and 0.5% for k = 1, 2 and more.
    """
    n, m = sum(then), sum(now)
    if not n or not m:
        return None
    freedom = sum(1 for p, q in zip(then, now, strict=True) if p or q) - 1
    if not freedom:
        return 0.0
    part = 2 / (9 * freedom)
    return freedom * (1 - part + _Z * math.sqrt(part)) ** 3 * (1 / n + 1 / m)
