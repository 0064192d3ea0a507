"""What a selection returns, and how it tells how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from deployer.packaging.documents import Candidate, Search

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Params", "Progress", "Selection", "Trial"]

Params = Mapping[str, Any]


class Progress(Protocol):
    """Where a selection tells how far it is; a bar on a terminal, usually."""

    def begin(self, total: int, what: str) -> None:
        """Begin `total` tasks, called `what`."""

    def advance(self, n: int, note: str = "") -> None:
        """Tell that `n` more are done; `note` is the best so far, in words."""

    def finish(self) -> None:
        """Tell that no more will come, whether all were done or not."""


@dataclass(frozen=True)
class Trial:
    """One family at its best setting.

    Attributes:
        family: such as ``softmax``.
        params: as the pipeline's ``set_params`` takes them; empty for the family's own defaults
            where nothing was searched.
        folds: the deciding metric in each fold that defines it, greater being better; empty if
            fewer than two do, and `mean` is then of all rows at once.
        mean: their mean; None if no setting finished.
        std: their standard deviation (n - 1); None where there is none.
        tried: how many settings of the family were fitted.
        problem: why it is out, if it is.
        warnings: of its fits, such as those that did not converge.

    """

    family: str
    params: dict[str, Any]
    folds: tuple[float, ...]
    mean: float | None
    std: float | None
    tried: int
    problem: str = ""
    warnings: tuple[str, ...] = ()

    def document(self) -> Candidate:
        """Return it as ``model.json`` has it; what JSON has no word for is written as text."""
        return Candidate(
            family=self.family,
            params={name: _plain(value) for name, value in self.params.items()},
            tried=self.tried,
            mean=self.mean,
            std=self.std,
            folds=self.folds,
            problem=self.problem,
        )


@dataclass(frozen=True)
class Selection:
    """What was chosen, and how it came about.

    Attributes:
        search: for ``model.json``.
        best: the winner.
        out_of_fold: probabilities, float64 of shape (N, classes), of the winner for the training
            rows, every row by a model that did not see it. A class that a model never saw has
            probability 0 there.
        trials: every family at its best; the winner first, those with a problem last.
        warnings: what a person should know.

    """

    search: Search
    best: Trial
    out_of_fold: "NDArray[Any]"
    trials: tuple[Trial, ...]
    warnings: list[str] = field(default_factory=list)


def _plain(value: Any) -> bool | int | float | str | None:
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
