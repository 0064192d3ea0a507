"""How far rows are from those that a model was fitted on: the population stability index.

Over the bins of a reference profile, with the share p of the reference's rows and q of the rows
now in each, the index is ``sum((q - p) * ln(q / p))``. Its customary reading is less than 0.1: no
change to speak of; 0.1 to 0.25: some; 0.25 and more: a strong one (N. Siddiqi, Credit Risk
Scorecards, 2006, after E. M. Lewis, An Introduction to Credit Scoring, 1994).

Half a row is added to every bin of both sides, as Jeffreys' prior does, so that an empty bin gives
a large number and not an infinite one. A missing value is a bin of its own, where either side has
one. Bins that are empty on both sides do not count.

Without any drift the index of n against m rows in B bins is distributed about as
``(1/n + 1/m)`` times a chi-squared variable of B - 1 degrees of freedom (B. Yurdakul, Statistical
Properties of Population Stability Index, Western Michigan University, 2018). Where the 95th
percentile of that reaches 0.1, chance alone can look like drift; an index below it then says
nothing, and the level is "too few rows".
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from deployer.packaging.documents import (
    CategoricalProfile,
    ColumnProfile,
    DateInput,
    Input,
    NumericProfile,
    Profile,
    TextProfile,
)
from deployer.packaging.documents.base import Count, Document, Share
from deployer.packaging.profile import bin_counts, lengths, present, tenths

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SOME", "STRONG", "ColumnDrift", "Level", "drift_of", "stability"]

SOME = 0.1
STRONG = 0.25
_CHANCE = 0.05
_SMOOTHING = 0.5
_OTHER = "(other)"
_CLOSE = 30 * 86400.0

Level = Literal["none", "some", "strong", "too few rows"]
Kind = Literal["numeric", "categorical", "text", "date", "target", "prediction", "confidence"]


class ColumnDrift(Document, frozen=True, kw_only=True):
    """How far one column is from the rows that the model was fitted on.

    Attributes:
        name: the column; for `kind` target, prediction and confidence the word itself.
        psi: the population stability index; None if one side has no rows.
        chance: what the index stays below 19 times out of 20 without drift; None as above.
        level: what it means; "too few rows" where chance explains it.
        missing_then: share of the reference's rows without a value; likewise `missing_now`.
        bins: what to call each bin.
        then: share of the reference's rows with a value, per bin; likewise `now`.
        rows_then: of the reference; likewise `rows_now`.

    """

    name: str
    kind: Kind
    psi: float | None
    chance: float | None
    level: Level
    missing_then: Share
    missing_now: Share
    bins: tuple[str, ...]
    then: tuple[Share, ...]
    now: tuple[Share, ...]
    rows_then: Count
    rows_now: Count


def stability(then: Sequence[int], now: Sequence[int]) -> tuple[float | None, float | None]:
    """Return the index of two rows of counts, bin by bin, and what chance keeps below.

    Both are None if either side counts nothing. The chance is zero in a single bin.
    """
    from scipy.special import chdtri  # noqa: PLC0415 - slow to import

    used = [(p, q) for p, q in zip(then, now, strict=True) if p or q]
    n, m = sum(then), sum(now)
    if not n or not m:
        return None, None
    spread = _SMOOTHING * len(used)
    pairs = [((p + _SMOOTHING) / (n + spread), (q + _SMOOTHING) / (m + spread)) for p, q in used]
    # Exactly rounded: the order of the bins does not matter.
    psi = math.fsum((q - p) * math.log(q / p) for p, q in pairs)
    freedom = len(used) - 1
    chance = float(chdtri(freedom, _CHANCE)) * (1 / n + 1 / m) if freedom else 0.0
    return psi, chance


def drift_of(
    profile: Profile,
    inputs: Sequence[Input],
    arrays: "Mapping[str, NDArray[Any]]",
    *,
    labels: "Sequence[str] | NDArray[Any] | None" = None,
    predicted: "Sequence[str] | NDArray[Any] | None" = None,
    confidence: "NDArray[Any] | None" = None,
) -> tuple[ColumnDrift, ...]:
    """Return the drift of every column of `profile`, in its order, then of labels and answers.

    Args:
        profile: of the rows that the model was fitted on.
        inputs: the model's.
        arrays: one of shape (N, 1) per input.
        labels: true classes of shape (N,), if they are known: their drift is of `kind` target.
        predicted: classes that the model answered, of shape (N,), against its answers on the rows
            held out at training. Left out if the profile does not say how many those were.
        confidence: probability of the predicted class, of shape (N,); likewise.

    """
    dates = {each.name for each in inputs if isinstance(each, DateInput)}
    found = [_column(each, arrays[each.name], profile.rows, dates) for each in profile.columns]
    if labels is not None:
        found.append(_classes("target", profile.target, profile.rows, labels))
    if predicted is not None and profile.held_out:
        shares, rows = profile.predictions, profile.held_out
        found.append(_classes("prediction", shares, rows, predicted))
    if confidence is not None and profile.held_out:
        edges = [f"{i / 10:.1f} to {(i + 1) / 10:.1f}" for i in range(10)]
        now = tenths(confidence)
        found.append(
            _drift("confidence", "confidence", edges, profile.confidence, now, profile.held_out)
        )
    return tuple(found)


def _column(
    profile: ColumnProfile, array: "NDArray[Any]", rows: int, dates: Iterable[str]
) -> ColumnDrift:
    values = present(array)
    absent = len(array) - len(values)
    kind: Kind
    then: Sequence[float]
    match profile:
        case NumericProfile():
            kind = "date" if profile.name in dates else "numeric"
            bins = _names(profile.edges, _moment(profile.edges) if kind == "date" else _number)
            then, now = profile.shares, bin_counts(values, profile.edges)
        case TextProfile():
            kind = "text"
            bins = _names(profile.edges, lambda edge: f"{edge:g} characters")
            then, now = profile.shares, bin_counts(lengths(values), profile.edges)
        case CategoricalProfile():
            kind = "categorical"
            bins, then, now = _categories(profile.shares, profile.other, values.tolist())
    return _drift(profile.name, kind, bins, then, now, rows, missing=profile.missing, absent=absent)


def _classes(
    kind: Literal["target", "prediction"], shares: Mapping[str, float], rows: int, values: Any
) -> ColumnDrift:
    bins, then, now = _categories(shares, 0.0, values)
    return _drift(kind, kind, bins, then, now, rows)


def _categories(
    shares: Mapping[str, float], other: float, values: Iterable[Any]
) -> tuple[list[str], list[float], list[int]]:
    counts = Counter(map(str, values))
    now = [counts[name] for name in shares]
    return [*shares, _OTHER], [*shares.values(), other], [*now, counts.total() - sum(now)]


def _drift(
    name: str,
    kind: Kind,
    bins: Sequence[str],
    then: Sequence[float],
    now: Sequence[int],
    rows: int,
    *,
    missing: float = 0.0,
    absent: int = 0,
) -> ColumnDrift:
    without = round(missing * rows)
    # Shares are of whole rows: rounding gives back their exact number.
    before = [round(share * (rows - without)) for share in then]
    psi, chance = stability([*before, without], [*now, absent])
    having = sum(now)
    total = having + absent
    return ColumnDrift(
        name=name,
        kind=kind,
        psi=psi,
        chance=chance,
        level=_level(psi, chance),
        missing_then=missing,
        missing_now=absent / total if total else 0.0,
        bins=tuple(bins),
        then=tuple(then),
        now=tuple(count / having if having else 0.0 for count in now),
        rows_then=rows,
        rows_now=total,
    )


def _level(psi: float | None, chance: float | None) -> Level:
    if psi is None or chance is None or psi <= chance >= SOME:
        return "too few rows"
    if psi < SOME:
        return "none"
    return "some" if psi < STRONG else "strong"


def _names(edges: Sequence[float], shown: Callable[[float], str]) -> list[str]:
    if not edges:
        return ["all"]
    names = [shown(edge) for edge in edges]
    between = [a if a == b else f"{a} to {b}" for a, b in itertools.pairwise(names)]
    return [f"below {names[0]}", *between, f"from {names[-1]}"]


def _number(edge: float) -> str:
    return f"{edge:.4g}"


def _moment(edges: Sequence[float]) -> Callable[[float], str]:
    """Return what writes such dates: to the day, or to the minute if they are close together."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    unit = "m" if edges and edges[-1] - edges[0] < _CLOSE else "D"
    # NumPy's calendar goes beyond the years 1 to 9999.
    return lambda edge: str(np.datetime64(math.floor(edge), "s").astype(f"datetime64[{unit}]"))
