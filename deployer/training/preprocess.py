"""From columns to numbers that a classifier can use; part of every pipeline."""

from collections.abc import Mapping
from typing import Any

__all__ = ["make_preprocessor"]

# Categories beyond these, the rarest ones, share a column of the encoded table; of a table with
# zeros left out, and of one that holds every cell.
MAX_SPARSE_CATEGORIES = 1000
MAX_DENSE_CATEGORIES = 64
# Likewise of the words of a column of prose, of which others are not looked at.
MAX_SPARSE_WORDS = 5000
MAX_DENSE_WORDS = 256


def make_preprocessor(kinds: Mapping[str, str], *, scale: bool, dense: bool) -> Any:
    """Return a transformer of a data frame with the columns of `kinds`, not fitted.

    A missing number or part of a date becomes the median of the rows fitted on. A missing
    category is a category of its own; an unknown one counts as a rare one, or as none if none
    is rare. Prose without a known word is all zeros.

    Args:
        kinds: column to ``numeric``, ``categorical``, ``text`` or ``date``.
        scale: whether numbers get mean 0 and variance 1.
        dense: whether the result must hold every cell, zeros included; it is narrower then.

    """
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - seconds to import
    from sklearn.pipeline import Pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder  # noqa: PLC0415

    from deployer.packaging.dates import DateParts  # noqa: PLC0415 - imports scikit-learn
    from deployer.packaging.words import Words  # noqa: PLC0415

    most = MAX_DENSE_CATEGORIES if dense else MAX_SPARSE_CATEGORIES
    transformers = {
        "numeric": Pipeline(_numbers(scale=scale)),
        "date": Pipeline([("parts", DateParts()), *_numbers(scale=scale)]),
        "categorical": OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=most),
        "text": Words(max_words=MAX_DENSE_WORDS if dense else MAX_SPARSE_WORDS),
    }
    steps = [
        (kind, transformer, [name for name, each in kinds.items() if each == kind])
        for kind, transformer in transformers.items()
    ]
    return ColumnTransformer(
        [step for step in steps if step[2]],
        sparse_threshold=0.0 if dense else 0.3,
        n_jobs=1,
    )


def _numbers(*, scale: bool) -> list[tuple[str, Any]]:
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    # A column may have values in the held-out rows only; it must keep its place.
    steps: list[tuple[str, Any]] = [
        ("impute", SimpleImputer(strategy="median", keep_empty_features=True))
    ]
    return [*steps, ("scale", StandardScaler())] if scale else steps
