"""Parity: agreement passes, any disagreement fails, and fails in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from deployer.errors import FailedError
from deployer.packaging.parity import TOLERANCE, compare
from deployer.packaging.runtime import Prediction

LABELS = np.array(["a", "b", "a"], dtype=object)
SHARES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], dtype=np.float32)


def off_by(difference: float) -> Prediction:
    shares = SHARES.astype(np.float64)
    shares[1, 0] += difference
    return Prediction(LABELS, shares)  # type: ignore[arg-type]


def test_the_largest_difference_is_measured() -> None:
    parity = compare(off_by(0), off_by(-5e-6))
    assert parity.rows == parity.labels_equal == 3
    assert parity.max_probability_difference == pytest.approx(5e-6, rel=1e-6)
    assert parity.tolerance == TOLERANCE == 1e-5


@pytest.mark.parametrize(
    "actual",
    [
        lambda: off_by(1.1e-5),
        lambda: off_by(-1.1e-5),
        lambda: off_by(np.nan),
        lambda: Prediction(np.array(["a", "b", "b"], dtype=object), SHARES),
    ],
)
def test_a_disagreement_fails(actual: Callable[[], Prediction]) -> None:
    with pytest.raises(FailedError, match=r"\d of 3 labels agree") as caught:
        compare(off_by(0), actual())
    assert "\n" not in str(caught.value)


def test_the_order_of_opsets_does_not_depend_on_the_process(trained: Path) -> None:
    model = onnx.load(trained / "model.onnx")
    domains = [opset.domain for opset in model.opset_import]
    assert len(domains) > 1
    assert domains == sorted(domains)
