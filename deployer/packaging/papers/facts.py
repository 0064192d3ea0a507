"""What a reader of a model's papers must know before using it: sentences that follow from numbers.

Nothing here is an opinion: each sentence is there because a number of the model's own makes it so.
"""

from collections.abc import Iterator

from deployer.packaging.documents import (
    CategoricalInput,
    Evaluation,
    Metrics,
    ModelDocument,
    Schema,
    Score,
)

__all__ = ["FEW_ROWS", "interval", "limits_of", "number", "percent", "quoted", "use_of"]

FEW_ROWS = 30
"""Fewer held-out rows of a class or a slice than this are called few."""

_WORST = 3
_LEAST = 0.0005


def number(value: float | None) -> str:
    """Return `value` with three decimals, or two digits if it is less than that shows."""
    if value is None:
        return "n/a"
    return f"{value:.2g}" if 0 < abs(value) < _LEAST else f"{value:.3f}"


def percent(share: float) -> str:
    """Return `share` in percent."""
    return f"{100 * share:.3g}%"


def quoted(text: str) -> str:
    """Return `text` in quotes on one line, cut after 60 characters."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= 60 else line[:59] + '…'}”"  # noqa: PLR2004 - as said


def use_of(document: ModelDocument) -> str:
    """Return what the model is for, as far as it is known."""
    return (
        f"It tells which of {len(document.classes)} classes of {quoted(document.target)} a row of "
        "a table belongs to, if the row comes from where the training rows came from."
    )


def limits_of(
    document: ModelDocument, schema: Schema, metrics: Metrics, evaluation: Evaluation | None = None
) -> list[str]:
    """Return what is known to limit the model, one sentence each.

    Args:
        document: the entry document, complete or not.
        schema: what goes in and comes out.
        metrics: its scores on the held-out rows.
        evaluation: at length; without it, slices are not spoken of.

    """
    return [
        *_of_scores(metrics),
        *_of_classes(document, metrics),
        *(_of_slices(metrics, evaluation) if evaluation else ()),
        *_of_inputs(schema),
        *_of_answers(document, schema),
        *_of_training(document),
    ]


def _of_scores(metrics: Metrics) -> Iterator[str]:
    yield (
        f"All scores are of {metrics.rows} rows of the training table that were held out. Rows "
        "from another place or a later time may score otherwise."
    )
    accuracy = metrics.scores.get("accuracy")
    baseline = metrics.baseline
    if accuracy is None or accuracy.value is None or baseline is None:
        return
    least = accuracy.value if accuracy.low is None else accuracy.low
    if least <= baseline.accuracy:
        yield (
            "It is not shown to be better than no model at all: always answering "
            f"{quoted(baseline.label)} has an accuracy of {number(baseline.accuracy)}, the model "
            f"{interval(accuracy)}."
        )


def _of_classes(document: ModelDocument, metrics: Metrics) -> Iterator[str]:
    counts = document.training.classes
    few = sorted((each.support, each.label) for each in metrics.classes if each.support < FEW_ROWS)
    for support, label in few[:_WORST]:
        known = f", of {counts[label]} in the table" if label in counts else ""
        yield (
            f"Class {quoted(label)} had {support} held-out rows{known}: too few to say well how it "
            "is recognised."
        )
    if len(few) > _WORST:
        yield f"So it is with {len(few) - _WORST} more classes, of fewer than {FEW_ROWS} such rows."
    tested = [each for each in metrics.classes if each.support]
    worst = min(tested, key=lambda each: each.recall, default=None)
    if worst is not None and worst.recall < 1:
        yield (
            f"Class {quoted(worst.label)} is missed most often: {percent(1 - worst.recall)} of its "
            f"{worst.support} held-out rows were called something else."
        )


def _of_slices(metrics: Metrics, evaluation: Evaluation) -> Iterator[str]:
    overall = metrics.scores.get("accuracy")
    if overall is None or overall.value is None:
        return
    worse = [
        each
        for each in evaluation.slices
        if each.accuracy.high is not None and each.accuracy.high < overall.value
    ]
    for each in worse[:_WORST]:
        yield (
            f"It is worse where {quoted(each.column)} is {quoted(each.value)}: accuracy "
            f"{interval(each.accuracy)} on {each.rows} rows, {number(overall.value)} on all."
        )


def _of_inputs(schema: Schema) -> Iterator[str]:
    if any(isinstance(each, CategoricalInput) for each in schema.inputs):
        yield (
            "A category that no training row had counts as none of the known ones; the model "
            "answers all the same, and does not say so."
        )
    filled = [each.name for each in schema.inputs if not each.missing]
    if filled:
        yield (
            "A missing value is filled in, not refused; in "
            f"{len(filled)} of {len(schema.inputs)} columns no training row lacked one, so that "
            "what the model then answers was not measured."
        )


def _of_answers(document: ModelDocument, schema: Schema) -> Iterator[str]:
    yield "It always answers with one of its classes, however unlike the training rows a row is."
    label = schema.outputs.label
    if label.positive is not None and label.threshold is not None:
        yield (
            f"It answers {quoted(label.positive)} from a probability of "
            f"{number(label.threshold)} on, not from the larger of the two."
        )
    if document.serving.runtime == "skops":
        yield f"It needs scikit-learn to answer: {document.serving.reason or 'it has no ONNX file'}."


def _of_training(document: ModelDocument) -> Iterator[str]:
    rows = document.training.rows
    if rows.sampled is not None:
        yield f"Only {rows.sampled} rows of the table, drawn at random, were read."
    if rows.without_target:
        yield f"{rows.without_target} rows of the table had no class and taught it nothing."
    if document.training.search.budget_ended:
        yield "The search for it ended when its time was over: a repetition may find another."


def interval(score: Score) -> str:
    """Return `score` with its interval, if it has one."""
    if score.low is None or score.high is None:
        return number(score.value)
    return f"{number(score.value)} ({number(score.low)} to {number(score.high)})"
