"""How a model came about: the part of ``model.json`` that it takes to repeat the training."""

from typing import Literal

from deployer.packaging.documents.base import Count, Document, Sha256

__all__ = [
    "Candidate",
    "Choice",
    "Costs",
    "Finding",
    "IgnoredColumn",
    "RowCounts",
    "Search",
    "TrainingData",
    "TrainingRun",
]


class RowCounts(Document, frozen=True, kw_only=True):
    """Where the table's rows went; `sampled` is how many of them were read, if not all."""

    table: Count
    without_target: Count
    train: Count
    test: Count
    sampled: Count | None = None


class IgnoredColumn(Document, frozen=True, kw_only=True):
    """A column of the table that the model does not use, and why."""

    name: str
    reason: str


class Finding(Document, frozen=True, kw_only=True):
    """What the quality report found: where, what, and what to do about it."""

    level: Literal["info", "warning"]
    code: str
    column: str | None = None
    message: str
    advice: str = ""


class TrainingData(Document, frozen=True, kw_only=True):
    """The table as bytes."""

    sha256: Sha256
    size: Count
    format: Literal["csv", "parquet", "jsonl"]


class Costs(Document, frozen=True, kw_only=True):
    """What one error of a binary model costs, in a unit of the user's."""

    false_positive: float
    false_negative: float


class Choice(Document, frozen=True, kw_only=True):
    """The metric that decided, and why.

    Attributes:
        asked: what was asked for, such as ``auto``.
        metric: what decided.
        why: in words, with the numbers that led to it.
        positive: the class that errors are counted against; binary only.
        costs: of errors, if given.

    """

    asked: str
    metric: str
    why: str
    positive: str | None = None
    costs: Costs | None = None


class Candidate(Document, frozen=True, kw_only=True):
    """One family at its best: cross-validated on the training rows only.

    Attributes:
        family: such as ``softmax``.
        params: those that were searched, at their best.
        tried: how many settings were fitted.
        mean: of the deciding metric over the folds, greater being better; None if none finished.
        std: its spread over the folds (standard deviation, n - 1).
        folds: the metric in each fold.
        problem: why it is out, if it is.

    """

    family: str
    params: dict[str, bool | int | float | str | None]
    tried: Count
    mean: float | None
    std: float | None
    folds: tuple[float, ...]
    problem: str = ""


class Search(Document, frozen=True, kw_only=True):
    """How the candidates were compared.

    Attributes:
        strategy: ``none`` fits each family once, as it is.
        budget_ended: whether the time ran out first; the outcome then depends on the machine.
        candidates: the best first.

    """

    strategy: Literal["none", "grid", "random", "halving"]
    folds: Count
    budget_ended: bool
    candidates: tuple[Candidate, ...]


class TrainingRun(Document, frozen=True, kw_only=True):
    """What it takes to repeat the training.

    Attributes:
        classes: rows per class, held-out rows included.

    """

    data: TrainingData
    seed: int
    test_size: float
    rows: RowCounts
    classes: dict[str, int]
    ignored: tuple[IgnoredColumn, ...]
    choice: Choice
    search: Search
    findings: tuple[Finding, ...] = ()
