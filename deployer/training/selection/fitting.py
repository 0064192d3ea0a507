"""One task: fit a setting of a family on all folds but one, predict that one."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from deployer.errors import DeployerError
from deployer.training.families import FAMILIES, build_pipeline, fit
from deployer.training.selection.model import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Data", "Outcome", "Task", "predict_fold"]


class Task(NamedTuple):
    """What to fit; `share` is the part of the rows that takes part, 1 for all."""

    family: str
    setting: int
    params: Params
    fold: int
    share: float = 1.0


@dataclass(frozen=True)
class Data:
    """Everything that tasks have in common. There is no row in it that is held out for the end.

    Attributes:
        frame: data frame of N rows.
        labels: their classes, text of shape (N,).
        codes: their classes' places in `classes`, of shape (N,).
        of_row: of :class:`~deployer.training.selection.folds.Folds`.
        rank: of :class:`~deployer.training.selection.folds.Folds`.
        classes: in the order of the columns of probabilities.
        kinds: of the frame's columns.
        seed: of the estimators.
        select: columns to keep, or None for all.
        pca: components to keep, or None for no PCA.

    """

    frame: Any
    labels: "NDArray[Any]"
    codes: "NDArray[Any]"
    of_row: "NDArray[Any]"
    rank: "NDArray[Any]"
    classes: Sequence[str]
    kinds: Mapping[str, Any]
    seed: int
    select: int | None = None
    pca: float | None = None

    def pipeline(self, family: str) -> Any:
        """Return the family's pipeline, not fitted.

        It is the one for all rows in each fold and sample: some families change with the number
        of rows, and what is found on a sample must hold for what is fitted in the end.
        """
        return build_pipeline(
            FAMILIES[family],
            self.kinds,
            seed=self.seed,
            rows=len(self.labels),
            classes=len(self.classes),
            select=self.select,
            pca=self.pca,
        )

    def sample(self, share: float) -> "NDArray[Any]":
        """Return which rows take part, bool of shape (N,)."""
        taking: NDArray[Any] = self.rank < share
        return taking


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        probabilities: float64 of shape (rows of the fold, classes); None after a problem.
        warnings: of the fit.
        problem: why there are no probabilities.

    """

    probabilities: "NDArray[Any] | None"
    warnings: Sequence[str] = field(default=())
    problem: str = ""


def predict_fold(data: Data, task: Task) -> Outcome:
    """Return the probabilities of the fold's rows, by a model fitted on the other folds' rows.

    Everything runs on one thread: the order of sums, and so the last bit, must not depend on the
    machine's cores.
    """
    import numpy as np  # noqa: PLC0415 - slow to import
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    taking = data.sample(task.share)
    held_out = data.of_row == task.fold
    fitted = np.flatnonzero(taking & ~held_out)
    asked = np.flatnonzero(taking & held_out)
    seen = np.unique(data.codes[fitted])
    if len(seen) == 1:
        # No classifier learns from one class; what it has to answer is plain.
        return Outcome(_columns(np.ones((len(asked), 1)), seen, data))
    with threadpool_limits(1), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            pipeline = data.pipeline(task.family).set_params(**task.params)
            warned = fit(pipeline, data.frame.iloc[fitted], data.labels[fitted].tolist())
            found = pipeline.predict_proba(data.frame.iloc[asked])
        except DeployerError as error:
            return Outcome(None, problem=error.message)
        except Exception as error:  # noqa: BLE001 - one candidate's failure is not the search's
            return Outcome(None, problem=_named(error))
    if not np.isfinite(found).all():
        return Outcome(None, problem="it answers with probabilities that are no numbers")
    known = {label: i for i, label in enumerate(data.classes)}
    places = np.asarray([known[str(label)] for label in pipeline.classes_])
    return Outcome(_columns(found, places, data), warned)


def _columns(found: "NDArray[Any]", places: "NDArray[Any]", data: Data) -> "NDArray[Any]":
    """Put the columns in the order of all classes; one that the model never saw gets 0."""
    import numpy as np  # noqa: PLC0415 - slow to import

    probabilities = np.zeros((len(found), len(data.classes)), dtype=np.float64)
    probabilities[:, places] = found
    return probabilities


def _named(error: Exception) -> str:
    text = next(iter(str(error).splitlines()), "")
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind
