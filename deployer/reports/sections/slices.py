"""For which rows it is worse."""

from deployer.packaging.documents import Evaluation, Slice
from deployer.reports.blocks import Block, Figure, Section, Table, Words
from deployer.reports.charts.rows import Row, axis_floor, dot_rows
from deployer.reports.charts.text import count, fixed, shorten

__all__ = ["slice_name", "slices_section"]

_MOST = 12


def slice_name(each: Slice, most: int = 80) -> str:
    """Return what to call the rows: ``island = Biscoe``."""
    value = "(missing)" if not each.value else each.value
    return shorten(f"{each.column} = {value}", most)


def slices_section(evaluation: Evaluation) -> Section:
    """Return accuracy by the values of categorical columns, the worst first."""
    slices = evaluation.slices
    blocks: list[Block] = []
    if slices:
        whole = evaluation.metrics.scores.get("accuracy")
        worst = slices[0]
        blocks.append(
            Words(
                text=f"Worst: {slice_name(worst)}, right on {fixed(worst.accuracy.value)} of "
                f"{count(worst.rows)} rows. Few rows make wide intervals: one that reaches the "
                "dashed line may be chance."
            )
        )
        rows = [
            Row(
                label=slice_name(each),
                value=each.accuracy.value,
                low=each.accuracy.low,
                high=each.accuracy.high,
                shown=fixed(each.accuracy.value),
            )
            for each in slices[:_MOST]
        ]
        title = "Accuracy by slice, worst first"
        chart = dot_rows(
            rows,
            key="slices-c",
            title=title,
            describe="; ".join(f"{shorten(row.label, 40)} {row.shown}" for row in rows[:6]),
            x_label="Accuracy (share of right answers)",
            x_range=(axis_floor(rows), 1.0),
            reference=(whole.value, "all rows") if whole and whole.value is not None else None,
        )
        table = Table(
            caption="Slices",
            head=("Column", "Value", "Rows", "Accuracy", "From", "To", "Macro F1"),
            rows=[
                (
                    each.column,
                    each.value or "(missing)",
                    count(each.rows),
                    fixed(each.accuracy.value),
                    fixed(each.accuracy.low),
                    fixed(each.accuracy.high),
                    fixed(each.f1_macro.value),
                )
                for each in slices
            ],
            text=2,
            folded=len(slices) > _MOST,
        )
        note = f"The {_MOST} worst of {len(slices)}." if len(slices) > _MOST else ""
        blocks += [Figure(title=title, svg=chart, note=note), table]
    return Section(key="slices", title="Slices", blocks=blocks)
