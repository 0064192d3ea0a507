"""Whether the ONNX file answers as the pipeline it came from."""

from deployer.errors import FailedError
from deployer.packaging.documents import Parity
from deployer.packaging.runtime import Prediction

__all__ = ["TOLERANCE", "compare"]

# The largest difference between two probabilities that still counts as the same answer. Both
# sides compute in float64 and round to float32 (1.2e-7); the rest is room for an exponential of
# another library, and for pipelines that were fitted on float32. No family needs more.
TOLERANCE = 1e-5
# Rows looked at at a time.
_BATCH_ROWS = 65_536


def compare(expected: Prediction, actual: Prediction, *, tolerance: float = TOLERANCE) -> Parity:
    """Return how far `actual` is from `expected`, row by row.

    Raises:
        FailedError: a label differs, or a probability by more than `tolerance`.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    rows = len(expected.labels)
    equal, largest = 0, 0.0
    for start in range(0, rows, _BATCH_ROWS):
        part = slice(start, start + _BATCH_ROWS)
        equal += int(np.sum(expected.labels[part] == actual.labels[part]))
        differences = np.abs(
            expected.probabilities[part].astype(np.float64)
            - actual.probabilities[part].astype(np.float64)
        )
        # Not the built-in max, which may lose a NaN.
        largest = float(np.maximum(largest, differences.max(initial=0.0)))
    # Not ">": a NaN must fail too.
    if equal != rows or not largest <= tolerance:
        raise FailedError(
            f"the ONNX model does not answer as the scikit-learn pipeline: {equal} of {rows} "
            f"labels agree, probabilities differ by up to {largest:.2g} (allowed {tolerance:g})",
            hint="rescale columns with extreme values, or leave them out with --drop",
        )
    return Parity(
        rows=rows,
        labels_equal=equal,
        max_probability_difference=largest,
        tolerance=tolerance,
    )
