"""What another threshold changes."""

from collections.abc import Sequence

from deployer.packaging.documents import Evaluation, Threshold
from deployer.reports.blocks import Block, Figure, Grid, Section, Table, Words
from deployer.reports.charts.lines import Series, line_chart
from deployer.reports.charts.text import compact, count, fixed, shorten

__all__ = ["thresholds_section"]

_SHOWN = 11


def thresholds_section(evaluation: Evaluation, *, chosen: float | None) -> Section:
    """Return precision, recall, F1 and cost by threshold.

    Args:
        evaluation: of a binary model, for a section with something in it.
        chosen: the threshold that the model answers by, if it is known.

    """
    steps = evaluation.thresholds
    blocks: list[Block] = []
    if steps:
        positive = shorten(evaluation.positive or "positive", 40)
        used = "" if chosen is None else f" from a probability of {chosen:.3g} on"
        blocks.append(
            Words(
                text=f"The model answers “{positive}”{used or ' from a threshold on'}. A lower one "
                "finds more of them (recall) at the price of more false alarms (precision)."
            )
        )
        figures: list[Block] = [_rates(steps, chosen)]
        costs = [(each.threshold, each.cost) for each in steps if each.cost is not None]
        if costs:
            figures.append(_costs(costs, chosen))
        blocks += [Grid(blocks=figures), _table(_thinned(steps, chosen), chosen, "Thresholds")]
        if len(steps) > _SHOWN:
            blocks.append(_table(steps, chosen, f"All {len(steps)} thresholds"))
    return Section(key="thresholds", title="Thresholds", blocks=blocks)


def _rates(steps: Sequence[Threshold], chosen: float | None) -> Figure:
    title = "Precision, recall and F1 by threshold"
    return Figure(
        title=title,
        svg=line_chart(
            [
                Series(name="Precision", points=[(s.threshold, s.precision) for s in steps]),
                Series(name="Recall", points=[(s.threshold, s.recall) for s in steps]),
                Series(name="F1", points=[(s.threshold, s.f1) for s in steps]),
            ],
            key="thresholds-c",
            title=title,
            describe=_describe(steps, chosen),
            x_label="Threshold (probability)",
            y_label="Share",
            x_range=(0.0, 1.0),
            y_range=(0.0, 1.0),
            uprights=[] if chosen is None else [(chosen, f"{chosen:.3g}")],
        ),
        note="" if chosen is None else "The upright dashed line is the threshold in use.",
    )


def _describe(steps: Sequence[Threshold], chosen: float | None) -> str:
    if chosen is None:
        return f"{len(steps)} thresholds."
    near = _nearest(steps, chosen)
    return (
        f"{len(steps)} thresholds; at {near.threshold:.3g}, precision {fixed(near.precision)} and "
        f"recall {fixed(near.recall)}."
    )


def _costs(costs: Sequence[tuple[float, float]], chosen: float | None) -> Figure:
    title = "Cost of errors by threshold"
    least = min(costs, key=lambda item: item[1])
    return Figure(
        title=title,
        svg=line_chart(
            [Series(name="Cost", points=costs)],
            key="thresholds-n",
            title=title,
            describe=f"Lowest at {least[0]:.3g}: {compact(least[1])} per row.",
            x_label="Threshold (probability)",
            y_label="Cost per row",
            x_range=(0.0, 1.0),
            y_range=(0.0, 0.0),
            uprights=[] if chosen is None else [(chosen, f"{chosen:.3g}")],
        ),
        note=f"Lowest on these rows at {least[0]:.3g}. The threshold is not chosen on them: that "
        "would make this evaluation too good to be true.",
    )


def _nearest(steps: Sequence[Threshold], at: float) -> Threshold:
    return min(steps, key=lambda each: abs(each.threshold - at))


def _thinned(steps: Sequence[Threshold], chosen: float | None) -> list[Threshold]:
    pace = max((len(steps) - 1) / (_SHOWN - 1), 1.0)
    kept = {round(i * pace) for i in range(_SHOWN)}
    if chosen is not None:
        kept.add(steps.index(_nearest(steps, chosen)))
    return [each for i, each in enumerate(steps) if i in kept]


def _table(shown: Sequence[Threshold], chosen: float | None, caption: str) -> Table:
    costs = any(each.cost is not None for each in shown)
    head = ["Threshold", "True pos.", "False pos.", "False neg.", "True neg."]
    return Table(
        caption=caption,
        head=[*head, "Precision", "Recall", "F1", *(["Cost per row"] if costs else [])],
        rows=[
            (
                fixed(each.threshold),
                count(each.true_positive),
                count(each.false_positive),
                count(each.false_negative),
                count(each.true_negative),
                fixed(each.precision),
                fixed(each.recall),
                fixed(each.f1),
                *([compact(each.cost)] if costs else []),
            )
            for each in shown
        ],
        strong=frozenset(() if chosen is None else {shown.index(_nearest(shown, chosen))}),
        folded=len(shown) > _SHOWN + 1,
    )
