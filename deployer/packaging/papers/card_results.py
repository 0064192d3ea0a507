"""The part of a model card that says what the model scores."""

from collections.abc import Sequence

from deployer.packaging.documents import ClassMetrics, Evaluation, Metrics, Score
from deployer.packaging.papers.facts import FEW_ROWS, interval, number, percent
from deployer.packaging.papers.markdown import escaped, table

__all__ = ["results"]

_MATRIX = 12
_CLASSES = 50
_SHOWN = 10


def results(metrics: Metrics, evaluation: Evaluation | None) -> list[str]:
    """Return the lines of the section."""
    lines = [
        "## Results",
        "",
        (
            f"On {metrics.rows} held-out rows. Intervals are of {percent(metrics.confidence)} "
            f"confidence, from {metrics.resamples} bootstrap resamples."
        ),
        "",
        *table(
            ["score", "value", "interval"],
            [[name, *_score(score)] for name, score in metrics.scores.items()],
            numbers=2,
        ),
    ]
    if metrics.baseline is not None:
        base = metrics.baseline
        lines += [
            (
                f"Always answering {escaped(base.label) or '(empty)'}, the commonest class, would have "
                f"an accuracy of {number(base.accuracy)} and a macro F1 of {number(base.macro_f1)}."
            ),
            "",
        ]
    lines += [*_classes(metrics.classes), *_confusion(metrics)]
    return lines if evaluation is None else [*lines, *_at_length(evaluation)]


def _score(score: Score) -> tuple[str, str]:
    if score.low is None or score.high is None:
        return number(score.value), number(None)
    return number(score.value), f"{number(score.low)} to {number(score.high)}"


def _classes(classes: Sequence[ClassMetrics]) -> list[str]:
    shown = sorted(classes, key=lambda each: each.recall)[:_CLASSES]
    many = len(shown) < len(classes)
    listed = shown if many else classes
    return [
        "### Classes",
        "",
        *([f"The {len(shown)} of {len(classes)} with the least recall.", ""] if many else []),
        *table(
            ["class", "rows", "precision", "recall", "recall, interval", "F1"],
            [
                [
                    each.label,
                    f"{each.support}{' (few)' if each.support < FEW_ROWS else ''}",
                    number(each.precision),
                    *_score(Score(value=each.recall, low=each.recall_low, high=each.recall_high)),
                    number(each.f1),
                ]
                for each in listed
            ],
            numbers=5,
        ),
    ]


def _confusion(metrics: Metrics) -> list[str]:
    labels = [each.label for each in metrics.classes]
    lines = ["### Confusion matrix", ""]
    if len(labels) <= _MATRIX:
        return [
            *lines,
            "Rows are the true classes, columns the answers.",
            "",
            *table(
                ["true class", *labels],
                [
                    [label, *map(str, row)]
                    for label, row in zip(labels, metrics.confusion, strict=True)
                ],
                numbers=len(labels),
            ),
        ]
    wrong = [
        (-count, labels[i], labels[j])
        for i, row in enumerate(metrics.confusion)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return [
        *lines,
        f"The commonest of the errors; {len(labels)} classes are too many for a table.",
        "",
        *table(
            ["true class", "answer", "rows"],
            [[true, answer, str(-count)] for count, true, answer in sorted(wrong)[:_SHOWN]],
            numbers=1,
        ),
    ]


def _at_length(evaluation: Evaluation) -> list[str]:
    lines = [
        "### Calibration",
        "",
        "The probability of the predicted class, and how often the answer was right.",
        "",
        *table(
            ["rows", "probability", "right"],
            [
                [str(each.rows), number(each.predicted), number(each.observed)]
                for each in evaluation.confidence_bins
                if each.rows
            ],
            numbers=3,
        ),
    ]
    if evaluation.slices:
        lines += [
            "### Where it is worst",
            "",
            *table(
                ["column", "value", "rows", "accuracy", "macro F1"],
                [
                    [
                        each.column,
                        each.value,
                        f"{each.rows}{' (few)' if each.rows < FEW_ROWS else ''}",
                        interval(each.accuracy),
                        interval(each.f1_macro),
                    ]
                    for each in evaluation.slices[:_SHOWN]
                ],
                numbers=3,
            ),
        ]
    if evaluation.importances:
        lines += [
            "### What it looks at",
            "",
            "How much the score falls when the values of a column are shuffled.",
            "",
            *table(
                ["column", "fall", "spread"],
                [
                    [each.column, f"{each.mean:.4f}", f"{each.std:.4f}"]
                    for each in evaluation.importances[:_SHOWN]
                ],
                numbers=2,
            ),
        ]
    return lines
