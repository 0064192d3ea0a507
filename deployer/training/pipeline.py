"""Preprocessing and classifier as one scikit-learn pipeline, fitted."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.training.features import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_ITERATIONS", "build_pipeline", "categories", "fit", "to_frame"]

MAX_ITERATIONS = 1000


def build_pipeline(kinds: Mapping[str, Kind], *, seed: int) -> Any:
    """Return the pipeline, not fitted: impute, scale and one-hot encode, then softmax regression.

    There is no indicator of missing numbers: skl2onnx cannot export one. A missing category is a
    category of its own. All numbers are float32, as they are when the model is served.
    """
    import numpy as np  # noqa: PLC0415 - seconds to import, with scikit-learn
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import Pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    numeric = Pipeline(
        [
            # A column may have values in the held-out rows only; it must keep its place.
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("scale", StandardScaler()),
        ]
    )
    encode = OneHotEncoder(handle_unknown="ignore", dtype=np.float32)
    steps = [
        ("numeric", numeric, [name for name, kind in kinds.items() if kind == "numeric"]),
        ("categorical", encode, [name for name, kind in kinds.items() if kind == "categorical"]),
    ]
    return Pipeline(
        [
            ("preprocess", ColumnTransformer([step for step in steps if step[2]])),
            ("classify", LogisticRegression(max_iter=MAX_ITERATIONS, random_state=seed)),
        ]
    )


def to_frame(arrays: "Mapping[str, NDArray[Any]]") -> Any:
    """Return the data frame that the pipeline takes, from one array of shape (N, 1) per column."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    return pd.DataFrame(
        {name: pd.Series(array[:, 0], dtype=array.dtype) for name, array in arrays.items()}
    )


def fit(pipeline: Any, frame: Any, labels: Sequence[str]) -> list[str]:
    """Fit `pipeline` in place, and return warnings.

    Args:
        pipeline: of :func:`build_pipeline`.
        frame: a data frame of N rows.
        labels: their classes.

    Raises:
        UsageError: a column's numbers are too far apart for float32 arithmetic.

    """
    import numpy as np  # noqa: PLC0415 - seconds to import, with scikit-learn
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    # One thread: the order of sums, and so the last bit, must not depend on the machine's cores.
    with (
        threadpool_limits(1),
        warnings.catch_warnings(record=True) as caught,
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("always")
        try:
            pipeline.fit(frame, np.asarray(labels, dtype=object))
        except ValueError as error:
            raise UsageError(
                f"scikit-learn cannot fit: {next(iter(str(error).splitlines()), '')}",
                hint="look for columns with extreme values, or leave them out with --drop",
            ) from error
    if any(issubclass(each.category, ConvergenceWarning) for each in caught):
        return [f"the fit did not converge within {MAX_ITERATIONS} iterations"]
    return []


def categories(pipeline: Any) -> dict[str, list[str]]:
    """Return the categories that the fitted pipeline knows, per categorical column, sorted.

    The empty text, a missing category, is not among them.
    """
    known = pipeline.named_steps["preprocess"].named_transformers_
    if "categorical" not in known:
        return {}
    encoder = known["categorical"]
    return {
        str(name): [str(each) for each in seen if each]
        for name, seen in zip(encoder.feature_names_in_, encoder.categories_, strict=True)
    }
