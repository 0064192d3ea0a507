"""``metrics.json`` and ``evaluation.json``: what a model scores, short and at length."""

from typing import Literal

from deployer.packaging.documents.base import Count, Document, Sha256, Share

__all__ = [
    "Baseline",
    "CalibrationBin",
    "ClassCurves",
    "ClassMetrics",
    "Curve",
    "Evaluation",
    "Importance",
    "Metrics",
    "Parity",
    "Score",
    "Slice",
    "Threshold",
]


class Score(Document, frozen=True, kw_only=True):
    """One number with its bootstrap confidence interval.

    Attributes:
        value: None where it is not defined, such as an area under a curve with one class only.
        low: lower end of the interval, None where there is none.
        high: its upper end.

    """

    value: float | None
    low: float | None = None
    high: float | None = None


class ClassMetrics(Document, frozen=True, kw_only=True):
    """One class against the rest; `support` counts its rows."""

    label: str
    support: Count
    precision: Share
    recall: Share
    f1: Share
    recall_low: Share | None = None
    recall_high: Share | None = None
    roc_auc: Share | None = None
    average_precision: Share | None = None


class Baseline(Document, frozen=True, kw_only=True):
    """What always answering with the commonest class of the training rows would score."""

    label: str
    accuracy: Share
    macro_f1: Share


class Parity(Document, frozen=True, kw_only=True):
    """How far the ONNX file and the scikit-learn pipeline are apart, over `rows` rows."""

    rows: Count
    labels_equal: Count
    max_probability_difference: float
    tolerance: float


class Metrics(Document, frozen=True, kw_only=True):
    """``metrics.json``: what the model as it is served scores on rows held out from fitting.

    Attributes:
        rows: how many there are.
        confidence: of the intervals, such as 0.95.
        resamples: of the bootstrap that the intervals come from.
        scores: name to number, such as ``accuracy``, ``f1_macro``, ``roc_auc_ovr_macro``.
        baseline: of the constant answer; None if the training rows' classes are not known.
        classes: one by one, in the model's order.
        confusion: rows per true class (outer) and predicted class (inner), in the model's order.

    """

    rows: Count
    confidence: Share
    resamples: Count
    scores: dict[str, Score]
    baseline: Baseline | None = None
    classes: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[Count, ...], ...]


class Curve(Document, frozen=True, kw_only=True):
    """A curve through points, thinned to what can be drawn."""

    x: tuple[float, ...]
    y: tuple[float, ...]


class CalibrationBin(Document, frozen=True, kw_only=True):
    """Rows whose predicted probability fell into one bin: what was said and what came."""

    predicted: Share
    observed: Share
    rows: Count


class ClassCurves(Document, frozen=True, kw_only=True):
    """The curves of one class against the rest; None where the class or its rest has no row."""

    label: str
    roc: Curve | None
    precision_recall: Curve | None
    calibration: tuple[CalibrationBin, ...]


class Slice(Document, frozen=True, kw_only=True):
    """The rows of one value of one column."""

    column: str
    value: str
    rows: Count
    accuracy: Score
    f1_macro: Score


class Threshold(Document, frozen=True, kw_only=True):
    """What a binary model scores when `positive` needs at least this probability.

    Attributes:
        cost: of the errors, per row, if costs are known.

    """

    threshold: Share
    true_positive: Count
    false_positive: Count
    false_negative: Count
    true_negative: Count
    precision: Share
    recall: Share
    f1: Share
    cost: float | None = None


class Importance(Document, frozen=True, kw_only=True):
    """How much the score falls when the values of one column are shuffled."""

    column: str
    mean: float
    std: float


class Evaluation(Document, frozen=True, kw_only=True):
    """``evaluation.json``: everything that was measured on some labelled rows.

    Attributes:
        metrics: the numbers.
        source: ``holdout`` of the training table, or ``data``, another table.
        data: hex SHA-256 of the file the rows come from.
        rows_seen: rows that the model was fitted on, left out of everything here; None if the
            package does not say which those are.
        curves: one entry per class.
        confidence_bins: calibration of the predicted class, whichever it is.
        positive: the class that thresholds are about; None with three classes or more.
        thresholds: of a binary model, ascending.
        slices: by the values of categorical columns, the worst first.
        importances: the greatest first.

    """

    metrics: Metrics
    source: Literal["holdout", "data"]
    data: Sha256
    rows_seen: Count | None = None
    curves: tuple[ClassCurves, ...]
    confidence_bins: tuple[CalibrationBin, ...]
    positive: str | None = None
    thresholds: tuple[Threshold, ...] = ()
    slices: tuple[Slice, ...] = ()
    importances: tuple[Importance, ...] = ()
