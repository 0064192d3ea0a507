"""Which columns it relies on."""

from deployer.packaging.documents import Evaluation
from deployer.reports.blocks import Block, Figure, Grid, Section, Table, Words
from deployer.reports.charts.rows import Row, bar_rows
from deployer.reports.charts.text import fixed, shorten

__all__ = ["importances_section"]

_MOST = 15


def importances_section(evaluation: Evaluation) -> Section:
    """Return how much the score falls when a column is shuffled, the greatest fall first."""
    found = evaluation.importances
    blocks: list[Block] = []
    if found:
        blocks.append(
            Words(
                text="How much the score falls when one column's values are shuffled among the "
                "rows. Columns that say the same thing share it: each can then look unimportant. "
                "It tells what the model relies on, not what causes what."
            )
        )
        rows = [
            Row(
                label=each.column,
                value=each.mean,
                low=each.mean - each.std,
                high=each.mean + each.std,
                shown=fixed(each.mean),
            )
            for each in found[:_MOST]
        ]
        title = "Importance of columns"
        chart = bar_rows(
            rows,
            key="importances-c",
            title=title,
            describe="; ".join(f"{shorten(row.label, 40)} {row.shown}" for row in rows[:6]),
            x_label="Fall of the score when shuffled",
        )
        more = f"The {_MOST} greatest of {len(found)}. " if len(found) > _MOST else ""
        table = Table(
            caption="Importance of every column",
            head=("Column", "Mean", "Spread"),
            rows=[(each.column, fixed(each.mean, 4), fixed(each.std, 4)) for each in found],
            folded=len(found) > _MOST,
        )
        note = f"{more}Lines are one standard deviation of the shuffles to either side."
        figure = Figure(title=title, svg=chart, note=note)
        blocks += [figure, table] if table.folded else [Grid(blocks=[figure, table])]
    return Section(key="importances", title="Importance", blocks=blocks)
