"""Areas under curves of resampled rows, without sorting the rows again.

Rows are sorted once by each class's probability. A resample gives each row a weight, how often it
was drawn, and then:

* the area under the ROC curve is the share of won pairs (J. A. Hanley, B. J. McNeil, "The meaning
  and use of the area under a receiver operating characteristic (ROC) curve", Radiology 143, 1982),
  and the pairs that a row takes part in follow from the cumulated weights above it;
* the average precision is the mean, over the rows of the class, of the share of rows of the class
  among those ranked as high, and both follow from cumulated weights too.

The sums are of whole numbers and halves below 2**53, so no order of summing can change them.

With more than :data:`EXACT_ROWS` rows, neighbours in the ranking are taken for tied, so that a
resample costs one pass: at least 1,024 levels for the rows and as many for the rows of the class
keep what that changes far below the width of an interval. What it changes in the average precision
of the rows themselves is known, and taken off that of each resample.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.evaluation.outcomes import Outcomes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EXACT_ROWS", "Rankings"]

EXACT_ROWS = 10_000
_LEVELS = 1024


class Rankings:
    """The rows of some outcomes, ranked by each of the K probabilities.

    Args:
        outcomes: with the rows in the order of their true classes.
        micro: whether the average precision of all classes in one list is wanted.
        exact: up to how many rows nothing is taken for tied that is not.

    """

    def __init__(self, outcomes: Outcomes, *, micro: bool, exact: int = EXACT_ROWS) -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        rows, size = outcomes.probabilities.shape
        self._present = np.unique(outcomes.true)
        self._rows = rows
        close = rows > exact
        given = outcomes.probabilities[np.arange(rows), outcomes.true]
        self._cells = [
            _cells(outcomes, index, given) if close else _Cells.every_row(outcomes, index)
            for index in range(size)
        ]
        self._by_class = [
            _Ranking(cells.scores, cells.bounds[index], cells.bounds[index + 1])
            for index, cells in enumerate(self._cells)
        ]
        self._micro: _Merged | None = None
        self._shift = np.zeros(size + 1)
        if micro:
            self._micro = _Merged(given, [cells.scores for cells in self._cells], close)

        if close:
            whole = Rankings(outcomes, micro=micro, exact=rows)
            self._shift = whole.precisions() - self.precisions()

    def precisions(self) -> "NDArray[np.float64]":
        """Return the average precision of each class and of all in one list, without resampling."""
        import numpy as np  # noqa: PLC0415 - slow to import

        size = len(self._cells)
        found = np.full(size + 1, np.nan)
        found[-1] = self.count(np.ones(self._rows), np.zeros((size, size)), found[:-1])
        return found

    def count(
        self,
        counts: "NDArray[np.float64]",
        wins: "NDArray[np.float64]",
        precision: "NDArray[np.float64]",
    ) -> float:
        """Count one resample, see :class:`~deployer.evaluation.statistics.Statistics`.

        Args:
            counts: of shape (N,): how often each row is there.
            wins: of shape (K, K), zeros, to be filled.
            precision: of shape (K,), to be filled; a class without rows is left as it is.

        Returns:
            The average precision of all classes in one list, NaN if it is not wanted.

        """
        import numpy as np  # noqa: PLC0415 - slow to import

        weighed = [cells.weigh(counts) for cells in self._cells]
        ranked = [
            ranking.cumulate(each) for ranking, each in zip(self._by_class, weighed, strict=True)
        ]
        for index in self._present:
            ranking, starts = self._by_class[index], self._cells[index].bounds[self._present]
            weights, hits = ranking.weigh(weighed[index])
            pairs = ranking.pairs(weighed[index], hits)
            wins[index, self._present] = np.add.reduceat(pairs, starts)
            found = ranking.precision(weights, hits, ranked[index])
            precision[index] = found + self._shift[index]
        if self._micro is None:
            return float("nan")
        return self._micro.precision(counts, ranked) + float(self._shift[-1])


@dataclass(frozen=True)
class _Cells:
    """Rows of one true class and about the same score, counted together.

    Attributes:
        scores: in the middle of each cell, of shape (C,); the cells are in the order of the classes.
        bounds: of shape (K + 1,): where the cells of each class begin, and where the last end.
        order: of the rows, of shape (N,), so that those of a cell stand together; None if every
            row is a cell.
        starts: where the rows of each cell begin.

    """

    scores: "NDArray[Any]"
    bounds: "NDArray[np.int64]"
    order: "NDArray[np.int64] | None" = None
    starts: "NDArray[np.int64] | None" = None

    @classmethod
    def every_row(cls, outcomes: Outcomes, index: int) -> "_Cells":
        import numpy as np  # noqa: PLC0415 - slow to import

        bounds = np.searchsorted(outcomes.true, np.arange(len(outcomes.classes) + 1))
        return cls(outcomes.probabilities[:, index], bounds)

    def weigh(self, counts: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return how many rows of each cell are there."""
        import numpy as np  # noqa: PLC0415 - slow to import

        if self.order is None or self.starts is None:
            return counts
        return np.add.reduceat(counts.take(self.order, mode="clip"), self.starts)


