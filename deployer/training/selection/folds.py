"""Who is held out when, inside the training rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Folds", "encode", "make_folds"]

# Names in a warning; a table may have hundreds of rare classes.
_NAMED = 5


@dataclass(frozen=True)
class Folds:
    """A division of N rows.

    Attributes:
        of_row: the fold that holds the row out, int64 of shape (N,), from 0.
        rank: where a row stands in its fold and class, float64 of shape (N,) in [0, 1). Rows with
            a rank below a share are a stratified sample of about that share, with at least one row
            of each class in each fold that has it; a smaller share's sample is part of a larger's.
        count: how many folds there are, 2 or more.
        warnings: what a person should know.

    """

    of_row: "NDArray[Any]"
    rank: "NDArray[Any]"
    count: int
    warnings: list[str]


def encode(labels: "NDArray[Any]", classes: Sequence[str]) -> "NDArray[Any]":
    """Return each label's place among `classes`, int64 of shape (N,)."""
    import numpy as np  # noqa: PLC0415 - slow to import

    place = {label: i for i, label in enumerate(classes)}
    return np.fromiter((place[label] for label in labels), dtype=np.int64, count=len(labels))


def make_folds(labels: "NDArray[Any]", classes: Sequence[str], *, folds: int, seed: int) -> Folds:
    """Return stratified folds: every row is in exactly one, every class is spread over all.

    Rows are dealt as scikit-learn's ``StratifiedKFold(folds, shuffle=True, random_state=seed)``
    deals them, which a test compares; that one refuses tables where every class has fewer rows
    than folds, this one does not.

    Args:
        labels: the class of each row, text of shape (N,).
        classes: all classes.
        folds: how many, 2 or more; fewer if there are fewer rows.
        seed: the same seed gives the same folds.

    Raises:
        UsageError: fewer than two rows, or fewer than two folds asked for.

    """
    import numpy as np  # noqa: PLC0415 - slow to import

    rows = len(labels)
    if folds < 2:  # noqa: PLR2004 - what is held out of one fold leaves nothing to fit
        raise UsageError(f"--folds {folds} is too few", hint="use 2 or more, such as 5")
    if rows < 2:  # noqa: PLR2004
        raise UsageError(
            f"{rows} training row is too few to compare models on", hint="add rows to the table"
        )
    warnings = []
    if rows < folds:
        warnings.append(f"{rows} training rows are fewer than {folds} folds: {rows} folds are used")
        folds = rows
    codes = encode(labels, classes)
    random = np.random.RandomState(seed)
    of_row = _deal(_in_order_of_appearance(codes), folds, random)
    warnings += _rare(np.bincount(codes, minlength=len(classes)).tolist(), classes, folds)
    return Folds(of_row, _ranks(codes * folds + of_row, random), folds, warnings)


def _in_order_of_appearance(codes: "NDArray[Any]") -> "NDArray[Any]":
    """Return the classes numbered as they first appear: their names do not matter."""
    import numpy as np  # noqa: PLC0415 - slow to import

    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    numbered: NDArray[Any] = place[inverse]
    return numbered


def _deal(codes: "NDArray[Any]", folds: int, random: Any) -> "NDArray[Any]":
    """Deal sorted classes round and round to the folds, then shuffle within each class."""
    import numpy as np  # noqa: PLC0415 - slow to import

    ordered = np.sort(codes)
    classes = int(ordered[-1]) + 1
    dealt = np.asarray([np.bincount(ordered[i::folds], minlength=classes) for i in range(folds)])
    of_row = np.empty(len(codes), dtype=np.int64)
    for code in range(classes):
        turns = np.arange(folds).repeat(dealt[:, code])
        random.shuffle(turns)
        of_row[codes == code] = turns
    return of_row


def _ranks(cells: "NDArray[Any]", random: Any) -> "NDArray[Any]":
    """Return each row's place, at random, among the rows of its cell, as a share of them."""
    import numpy as np  # noqa: PLC0415 - slow to import

    shuffled = random.permutation(len(cells))
    order = shuffled[np.argsort(cells[shuffled], kind="stable")]
    _, starts, sizes = np.unique(cells[order], return_index=True, return_counts=True)
    rank = np.empty(len(cells), dtype=np.float64)
    rank[order] = (np.arange(len(cells)) - np.repeat(starts, sizes)) / np.repeat(sizes, sizes)
    return rank


def _rare(counts: Sequence[int], classes: Sequence[str], folds: int) -> list[str]:
    rare = [(name, n) for name, n in zip(classes, counts, strict=True) if 0 < n < folds]
    if not rare:
        return []
    named = ", ".join(f"'{name}' ({n} row{'s' * (n > 1)})" for name, n in rare[:_NAMED])
    more = f" and {len(rare) - _NAMED} more" if len(rare) > _NAMED else ""
    several = len(rare) > 1
    single = any(n == 1 for _, n in rare)
    return [
        f"{'classes' if several else 'class'} {named}{more} {'have' if several else 'has'} fewer "
        f"training rows than the {folds} folds: some folds are scored without "
        f"{'them' if several else 'it'}"
        + ("; the only row of a class is answered by a model that never saw it" if single else "")
    ]
