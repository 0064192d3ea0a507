"""An evaluation in a terminal: a few tables, the worst first."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deployer.cli.output import Output, printable
from deployer.evaluation.metrics import METRICS, Metric
from deployer.packaging.documents import Baseline, Evaluation, Score, Threshold

if TYPE_CHECKING:
    from rich.text import Text

    from deployer.evaluation.package import PackageEvaluation
    from deployer.packaging.load import LoadedModel

__all__ = ["print_evaluation"]

_BINARY = ("precision", "recall", "f1", "roc_auc", "average_precision")
_MULTICLASS = ("roc_auc_ovr_macro", "average_precision_macro")
_ALWAYS = ("accuracy", "balanced_accuracy", "f1_macro")
_CALIBRATION = ("log_loss", "brier", "calibration_error")
_MAX_CONFUSION = 12  # classes: a wider matrix says nothing in a terminal
_MAX_SLICES = 8
_MAX_IMPORTANCES = 8


def print_evaluation(model: "LoadedModel", found: "PackageEvaluation", output: Output) -> None:
    """Print the scores with their meaning, then where the model is weak.

    With ``-v`` every score is shown, otherwise those that most people ask for.
    """
    from deployer.evaluation.package import deciding_metric  # noqa: PLC0415 - slow to import

    evaluation = found.evaluation
    deciding = deciding_metric(model.document)
    shown = list(METRICS) if output.verbose else _usual(evaluation)
    names = list(dict.fromkeys([deciding, *shown]))
    _scores([METRICS[name] for name in names if name in evaluation.metrics.scores], found, output)
    _in_words(model.document.training.choice.metric, evaluation.metrics.baseline, output)
    _classes(evaluation, output)
    _confusion(evaluation, output)
    _slices(evaluation, output)
    _thresholds(evaluation, model.schema.outputs.label.threshold, output)
    _importances(evaluation, METRICS[deciding], output)
    _drift(found, output)


def _usual(evaluation: Evaluation) -> list[str]:
    ranking = _MULTICLASS if evaluation.positive is None else _BINARY
    return [*_ALWAYS, *ranking, *_CALIBRATION]


def _scores(metrics: Iterable[Metric], found: "PackageEvaluation", output: Output) -> None:
    measured = found.evaluation.metrics
    level = f"{measured.confidence * 100:g}% interval"
    positive = found.evaluation.positive
    about = f", positive: '{positive}'" if positive is not None else ""
    rows = []
    for metric in metrics:
        score = measured.scores[metric.name]
        rows.append([metric.title, _number(score.value), _interval(score), metric.gist])
    output.table([f"On {measured.rows} rows{about}", "Score", level, "Meaning"], rows)


def _in_words(chosen_by: str, base: Baseline | None, output: Output) -> None:
    metric = METRICS.get(chosen_by)
    words = (
        "The model and its threshold were chosen by what errors cost."
        if metric is None
        else f"The model was chosen by {metric.title}. {metric.meaning}"
    )
    if base is not None:
        words += (
            f" Always answering '{base.label}' would have an accuracy of {base.accuracy:.3f} and "
            f"a macro F1 of {base.macro_f1:.3f}."
        )
    output.out.print(printable(words), markup=False, soft_wrap=False)


def _classes(evaluation: Evaluation, output: Output) -> None:
    rows = [
        [
            each.label,
            each.support,
            _number(each.precision),
            _number(each.recall),
            _interval(Score(value=each.recall, low=each.recall_low, high=each.recall_high)),
            _number(each.f1),
            _number(each.roc_auc),
        ]
        for each in sorted(evaluation.metrics.classes, key=lambda each: each.recall)
    ]
    level = f"{evaluation.metrics.confidence * 100:g}% interval"
    output.table(["Class", "Rows", "Precision", "Recall", level, "F1", "ROC-AUC"], rows)


def _confusion(evaluation: Evaluation, output: Output) -> None:
    labels = [each.label for each in evaluation.metrics.classes]
    if len(labels) > _MAX_CONFUSION:
        return
    rows = [
        [f"is {label}", *row]
        for label, row in zip(labels, evaluation.metrics.confusion, strict=True)
    ]
    output.table(["Rows", *(f"said {label}" for label in labels)], rows)


def _slices(evaluation: Evaluation, output: Output) -> None:
    if not evaluation.slices:
        return
    rows = [
        [
            f"{each.column} = {each.value}",
            each.rows,
            _number(each.accuracy.value),
            _interval(each.accuracy),
            _number(each.f1_macro.value),
        ]
        for each in evaluation.slices[:_MAX_SLICES]
    ]
    level = f"{evaluation.metrics.confidence * 100:g}% interval"
    title = "Slices, the worst first"
    if len(evaluation.slices) > _MAX_SLICES:
        title = f"The worst {_MAX_SLICES} of {len(evaluation.slices)} slices"
    output.table([title, "Rows", "Accuracy", level, "Macro F1"], rows)


def _thresholds(evaluation: Evaluation, own: float | None, output: Output) -> None:
    if not evaluation.thresholds:
        return
    own = 0.5 if own is None else own
    costs = [each.cost for each in evaluation.thresholds if each.cost is not None]
    cheapest = min(costs, default=None)
    rows = []
    for each in _some(evaluation.thresholds, own, cheapest):
        marks = [
            *(["in use"] if each.threshold == own else []),
            *(["cheapest"] if cheapest is not None and each.cost == cheapest else []),
        ]
        rows.append(
            [
                _number(each.threshold),
                each.false_positive,
                each.false_negative,
                _number(each.precision),
                _number(each.recall),
                _number(each.cost if costs else each.f1),
                ", ".join(marks),
            ]
        )
    columns = ["Threshold", "False alarms", "Misses", "Precision", "Recall"]
    # Not both: eighty columns must do.
    output.table([*columns, "Cost/row" if costs else "F1", ""], rows)


def _some(thresholds: Iterable[Threshold], own: float, cheapest: float | None) -> list[Threshold]:
    """Return every tenth, and those that are special."""
    return [
        each
        for each in thresholds
        if each.threshold == own
        or (cheapest is not None and each.cost == cheapest)
        or abs(each.threshold * 10 - round(each.threshold * 10)) < 1e-9  # noqa: PLR2004 - rounding
    ]


def _importances(evaluation: Evaluation, metric: Metric, output: Output) -> None:
    listed = [each for each in evaluation.importances if each.mean > 0][:_MAX_IMPORTANCES]
    verb = "falls" if metric.greater_is_better else "rises"
    if listed:
        output.table(
            ["The model relies on", f"if shuffled, {metric.title} {verb} by", "± over repeats"],
            [[each.column, _number(each.mean), _number(each.std)] for each in listed],
        )


def _drift(found: "PackageEvaluation", output: Output) -> None:
    moved = [each for each in found.drift if each.level in {"some", "strong"}]
    if moved:
        moved.sort(key=lambda each: -(each.psi or 0))
        output.table(
            ["Unlike the rows fitted on", "Stability index", "Drift"],
            [[each.name, _number(each.psi), each.level] for each in moved[:_MAX_SLICES]],
        )


def _interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return ""
    return f"{score.low:.3f} to {score.high:.3f}"


def _number(value: float | None) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only to draw

    # A Text, because a float would drop its trailing zeros.
    return Text("-" if value is None else f"{value:.3f}", justify="right")
