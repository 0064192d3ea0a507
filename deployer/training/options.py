"""What a person may decide about a training run."""

from dataclasses import dataclass
from typing import Literal

from deployer.packaging.documents import Costs

__all__ = ["DEFAULT_CANDIDATES", "Options", "Strategy"]

Strategy = Literal["none", "grid", "random", "halving"]

DEFAULT_CANDIDATES = ("softmax", "forest", "boosting")
"""A straight line, many trees side by side, and many trees one after the other."""


@dataclass(frozen=True)
class Options:
    """The decisions.

    Attributes:
        drop: columns to leave out.
        categorical: columns to read as categories, whatever they hold; likewise `text`, `dates`.
        test_size: share of the rows to hold out, between 0 and 1 exclusive, stratified by class.
        seed: of everything that is drawn: split, folds, settings, models, resamples.
        metric: what decides between candidates; ``auto`` chooses by the classes and costs.
        positive: the class that errors are counted against; binary only, default the rarer.
        costs: of errors; binary only.
        candidates: families to compare.
        strategy: how their settings are searched; ``none`` takes each as it is.
        trials: settings per family (random, halving).
        folds: of the cross-validation.
        budget: seconds for the comparison; None has no end.
        jobs: processes; None for as many as there are processors.
        select: keep this many features of the preprocessed ones, the best by themselves.
        pca: number of principal components, or the share of variance that they shall explain.
        sample: read this many rows of the file, drawn evenly.

    """

    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    test_size: float = 0.25
    seed: int = 0
    metric: str = "auto"
    positive: str | None = None
    costs: Costs | None = None
    candidates: tuple[str, ...] = DEFAULT_CANDIDATES
    strategy: Strategy = "random"
    trials: int = 5
    folds: int = 5
    budget: float | None = 300.0
    jobs: int | None = None
    select: int | None = None
    pca: float | None = None
    sample: int | None = None
