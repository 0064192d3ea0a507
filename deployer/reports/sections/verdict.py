"""Whether the model is any good, in one sentence with the numbers."""

from typing import Literal

from deployer.packaging.documents import Evaluation, ModelDocument, Score
from deployer.reports.charts.text import count, fixed, percent, shorten

__all__ = ["headline", "source_words", "subtitle", "verdict"]

Tone = Literal["good", "unsure", "bad"]


def subtitle(document: ModelDocument, evaluation: Evaluation) -> str:
    """Return what the page is about, in a line."""
    return (
        f"{document.family} model that tells {len(document.classes)} classes of "
        f"{shorten(document.target, 40)} apart, measured on {count(evaluation.metrics.rows)} rows "
        f"{source_words(evaluation)}"
    )


def source_words(evaluation: Evaluation) -> str:
    """Return where the rows come from, to be put after "rows"."""
    if evaluation.source == "holdout":
        return "held out from training"
    seen = evaluation.rows_seen
    if seen is None:
        return "of another table, some of which the model may have seen in training"
    if seen:
        return f"of another table ({count(seen)} that the model was fitted on are left out)"
    return "of another table, none of which the model was fitted on"


def verdict(evaluation: Evaluation) -> tuple[Tone, str]:
    """Return how sure one can be that the model beats a constant answer, and that in words."""
    metrics = evaluation.metrics
    accuracy = metrics.scores.get("accuracy", Score(value=None))
    if accuracy.value is None:
        return "unsure", f"The accuracy on these {count(metrics.rows)} rows is not defined."
    between = ""
    if accuracy.low is not None and accuracy.high is not None:
        level = percent(metrics.confidence, 0)
        between = (
            f" ({level} confidence interval {percent(accuracy.low)} to {percent(accuracy.high)})"
        )
    right = (
        f"The model is right on {percent(accuracy.value)} of {count(metrics.rows)} rows{between}."
    )
    if metrics.baseline is None:
        return "unsure", f"{right} What a constant answer would score is not known."
    constant = metrics.baseline.accuracy
    always = (
        f"Always answering “{shorten(metrics.baseline.label, 40)}”, the commonest class in "
        f"training, would be right on {percent(constant)}"
    )
    low = accuracy.value if accuracy.low is None else accuracy.low
    high = accuracy.value if accuracy.high is None else accuracy.high
    if low > constant:
        return "good", f"{right} {always}: the model is clearly better than that."
    if high < constant:
        return "bad", f"{right} {always}: the model is worse than that."
    return "unsure", (
        f"{right} {always}: on so few rows, that the model is better may be chance."
        if accuracy.value > constant
        else f"{right} {always}: the model has not been shown to be better than that."
    )


def headline(document: ModelDocument, evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """Return the few numbers that matter most: name, number, and what is beside it."""
    metrics = evaluation.metrics
    wanted = (
        ("Accuracy", "accuracy"),
        ("Macro F1", "f1_macro"),
        ("ROC AUC", "roc_auc_ovr_macro"),
        ("ROC AUC", "roc_auc"),
    )
    known = {name for name, score in metrics.scores.items() if score.value is not None}
    shown = [_score(title, name, evaluation) for title, name in wanted if name in known][:3]
    if len(shown) < len(wanted) - 1:
        shown.append(("Rows", count(metrics.rows), "evaluated"))
    worst = min((each for each in metrics.classes if each.support), key=_recall, default=None)
    if worst is not None:
        beside = f"{shorten(worst.label, 30)}, {count(worst.support)} rows"
        shown.append(("Lowest recall of a class", fixed(worst.recall), beside))
    return shown


def _recall(each: object) -> float:
    return float(getattr(each, "recall", 0.0))


def _score(title: str, name: str, evaluation: Evaluation) -> tuple[str, str, str]:
    score = evaluation.metrics.scores.get(name, Score(value=None))
    beside = "" if score.low is None else f"{fixed(score.low)} to {fixed(score.high)}"
    return title, fixed(score.value), beside
