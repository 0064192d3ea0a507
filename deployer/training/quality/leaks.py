"""Columns that give the target away: one of them alone tells the class of nearly every row.

A column that leaks is mostly made from the target, or known only after it; a model that leans on
it scores well here and fails when it is served.
"""

from typing import TYPE_CHECKING, Any

from deployer.training.quality.views import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LEAK", "MAX_ROWS", "sample_rows", "skill"]

# Share of the errors of "always the commonest class" that the column alone removes. Iris, where
# one measure nearly tells the species, comes to 0.94.
LEAK = 0.98
MAX_ROWS = 5000
_FOLDS = 3
_MIN_LEAF = 3
# Neighbours of another class, in the order of the column, beyond which no few cuts can tell them.
_MOST_CHANGES = 0.1


def sample_rows(labels: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Return the indices of at most :data:`MAX_ROWS` rows, every class at its share."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    if len(labels) <= MAX_ROWS:
        return np.arange(len(labels))
    # Evenly spaced among the rows sorted by class: no draw, and no class is lost to chance.
    order = np.random.default_rng(0).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    return np.sort(order[np.linspace(0, len(labels) - 1, MAX_ROWS).astype(np.int64)])


def skill(view: View, labels: "NDArray[np.int64]", rows: "NDArray[np.int64]") -> float:
    """Return how much better than the commonest class the column tells the class, by itself.

    Text by the commonest class of each text, numbers and dates by a decision tree; each row is
    told by what was learnt from others (three folds).

    Args:
        view: the column.
        labels: the class of each row as a number from 0, of all N rows.
        rows: indices of the rows to look at.

    Returns:
        1 - errors / errors of the commonest class; at most 1, and 0 if there is nothing to tell.

    """
    import numpy as np  # noqa: PLC0415 - as above

    truth = labels[rows]
    values = view.values[rows]
    majority = int(np.bincount(truth).max())
    if len(truth) < 2 * _FOLDS * _MIN_LEAF or majority == len(truth):
        return 0.0
    if not view.texts:
        values = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
        if _changes(values, truth) > _MOST_CHANGES * len(truth):
            return 0.0
    fold = np.random.default_rng(0).permutation(len(truth)) % _FOLDS
    tell = _by_text if view.texts else _by_tree
    wrong = sum(
        int(
            (tell(values[fold != k], truth[fold != k], values[fold == k]) != truth[fold == k]).sum()
        )
        for k in range(_FOLDS)
    )
    return 1 - wrong / (len(truth) - majority)


def _changes(values: "NDArray[np.float64]", truth: "NDArray[np.int64]") -> int:
    import numpy as np  # noqa: PLC0415 - as above

    ordered = truth[np.lexsort((truth, values))]
    return int((ordered[1:] != ordered[:-1]).sum())


def _by_text(
    codes: "NDArray[Any]", truth: "NDArray[np.int64]", asked: "NDArray[Any]"
) -> "NDArray[np.int64]":
    import numpy as np  # noqa: PLC0415 - as above

    known, index = np.unique(codes, return_inverse=True)
    classes = int(truth.max()) + 1
    table = np.bincount(index * classes + truth, minlength=len(known) * classes)
    answers = table.reshape(len(known), classes).argmax(axis=1)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    commonest = int(np.bincount(truth).argmax())
    told: NDArray[np.int64] = np.where(known[at] == asked, answers[at], commonest)
    return told


def _by_tree(
    values: "NDArray[Any]", truth: "NDArray[np.int64]", asked: "NDArray[Any]"
) -> "NDArray[np.int64]":
    import numpy as np  # noqa: PLC0415 - as above
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - slow to import

    # By rank, which no number is too large for; what is missing is beyond them all.
    known = np.unique(values[np.isfinite(values)])

    def ranks(numbers: "NDArray[Any]") -> "NDArray[Any]":
        with np.errstate(all="ignore"):
            between = np.interp(numbers, known, np.arange(len(known))) if len(known) else numbers
        return np.where(np.isfinite(between), between, len(known) + 1).reshape(-1, 1)

    tree = DecisionTreeClassifier(min_samples_leaf=_MIN_LEAF, random_state=0)
    told: NDArray[np.int64] = tree.fit(ranks(values), truth).predict(ranks(asked))
    return told