def _cells(outcomes: Outcomes, index: int, given: "NDArray[Any]") -> _Cells:
    """Return the cells of one class; `given` are the hits of the merged list, which bound them."""
    import numpy as np  # noqa: PLC0415 - slow to import

    scores = outcomes.probabilities[:, index]
    levels = _levels(scores, scores, scores[outcomes.true == index], given)
    order = np.lexsort((levels, outcomes.true))
    cell = outcomes.true[order] * (levels.max() + 1) + levels[order]
    starts = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
    bounds = np.searchsorted(outcomes.true[order[starts]], np.arange(len(outcomes.classes) + 1))
    return _Cells(_middles(scores, levels)[levels[order[starts]]], bounds, order, starts)


def _middles(scores: "NDArray[Any]", levels: "NDArray[np.int64]") -> "NDArray[Any]":
    """Return per level the mean of its lowest and its highest score."""
    import numpy as np  # noqa: PLC0415 - slow to import

    lowest = np.full(levels.max() + 1, 2, dtype=scores.dtype)
    highest = np.full(levels.max() + 1, -1, dtype=scores.dtype)
    np.minimum.at(lowest, levels, scores)
    np.maximum.at(highest, levels, scores)
    return (lowest + highest) / 2


def _levels(scores: "NDArray[Any]", *bounds: "NDArray[Any]") -> "NDArray[np.int64]":
    """Return a level per score, ascending; each begins at a quantile of one of `bounds`."""
    import numpy as np  # noqa: PLC0415 - slow to import

    edges = [
        np.sort(each)[np.arange(1, _LEVELS) * len(each) // _LEVELS] for each in bounds if len(each)
    ]
    return np.asarray(np.searchsorted(np.unique(np.concatenate(edges)), scores, side="right"))


class _Ranking:
    """Rows by falling probability of one class, whose rows are `start` up to `stop`: the hits."""

    def __init__(self, scores: "NDArray[Any]", start: int, stop: int) -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        falling = -scores
        self._order = np.argsort(falling, kind="stable")
        hits = start + np.argsort(falling[start:stop], kind="stable")
        ranked = falling[hits]
        # Each row has won against the hits above it, and half against those as high.
        above = np.searchsorted(ranked, falling, side="left")
        through = np.searchsorted(ranked, falling, side="right")
        levels, self._level = np.unique(above + through, return_inverse=True)
        self._above = np.zeros(len(levels), dtype=np.int64)
        self._through = np.zeros(len(levels), dtype=np.int64)
        self._above[self._level], self._through[self._level] = above, through
        self._hits = hits
        # How many rows, and how many hits, are at least as high as each hit.
        self._seen = np.searchsorted(falling[self._order], ranked, side="right")
        self._found = np.searchsorted(ranked, ranked, side="right")

    def cumulate(self, counts: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return how many rows are among the first 0 to N of the ranking."""
        return _cumulated(counts.take(self._order, mode="clip"))

    def weigh(
        self, counts: "NDArray[np.float64]"
    ) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """Return how often each hit is there, and how many are among the first 0 to all hits."""
        weights = counts.take(self._hits, mode="clip")
        return weights, _cumulated(weights)

    def pairs(
        self, counts: "NDArray[np.float64]", hits: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Return per row the won pairs that it takes part in, times how often it is there."""
        won = (hits[self._above] + hits[self._through]) / 2
        pairs: NDArray[np.float64] = won[self._level]
        pairs *= counts
        return pairs

    def precision(
        self,
        weights: "NDArray[np.float64]",
        hits: "NDArray[np.float64]",
        ranked: "NDArray[np.float64]",
    ) -> float:
        """Return the average precision, NaN where no hit is there."""
        import numpy as np  # noqa: PLC0415 - slow to import

        if not hits[-1]:
            return float("nan")
        seen = ranked.take(self._seen, mode="clip")
        shares = hits.take(self._found, mode="clip") / np.maximum(seen, 1, out=seen)
        return float((weights * shares).sum() / hits[-1])


def _cumulated(weights: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415 - slow to import

    sums = np.zeros(len(weights) + 1)
    np.cumsum(weights, out=sums[1:])
    return sums


class _Merged:
    """All K probabilities of all N rows in one list; a hit is the probability of the true class.

    Args:
        given: the hits, of shape (N,).
        scores: of the cells of each class.
        close: whether close hits are taken for tied.

    """

    def __init__(self, given: "NDArray[Any]", scores: "list[NDArray[Any]]", close: bool) -> None:
        import numpy as np  # noqa: PLC0415 - slow to import

        level = _levels(given, given) if close else given
        self._order = np.argsort(-level, kind="stable")
        ranked = level[self._order]
        ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
        self._starts = np.append(0, ends[:-1] + 1)
        lowest = np.minimum.reduceat(given[self._order], self._starts)
        self._seen = [np.searchsorted(np.sort(-each), -lowest, "right") for each in scores]
        self._rows = len(given)

    def precision(
        self, counts: "NDArray[np.float64]", ranked: "list[NDArray[np.float64]]"
    ) -> float:
        """Return the average precision; `ranked` has the cumulated rows of every class."""
        import numpy as np  # noqa: PLC0415 - slow to import

        weights = np.add.reduceat(counts.take(self._order, mode="clip"), self._starts)
        found = np.cumsum(weights)
        seen = np.zeros(len(weights))
        for rows, positions in zip(ranked, self._seen, strict=True):
            seen += rows.take(positions, mode="clip")
        shares = found / np.maximum(np.maximum(seen, found), 1)
        return float((weights * shares).sum() / self._rows)
