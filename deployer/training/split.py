"""Which rows are held out from fitting."""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from deployer.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Split", "stratified_split"]


class Split(NamedTuple):
    """Indices of rows, each ascending; together all of them."""

    train: "NDArray[np.int64]"
    test: "NDArray[np.int64]"


def stratified_split(labels: "NDArray[Any]", *, test_size: float, seed: int) -> Split:
    """Return a split which keeps the shares of the classes, by scikit-learn's stratified shuffle.

    Args:
        labels: the class of each row, str of shape (N,), at least two rows per class.
        test_size: the share to hold out, between 0 and 1 exclusive.
        seed: the same seed gives the same split.

    Raises:
        UsageError: too few rows on one side for every class.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - slow to import

    classes = sorted(set(labels))
    held_out = math.ceil(test_size * len(labels))
    if held_out < len(classes):
        raise UsageError(
            f"--test-size {test_size:g} of {len(labels)} rows holds out {held_out}, "
            f"fewer than the {len(classes)} classes",
            hint=f"use --test-size {_round_up(len(classes) / len(labels)):g} or more",
        )
    fitted = len(labels) - held_out
    split = None
    if fitted >= len(classes):
        train, test = train_test_split(
            np.arange(len(labels)), test_size=test_size, random_state=seed, stratify=labels
        )
        split = Split(np.sort(train), np.sort(test))
    unseen = [] if split is None else sorted(set(classes) - set(labels[split.train]))
    if split is None or unseen:
        named = f", none of class '{unseen[0]}'" if unseen else f" for {len(classes)} classes"
        raise UsageError(
            f"--test-size {test_size:g} leaves {fitted} of {len(labels)} rows to fit{named}",
            hint="use a smaller --test-size, or add rows",
        )
    return split


def _round_up(share: float) -> float:
    return math.ceil(share * 100) / 100
