"""How good, by every metric, and why the deciding one was chosen."""

from deployer.evaluation.metrics import METRICS
from deployer.packaging.documents import Evaluation, ModelDocument, Score
from deployer.reports.blocks import Block, Figure, Grid, Section, Table, Words
from deployer.reports.charts.rows import Row, axis_floor, dot_rows
from deployer.reports.charts.text import fixed, percent

__all__ = ["choice_words", "metric_title", "scores_section"]

_LOSSES = frozenset(name for name, each in METRICS.items() if not each.greater_is_better)

_LABEL = 20
_SHORT = {"roc_auc": "ROC-AUC", "average_precision": "AP", "ovr": "OvR", "ovo": "OvO"}


def metric_title(name: str) -> str:
    """Return what people call the metric: ``macro F1``."""
    known = METRICS.get(name)
    return known.title if known else name


def choice_words(document: ModelDocument) -> str:
    """Return which metric decided."""
    choice = document.training.choice
    asked = "" if choice.asked == choice.metric else f" (asked for: {choice.asked})"
    return f"The metric that decided between models: {metric_title(choice.metric)}{asked}."


def scores_section(document: ModelDocument, evaluation: Evaluation) -> Section:
    """Return the section of scores: with intervals, those from 0 to 1 also drawn."""
    metrics = evaluation.metrics
    choice = document.training.choice
    blocks: list[Block] = [Words(text=choice_words(document))]
    if choice.why:
        blocks.append(Words(text=choice.why))
    if choice.costs is not None:
        blocks.append(
            Words(
                text=f"Costs of errors: a false positive {choice.costs.false_positive:g}, "
                f"a false negative {choice.costs.false_negative:g}"
                + (f"; “{choice.positive}” is positive." if choice.positive else ".")
            )
        )
    order = sorted(
        metrics.scores.items(), key=lambda item: (item[0] != choice.metric, item[0] in _LOSSES)
    )
    drawn = [
        Row(
            label=_short(name),
            value=score.value,
            low=score.low,
            high=score.high,
            shown=fixed(score.value),
        )
        for name, score in order
        if name not in _LOSSES and score.value is not None
    ]
    lines = [
        (metric_title(name), fixed(score.value), *_ends(score), _better(name))
        for name, score in order
    ]
    level = percent(metrics.confidence, 0)
    table = Table(
        caption=f"Scores with {level} intervals" if metrics.resamples else "Scores",
        head=("Metric", "Value", "From", "To", "Better"),
        rows=lines,
        strong=frozenset({0} if order and order[0][0] == choice.metric else ()),
    )
    if not drawn:
        return Section(key="scores", title="Scores", blocks=[*blocks, table])
    note = (
        f"Dots are scores, lines their {level} intervals ({metrics.resamples:,} bootstrap "
        "resamples of the rows). The wider the line, the less the rows say."
        if metrics.resamples
        else "Dots are scores; intervals were not computed."
    )
    baseline = metrics.baseline
    chart = dot_rows(
        drawn,
        key="scores-c",
        title="Scores with intervals",
        describe="; ".join(f"{row.label} {row.shown}" for row in drawn[:8]),
        x_label="Score (1 is perfect)",
        x_range=(axis_floor(drawn, *([baseline.accuracy] if baseline else [])), 1.0),
        reference=(baseline.accuracy, "constant answer: accuracy") if baseline else None,
    )
    figure = Figure(title="Scores, greater is better", svg=chart, note=note)
    blocks += [Grid(blocks=[figure, table]), _meanings(order)]
    return Section(key="scores", title="Scores", blocks=blocks)


def _short(name: str) -> str:
    title = metric_title(name)
    if len(title) <= _LABEL:
        return title
    for long, short in _SHORT.items():
        name = name.replace(long, short)
    return name.replace("_", " ")


def _meanings(order: list[tuple[str, Score]]) -> Table:
    known = [
        (name, METRICS[name].title, METRICS[name].meaning) for name, _ in order if name in METRICS
    ]
    return Table(
        caption="What each metric means",
        head=("Name", "Metric", "Meaning"),
        rows=known,
        text=3,
        folded=True,
    )


def _ends(score: Score) -> tuple[str, str]:
    return fixed(score.low), fixed(score.high)


def _better(name: str) -> str:
    return "lower" if name in _LOSSES else "higher"
