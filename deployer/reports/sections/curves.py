"""How well the probabilities rank."""

from collections.abc import Callable, Iterable

from deployer.packaging.documents import ClassMetrics, Curve, Evaluation
from deployer.reports.blocks import Block, Figure, Fold, Grid, Section, Table, Words
from deployer.reports.charts.lines import Series, line_chart
from deployer.reports.charts.svg import Svg
from deployer.reports.charts.text import fixed, shorten

__all__ = ["curves_section"]

_MOST = 12
_FEW = 2
_SAMPLES = (0.01, 0.05, 0.1, 0.2, 0.5)

_ROC = Words(
    text="ROC curves: of the rows that are not of the class, how many are taken for it (across) to "
    "find how many of those that are (up). The further up and left, the better; the dashed diagonal "
    "is chance."
)
_PRECISION = Words(
    text="Precision-recall curves: to find how many of the class's rows (across), how many of the "
    "rows taken for it are right (up). The further up and right, the better; the dashed line is "
    "chance. Rare classes are judged better by these."
)


def curves_section(evaluation: Evaluation) -> Section:
    """Return ROC and precision-recall curves as small multiples, the weakest classes first.

    Of two classes, the curves of the positive one; without one named, those of both.
    """
    curves = evaluation.curves
    if evaluation.positive is not None and len(curves) == 2:  # noqa: PLR2004 - binary
        curves = tuple(each for each in curves if each.label == evaluation.positive)
    numbers = {each.label: each for each in evaluation.metrics.classes}
    few = len(curves) <= _FEW
    rows = evaluation.metrics.rows or 1
    roc = [(each.label, each.roc) for each in curves if each.roc is not None]
    roc = _ranked(roc, lambda label: _of(numbers, label, "roc_auc"))
    ranks = [(each.label, each.precision_recall) for each in curves if each.precision_recall]
    ranks = _ranked(ranks, lambda label: _of(numbers, label, "average_precision"))
    left = [_roc(*each, i, numbers, few=few) for i, each in enumerate(roc)]
    right = [_precision(*each, i, numbers, rows, few=few) for i, each in enumerate(ranks)]
    blocks: list[Block] = []
    if few and (left or right):
        blocks = [_ROC, _PRECISION, Grid(blocks=[*left, *right])]
    else:
        blocks += [_ROC, *_multiples(left, "ROC curves")] if left else []
        blocks += [_PRECISION, *_multiples(right, "precision-recall curves")] if right else []
    tables = ([_points(roc)] if roc else []) + ([_recalls(ranks)] if ranks else [])
    blocks += tables
    return Section(key="curves", title="ROC and precision-recall", blocks=blocks)


def _of(numbers: dict[str, ClassMetrics], label: str, name: str) -> float | None:
    value: float | None = getattr(numbers.get(label), name, None)
    return value


def _ranked(
    curves: list[tuple[str, Curve]], score: Callable[[str], float | None]
) -> list[tuple[str, Curve]]:
    if len(curves) <= _MOST:
        return curves

    def key(each: tuple[str, Curve]) -> float:
        value = score(each[0])
        return 2.0 if value is None else value

    return sorted(curves, key=key)


def _multiples(figures: list[Figure], what: str) -> list[Block]:
    if len(figures) <= _MOST:
        return [Grid(blocks=figures, small=True)]
    rest = figures[_MOST:]
    return [
        Words(text=f"The {_MOST} weakest of {len(figures)} classes:", kind="small"),
        Grid(blocks=figures[:_MOST], small=True),
        Fold(title=f"The other {len(rest)} {what}", blocks=[Grid(blocks=rest, small=True)]),
    ]


def _roc(
    label: str, curve: Curve, index: int, numbers: dict[str, ClassMetrics], *, few: bool
) -> Figure:
    area = _of(numbers, label, "roc_auc")
    title = shorten(label, 34) + ("" if area is None else f" · AUC {fixed(area)}")
    return Figure(
        title=title,
        svg=_chart(
            curve,
            f"roc-{index}",
            f"ROC curve of {title}",
            ("False positive rate", "True positive rate"),
            diagonal=True,
            few=few,
        ),
    )


def _precision(
    label: str, curve: Curve, index: int, numbers: dict[str, ClassMetrics], rows: int, *, few: bool
) -> Figure:
    area = _of(numbers, label, "average_precision")
    title = shorten(label, 34) + ("" if area is None else f" · AP {fixed(area)}")
    known = numbers.get(label)
    chance = [(known.support / rows, "")] if known else []
    return Figure(
        title=title,
        svg=_chart(
            curve,
            f"pr-{index}",
            f"Precision-recall curve of {title}",
            ("Recall", "Precision"),
            levels=chance,
            few=few,
        ),
    )


def _chart(
    curve: Curve,
    key: str,
    title: str,
    labels: tuple[str, str],
    *,
    diagonal: bool = False,
    levels: Iterable[tuple[float, str]] = (),
    few: bool,
) -> Svg:
    return line_chart(
        [Series(name="", points=list(zip(curve.x, curve.y, strict=True)))],
        key=key,
        title=title,
        describe=f"{labels[1]} from {fixed(min(curve.y, default=None), 2)} to "
        f"{fixed(max(curve.y, default=None), 2)} over {labels[0].lower()} from 0 to 1.",
        x_label=labels[0],
        y_label=labels[1],
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=diagonal,
        levels=list(levels),
        width=360 if few else 180,
        height=300 if few else 180,
        ticks=5 if few else 2,
        class_="chart" if few else "chart mini",
    )


def _points(curves: list[tuple[str, Curve]]) -> Table:
    return Table(
        caption="ROC curves: true positive rate at a false positive rate of",
        head=("Class", *(f"{at:g}" for at in _SAMPLES)),
        rows=[(label, *(fixed(_reached(curve, at)) for at in _SAMPLES)) for label, curve in curves],
        folded=True,
    )


def _recalls(curves: list[tuple[str, Curve]]) -> Table:
    wanted = (0.5, 0.8, 0.9, 0.95, 0.99)
    return Table(
        caption="Precision-recall curves: best precision at a recall of at least",
        head=("Class", *(f"{at:g}" for at in wanted)),
        rows=[(label, *(fixed(_kept(curve, at)) for at in wanted)) for label, curve in curves],
        folded=True,
    )


def _reached(curve: Curve, at: float) -> float | None:
    return max((y for x, y in zip(curve.x, curve.y, strict=True) if x <= at), default=None)


def _kept(curve: Curve, at: float) -> float | None:
    return max((y for x, y in zip(curve.x, curve.y, strict=True) if x >= at), default=None)
