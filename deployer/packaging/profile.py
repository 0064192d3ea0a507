"""What the training rows looked like, in bins and shares: the reference that drift is told from.

Every edge of a bin is a value that occurs, so an edge has no rounding of its own. One sort per
column of numbers is what it costs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.packaging.documents import (
    CategoricalInput,
    CategoricalProfile,
    ColumnProfile,
    Input,
    NumericProfile,
    Profile,
    TextInput,
    TextProfile,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BINS",
    "CATEGORIES",
    "bin_counts",
    "confidence_of",
    "lengths",
    "present",
    "profile_of",
    "tenths",
]

BINS = 10
"""How many bins a column of numbers has at most."""

CATEGORIES = 50
"""How many categories of a column are listed; the others count together."""


def profile_of(
    inputs: Sequence[Input],
    arrays: "Mapping[str, NDArray[Any]]",
    labels: "Sequence[str] | NDArray[Any]",
    classes: Sequence[str],
    predicted: "Sequence[str] | NDArray[Any]",
    confidence: "NDArray[Any]",
) -> Profile:
    """Return the profile of the rows that a model was fitted on.

    Args:
        inputs: the model's.
        arrays: one of shape (N, 1) per input, of the N rows fitted on.
        labels: their classes, of shape (N,).
        classes: the model's.
        predicted: the classes that the model answered on M held-out rows, of shape (M,).
        confidence: probability of each of these answers, of shape (M,).

    """
    answers = tenths(confidence)
    return Profile(
        rows=len(labels),
        columns=tuple(_column(each, arrays[each.name]) for each in inputs),
        target=_class_shares(labels, classes),
        predictions=_class_shares(predicted, classes),
        confidence=_shares(answers, sum(answers)),
        held_out=len(predicted),
    )


def confidence_of(
    labels: "NDArray[Any]", probabilities: "NDArray[Any]", classes: Sequence[str]
) -> "NDArray[Any]":
    """Return the probability of each answer, of shape (N,); with a threshold not the largest.

    Args:
        labels: the answers, of shape (N,).
        probabilities: of shape (N, K).
        classes: in the order of the columns.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    index = {label: position for position, label in enumerate(classes)}
    answered = np.fromiter((index[label] for label in labels), np.int64, len(labels))
    return np.asarray(probabilities[np.arange(len(labels)), answered])


def present(array: "NDArray[Any]") -> "NDArray[Any]":
    """Return the values of `array`, of shape (N,) or (N, 1), that are not missing, as (M,)."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    flat = array.reshape(-1)
    if flat.dtype.kind == "f":
        finite: NDArray[Any] = flat[np.isfinite(flat)]
        return finite
    texts: NDArray[Any] = flat[flat != ""]
    return texts


def lengths(texts: "NDArray[Any]") -> "NDArray[np.int64]":
    """Return how many characters each of `texts`, of shape (N,), has."""
    import numpy as np  # noqa: PLC0415 - as above

    return np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))


def bin_counts(values: "NDArray[Any]", edges: Sequence[float]) -> list[int]:
    """Return how many `values` are below the first edge, in [e0, e1) …, from the last edge on."""
    import numpy as np  # noqa: PLC0415 - as above

    return _counts(np.sort(values).astype(np.float64), edges)


def _counts(ordered: "NDArray[np.float64]", edges: Sequence[float]) -> list[int]:
    import numpy as np  # noqa: PLC0415 - as above

    below = np.searchsorted(ordered, np.asarray(edges, dtype=np.float64), side="left").tolist()
    return [stop - start for start, stop in zip([0, *below], [*below, len(ordered)], strict=True)]


def tenths(confidence: "NDArray[Any]") -> list[int]:
    """Return how many probabilities are in [0, 0.1), [0.1, 0.2) … [0.9, 1]."""
    import numpy as np  # noqa: PLC0415 - as above

    # In the probabilities' own precision: the float32 nearest to 0.3 belongs to 0.3 and above.
    edges = (np.arange(1, 10) / 10).astype(confidence.dtype).astype(np.float64)
    return bin_counts(confidence, edges.tolist())


def _column(each: Input, array: "NDArray[Any]") -> ColumnProfile:
    values = present(array)
    missing = (len(array) - len(values)) / len(array) if len(array) else 0.0
    if isinstance(each, CategoricalInput):
        return _categorical(each.name, missing, values.tolist())
    if isinstance(each, TextInput):
        edges, shares, mean, *_ = _binned(lengths(values))
        return TextProfile(name=each.name, missing=missing, edges=edges, shares=shares, mean=mean)
    edges, shares, mean, std, low, high = _binned(values)
    return NumericProfile(
        name=each.name,
        missing=missing,
        edges=edges,
        shares=shares,
        mean=mean,
        std=std,
        low=low,
        high=high,
    )


def _binned(values: "NDArray[Any]") -> Any:
    """Return edges, shares, mean, standard deviation, least and greatest of `values`."""
    import numpy as np  # noqa: PLC0415 - as above

    if not len(values):
        return (), (0.0,), None, None, None, None
    ordered = np.sort(values)
    # Adding zero makes -0.0 the zero that it equals.
    edges = [float(edge) + 0.0 for edge in _edges(ordered)]
    exact = ordered.astype(np.float64) + 0.0
    counts = _counts(exact, edges)
    return (
        tuple(edges),
        _shares(counts, len(ordered)),
        float(exact.mean()),
        float(exact.std()),
        float(exact[0]),
        float(exact[-1]),
    )


def _edges(ordered: "NDArray[Any]") -> "NDArray[Any]":
    """Return ascending edges at the deciles of `ordered`; no bin is empty unless all are equal.

    The quantile is the least value with at least that share of the values at or below it:
    definition 1 of Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996.
    """
    import numpy as np  # noqa: PLC0415 - as above

    least, count = ordered[0], len(ordered)
    at = [-(-count * i // BINS) - 1 for i in range(1, BINS)]
    edges: NDArray[Any] = np.unique(ordered[at])
    edges = edges[edges > least]
    if len(edges):
        return edges
    above = np.searchsorted(ordered, least, side="right")
    if above < count:
        edges = ordered[above : above + 1]
        return edges
    # A constant has a bin to itself: any other value, below or above, is then seen.
    with np.errstate(over="ignore"):
        upper = np.nextafter(least, np.inf) if ordered.dtype.kind == "f" else least + 1
    edges = np.array([least, upper])
    edges = edges[np.isfinite(edges)]
    return edges


def _categorical(name: str, missing: float, values: Iterable[str]) -> CategoricalProfile:
    counts = Counter(values)
    total = counts.total()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = ranked[:CATEGORIES]
    rest = total - sum(count for _, count in listed)
    return CategoricalProfile(
        name=name,
        missing=missing,
        shares={category: count / total for category, count in listed},
        other=rest / total if total else 0.0,
    )


def _class_shares(labels: Iterable[Any], classes: Sequence[str]) -> dict[str, float]:
    counts = Counter(str(label) for label in labels)
    return dict(
        zip(classes, _shares([counts[each] for each in classes], counts.total()), strict=True)
    )


def _shares(counts: Sequence[int], total: int) -> tuple[float, ...]:
    return tuple(count / total if total else 0.0 for count in counts)
