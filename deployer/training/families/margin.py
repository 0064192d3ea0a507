"""Support vector machines, with probabilities by temperature scaling."""

from typing import Any

from deployer.training.families.linear import CALIBRATION_FOLDS
from deployer.training.families.model import MAX_ITERATIONS, Family, Uniform

__all__ = ["MAX_KERNEL_ROWS", "SVM"]

# The time of a kernel machine grows with the square of the rows and more: beyond these many the
# family is a linear machine.
MAX_KERNEL_ROWS = 5000
_CACHE = 200  # MB of kernel values


def make_svm(seed: int, rows: int, classes: int) -> Any:
    """Return a machine with a Gaussian kernel, or a linear one for many rows.

    scikit-learn's own ``SVC(probability=True)`` is deprecated, and its label need not be the
    likeliest class. Temperature scaling keeps the machine's choice.
    """
    from sklearn.calibration import CalibratedClassifierCV  # noqa: PLC0415 - seconds to import
    from sklearn.svm import SVC, LinearSVC  # noqa: PLC0415

    if rows <= MAX_KERNEL_ROWS:
        machine = SVC(random_state=seed, cache_size=_CACHE)
    else:
        # The primal problem: the dual one takes forever where classes overlap.
        machine = LinearSVC(C=0.1, dual=False, max_iter=MAX_ITERATIONS, random_state=seed)
    return CalibratedClassifierCV(
        machine, method="temperature", cv=CALIBRATION_FOLDS, ensemble=False, n_jobs=1
    )


SVM = Family(
    name="svm",
    title="Support vector machine",
    make=make_svm,
    needs_scaling=True,
    grid={"classify__estimator__C": (0.1, 1.0, 10.0)},
    distributions={"classify__estimator__C": Uniform(0.01, 100.0)},
)
