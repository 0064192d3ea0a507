"""Everything that is measured on some labelled rows: ``evaluation.json``."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from deployer.evaluation.curves import class_curves, confidence_bins
from deployer.evaluation.measure import measure
from deployer.evaluation.outcomes import encode
from deployer.evaluation.slices import slices
from deployer.evaluation.thresholds import threshold_table
from deployer.packaging.documents import Costs, Evaluation, Importance, Metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["evaluate"]

_NO_COLUMNS: "Mapping[str, NDArray[Any]]" = MappingProxyType({})


def evaluate(
    labels: "Sequence[str] | NDArray[Any]",
    predicted: "Sequence[str] | NDArray[Any]",
    probabilities: "NDArray[Any]",
    classes: Sequence[str],
    *,
    source: Literal["holdout", "data"],
    data: str,
    positive: str | None = None,
    threshold: float | None = None,
    costs: Costs | None = None,
    columns: "Mapping[str, NDArray[Any]]" = _NO_COLUMNS,
    rows_seen: int | None = None,
    importances: Sequence[Importance] = (),
    baseline: str | None = None,
    metrics: Metrics | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Return the scores of N > 0 rows with K classes, and what helps to understand them.

    Args:
        labels: the true classes.
        predicted: the answers.
        probabilities: of shape (N, K), in the order of `classes`.
        classes: that the model knows, sorted.
        source: where the rows come from.
        data: hex SHA-256 of their file.
        positive: of a binary problem, the class that errors are counted against.
        threshold: of the model, from which it answers `positive`; None for 0.5.
        costs: of the errors of a binary problem.
        columns: those to slice by: text of shape (N,) or (N, 1), ``""`` where missing.
        rows_seen: rows that were left out because the model was fitted on them.
        importances: from :func:`~deployer.evaluation.importances.importances`.
        baseline: the commonest class of the rows fitted on.
        metrics: what :func:`~deployer.evaluation.measure.measure` returned for the same rows, if
            it has been called already.
        confidence: of the intervals.
        resamples: of the bootstrap; 0 for no intervals.
        seed: of the bootstrap.

    Raises:
        ValueError: no rows, a label that is no class, or lengths that do not fit.

    """
    outcomes = encode(labels, predicted, probabilities, classes, positive)
    if metrics is None:
        metrics = measure(
            labels,
            predicted,
            probabilities,
            classes,
            positive=positive,
            baseline=baseline,
            confidence=confidence,
            resamples=resamples,
            seed=seed,
        )
    return Evaluation(
        metrics=metrics,
        source=source,
        data=data,
        rows_seen=rows_seen,
        curves=class_curves(outcomes),
        confidence_bins=confidence_bins(outcomes),
        positive=positive,
        thresholds=(
            () if positive is None else threshold_table(outcomes, own=threshold, costs=costs)
        ),
        slices=slices(outcomes, columns, confidence=confidence, resamples=resamples, seed=seed),
        importances=tuple(importances),
    )
