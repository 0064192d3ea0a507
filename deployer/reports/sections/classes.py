"""How many rows each class has, and how good each is."""

from deployer.packaging.documents import Evaluation, ModelDocument
from deployer.reports.blocks import Block, Figure, Grid, Section, Table, Words
from deployer.reports.charts.rows import Row, axis_floor, bar_rows, dot_rows
from deployer.reports.charts.text import count, fixed, percent, shorten

__all__ = ["classes_section"]

_MOST = 16
_HALF = 10


def classes_section(document: ModelDocument, evaluation: Evaluation) -> Section:
    """Return the section: rows per class, recall per class with intervals, all in a table."""
    trained = document.training.classes
    metrics = evaluation.metrics
    told = [sum(row[i] for row in metrics.confusion) for i in range(len(metrics.classes))]
    ranked = sorted(trained, key=lambda label: -trained[label])
    recalls = sorted((each for each in metrics.classes if each.support), key=lambda e: e.recall)
    blocks: list[Block] = []
    least, most = (trained[ranked[-1]], trained[ranked[0]]) if ranked else (0, 0)
    if least and least == most:
        blocks.append(Words(text=f"Every class has {count(least)} rows in the table."))
    elif least:
        blocks.append(
            Words(
                text=f"The commonest class, “{shorten(ranked[0], 40)}”, has {count(most)} rows in "
                f"the table, the rarest, “{shorten(ranked[-1], 40)}”, {count(least)}: "
                f"one for every {most / least:.2g}."
            )
        )
    figures: list[Block] = []
    for suffix, title, labels in _parts(ranked):
        figures.append(_distribution(labels, trained, suffix, title))
    if recalls:
        rows = [
            Row(
                label=each.label,
                value=each.recall,
                low=each.recall_low,
                high=each.recall_high,
                shown=fixed(each.recall),
            )
            for each in recalls[:_MOST]
        ]
        title = "Recall of each class, worst first"
        if len(recalls) > _MOST:
            title = f"Recall, the {_MOST} worst of {len(recalls)} classes"
        chart = dot_rows(
            rows,
            key="recall-c",
            title=title,
            describe=f"Lowest: {rows[0].label}, {rows[0].shown}.",
            x_label="Recall (share of the class's rows found)",
            x_range=(axis_floor(rows), 1.0),
        )
        figures.append(Figure(title=title, svg=chart))
    table = Table(
        caption="Every class",
        head=(
            "Class",
            "In table",
            "Evaluated",
            "Predicted",
            "Precision",
            "Recall",
            "F1",
            "ROC AUC",
            "Avg. precision",
        ),
        rows=[
            (
                each.label,
                count(trained.get(each.label, 0)),
                count(each.support),
                count(predicted),
                fixed(each.precision),
                _interval(each.recall, each.recall_low, each.recall_high),
                fixed(each.f1),
                fixed(each.roc_auc),
                fixed(each.average_precision),
            )
            for each, predicted in zip(metrics.classes, told, strict=True)
        ],
        folded=len(metrics.classes) > _MOST,
    )
    return Section(key="classes", title="Classes", blocks=[*blocks, Grid(blocks=figures), table])


def _interval(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return fixed(value)
    return f"{fixed(value)} ({fixed(low)}–{fixed(high)})"  # noqa: RUF001 - a range


def _parts(ranked: list[str]) -> list[tuple[str, str, list[str]]]:
    if not ranked:
        return []
    if len(ranked) <= _MOST:
        return [("", "Rows of each class in the table", ranked)]
    return [
        ("-many", f"The {_HALF} commonest of {len(ranked)} classes", ranked[:_HALF]),
        ("-few", f"The {_HALF} rarest of {len(ranked)} classes", ranked[-_HALF:]),
    ]


def _distribution(labels: list[str], trained: dict[str, int], suffix: str, title: str) -> Figure:
    total = sum(trained.values()) or 1
    rows = [
        Row(label=label, value=trained[label], shown=percent(trained[label] / total))
        for label in labels
    ]
    chart = bar_rows(
        rows,
        key=f"classes{suffix}-c",
        title=title,
        describe="; ".join(f"{shorten(row.label, 40)} {row.shown}" for row in rows[:10]),
        x_label="Rows",
        x_range=(0.0, float(max(trained.values()))) if suffix != "-few" else None,
    )
    return Figure(title=title, svg=chart, note="Percentages are of all rows with a class.")
