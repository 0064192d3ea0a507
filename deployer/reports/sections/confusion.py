"""Which classes are taken for which."""

from deployer.packaging.documents import Evaluation
from deployer.reports.blocks import Block, Figure, Grid, Section, Table, Words
from deployer.reports.charts.matrix import confusion_chart
from deployer.reports.charts.text import count, percent, shorten

__all__ = ["commonest_errors", "confusion_section"]

_ERRORS = 8
_TABLE = 60
_BESIDE = 3


def commonest_errors(evaluation: Evaluation, most: int = _ERRORS) -> list[tuple[str, ...]]:
    """Return the pairs most often confused: true class, answer, rows, share of the true class."""
    labels = [each.label for each in evaluation.metrics.classes]
    found = [
        (n, i, j)
        for i, row in enumerate(evaluation.metrics.confusion)
        for j, n in enumerate(row)
        if i != j and n
    ]
    found.sort(key=lambda item: (-item[0], item[1], item[2]))
    sums = [sum(row) for row in evaluation.metrics.confusion]
    return [(labels[i], labels[j], count(n), percent(n / sums[i])) for n, i, j in found[:most]]


def confusion_section(evaluation: Evaluation) -> Section:
    """Return the section: the matrix, and the commonest errors in words."""
    labels = [each.label for each in evaluation.metrics.classes]
    confusion = evaluation.metrics.confusion
    errors = commonest_errors(evaluation)
    total = sum(map(sum, confusion))
    wrong = total - sum(confusion[i][i] for i in range(len(labels)))
    said = f"{count(wrong)} of {count(total)} rows got a wrong answer."
    if errors:
        true, answer, rows, share = errors[0]
        said += (
            f" The commonest error: {rows} of “{shorten(true, 40)}” ({share}) taken for "
            f"“{shorten(answer, 40)}”."
        )
    figure = Figure(
        title="Confusion matrix",
        svg=confusion_chart(
            confusion, labels, key="confusion-c", title="Confusion matrix", describe=said
        ),
        note="Counts of rows; shades (and percentages) are shares of the true class's rows. "
        "Outlined on the diagonal, in blue: right. Elsewhere, in orange: wrong.",
        scroll=True,
    )
    shown: list[Block] = [figure]
    if errors:
        shown.append(
            Table(
                caption="Commonest errors",
                head=("True class", "Taken for", "Rows", "Of the class"),
                rows=errors,
                text=2,
            )
        )
    blocks: list[Block] = [Words(text=said)]
    blocks += [Grid(blocks=shown)] if len(labels) <= _BESIDE else shown
    if len(labels) <= _TABLE:
        blocks.append(
            Table(
                caption="Confusion matrix, rows are true classes",
                head=("True \\ predicted", *(shorten(label, 24) for label in labels)),
                rows=[
                    (label, *map(count, row)) for label, row in zip(labels, confusion, strict=True)
                ],
                folded=True,
            )
        )
    return Section(key="confusion", title="Confusion matrix", blocks=blocks)
