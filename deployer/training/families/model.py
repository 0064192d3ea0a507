"""What a family is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["MAX_ITERATIONS", "Family", "Uniform", "Value"]

Value = bool | int | float | str | None

# Of every solver that counts its steps.
MAX_ITERATIONS = 1000


@dataclass(frozen=True)
class Uniform:
    """A logarithmic uniform distribution, with the one method of scipy's that a search calls.

    Attributes:
        low: above 0.
        high: above `low`.

    """

    low: float
    high: float

    def rvs(self, *, random_state: Any) -> float:
        """Return a number between `low` and `high`, drawn from a NumPy ``RandomState``."""
        share = float(random_state.uniform())
        # Four digits are enough, and do not depend on the platform's logarithm.
        return float(f"{self.low * (self.high / self.low) ** share:.4g}")


@dataclass(frozen=True)
class Family:
    """One kind of classifier.

    Attributes:
        name: as in ``--candidates``.
        title: for people.
        make: called with the seed, the number of rows and that of classes.
        needs_scaling: whether numbers must have mean 0 and variance 1.
        dense: whether it needs every cell in memory, zeros included.
        grid: parameter of the whole pipeline to the values that a grid search tries.
        distributions: parameter of the whole pipeline to a list, or to what has the method
            ``rvs(random_state=…)`` of scipy's distributions.

    """

    name: str
    title: str
    make: Callable[[int, int, int], Any]
    needs_scaling: bool
    dense: bool = False
    grid: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    distributions: Mapping[str, Any] = field(default_factory=dict)

    def estimator(self, *, seed: int, rows: int, classes: int) -> Any:
        """Return the scikit-learn classifier, not fitted; it has ``predict_proba``.

        Args:
            seed: of all that is drawn at random.
            rows: about as many as it will be fitted on.
            classes: how many there are.

        """
        return self.make(seed, rows, classes)
