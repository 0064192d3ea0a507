"""A pipeline fitted, whatever the classes are like."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from deployer.errors import UsageError
from deployer.training.families.linear import CALIBRATION_FOLDS
from deployer.training.families.model import MAX_ITERATIONS

__all__ = ["MAX_ITERATIONS", "fit"]


def fit(pipeline: Any, frame: Any, labels: Sequence[str]) -> list[str]:
    """Fit `pipeline` in place, and return warnings.

    Everything runs on one thread: the order of sums, and so the last bit, must not depend on the
    machine's cores.

    Args:
        pipeline: of :func:`~deployer.training.families.build_pipeline`.
        frame: a data frame of N rows; float32 numbers are taken as float64.
        labels: their classes, N texts, of which at least two differ.

    Raises:
        UsageError: scikit-learn cannot fit; says why.

    """
    import numpy as np  # noqa: PLC0415 - seconds to import, with scikit-learn
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    target = np.asarray(labels, dtype=object)
    told: list[str] = []
    with (
        threadpool_limits(1),
        warnings.catch_warnings(record=True) as caught,
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("always")
        try:
            with _adapted(pipeline.named_steps["classify"], target) as adaptations:
                pipeline.fit(_widened(frame), target)
        except (ValueError, FloatingPointError, np.linalg.LinAlgError) as error:
            raise UsageError(
                f"scikit-learn cannot fit: {next(iter(str(error).splitlines()), '')}",
                hint="look for columns with extreme values, or leave them out with --drop",
            ) from error
    told += adaptations
    if any(issubclass(each.category, ConvergenceWarning) for each in caught):
        most = _steps(pipeline.named_steps["classify"])
        told.append(f"the fit did not converge within {most} iterations")
    return told


def _widened(frame: Any) -> Any:
    """Return `frame` with float64 in place of float32.

    scikit-learn computes in the type that it is given. Sums of float32 depend on their order so
    much that another program would differ in the label of rows where two classes nearly tie.
    """
    narrow = [name for name, dtype in frame.dtypes.items() if dtype == "float32"]
    if len(narrow) == len(frame.columns):
        return frame.astype("float64")
    return frame.astype(dict.fromkeys(narrow, "float64"))


@contextmanager
def _adapted(classifier: Any, labels: Any) -> Iterator[list[str]]:
    """Set aside what needs more rows of a class than there are, while the classifier is fitted."""
    label, rarest = min(sorted(Counter(labels).items()), key=lambda item: item[1])
    parameters = classifier.get_params(deep=False)
    changed: dict[str, Any] = {}
    told = []
    if "cv" in parameters and rarest < CALIBRATION_FOLDS:
        # One "fold", all rows: its size is how scikit-learn is told to calibrate on those rows
        # that the classifier was fitted on.
        everything = list(range(len(labels)))
        changed = {"cv": [(everything, everything)]}
        told.append(
            f"class '{label}' has {rarest} row{'s' * (rarest > 1)}, too few to calibrate on rows "
            "that were not fitted on: probabilities are too confident"
        )
    elif parameters.get("early_stopping") is True and rarest < 2:  # noqa: PLR2004 - a pair
        # The rows to tell by when to stop hold every class.
        changed = {"early_stopping": False}
    kept = {name: parameters[name] for name in changed}
    classifier.set_params(**changed)
    try:
        yield told
    finally:
        classifier.set_params(**kept)


def _steps(classifier: Any) -> int:
    return int(classifier.get_params(deep=False).get("max_iter", MAX_ITERATIONS))
