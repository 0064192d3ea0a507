"""What the training rows looked like."""

import math
from collections.abc import Sequence

from deployer.packaging.documents import (
    CategoricalProfile,
    ColumnProfile,
    DateInput,
    Evaluation,
    NumericProfile,
    Profile,
    Schema,
    TextProfile,
)
from deployer.reports.blocks import Block, Figure, Fold, Grid, Section, Table, Words
from deployer.reports.charts.columns import density_columns
from deployer.reports.charts.rows import Row, bar_rows
from deployer.reports.charts.text import compact, count, percent, shorten

__all__ = ["day", "features_section"]

_MOST = 12
_DRAWN = 72
_TABLE = 300
_CATEGORIES = 4


def features_section(
    profile: Profile | None, schema: Schema | None, evaluation: Evaluation
) -> Section:
    """Return a small chart per column, the most important first; beyond 72 columns a table only."""
    blocks: list[Block] = []
    if profile is not None:
        dates = (
            {each.name for each in schema.inputs if isinstance(each, DateInput)}
            if schema
            else set()
        )
        rank = {each.column: i for i, each in enumerate(evaluation.importances)}
        columns = sorted(profile.columns, key=lambda each: rank.get(each.name, len(rank)))
        figures = [
            _figure(each, i, is_date=each.name in dates) for i, each in enumerate(columns[:_DRAWN])
        ]
        ordered = ", the most important first" if rank else ""
        blocks += [
            Words(
                text=f"The {count(profile.rows)} rows that the model was fitted on, column by "
                f"column{ordered}. Areas are shares of the rows with a value."
            ),
            Grid(blocks=figures[:_MOST], small=True),
        ]
        rest = figures[_MOST:]
        if rest:
            some = f" ({len(columns) - _DRAWN} more are not drawn)" if len(columns) > _DRAWN else ""
            blocks.append(
                Fold(
                    title=f"The next {len(rest)} columns{some}",
                    blocks=[Grid(blocks=rest, small=True)],
                )
            )
        blocks.append(
            Table(
                caption="Columns"
                if len(columns) <= _TABLE
                else f"The first {_TABLE} of {len(columns)} columns",
                head=(
                    "Column",
                    "Kind",
                    "Commonest values",
                    "Missing",
                    "Mean",
                    "Std. dev.",
                    "Least",
                    "Greatest",
                ),
                rows=[_line(each, is_date=each.name in dates) for each in columns[:_TABLE]],
                text=3,
                folded=True,
            )
        )
    return Section(key="features", title="Columns", blocks=blocks)


def day(seconds: float | None) -> str:
    """Return the date of a time in seconds since 1970: ``2024-02-29``; any year there is."""
    if seconds is None or not math.isfinite(seconds):
        return "–"  # noqa: RUF001 - a dash for nothing
    days = math.floor(seconds / 86400) + 719468
    # Days to civil dates, H. Hinnant, chrono-Compatible Low-Level Date Algorithms: every year,
    # where datetime ends at 1 and 9999.
    era, of_era = divmod(days, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    date = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9  # noqa: PLR2004 - March is their first month
    return f"{year + era * 400 + (month <= 2):04d}-{month:02d}-{date:02d}"  # noqa: PLR2004


def _figure(column: ColumnProfile, index: int, *, is_date: bool) -> Figure:
    key = f"column-{index}"
    note = f"{percent(column.missing)} missing" if column.missing else "none missing"
    title = shorten(column.name, 40)
    match column:
        case CategoricalProfile():
            note = f"{len(column.shares)} categories · {note}"
            svg = bar_rows(
                _categories(column),
                key=key,
                title=f"Categories of {title}",
                describe=_commonest(column),
                x_label="Share of rows",
                width=190,
            )
        case NumericProfile():
            if column.mean is not None:
                mean = day(column.mean) if is_date else compact(column.mean)
                note = f"mean {mean} · {note}"
            ends = _edges(column.edges, column.low, column.high)
            names = (day(ends[0]), day(ends[-1])) if is_date else None
            svg = density_columns(
                ends,
                column.shares,
                key=key,
                title=f"Histogram of {title}",
                describe=f"From {_value(column.low, is_date)} to {_value(column.high, is_date)}.",
                x_label="Date" if is_date else "Value",
                names=names,
            )
        case TextProfile():
            if column.mean is not None:
                note = f"mean {compact(column.mean)} characters · {note}"
            svg = density_columns(
                _edges(column.edges, None, None),
                column.shares,
                key=key,
                title=f"Lengths of {title}",
                describe=f"Texts of {compact(column.mean)} characters in the mean.",
                x_label="Length in characters",
            )
    return Figure(title=title, svg=svg, note=note)


def _edges(inner: Sequence[float], low: float | None, high: float | None) -> list[float]:
    """Return the edges of all bins; an open end is as far out as the bins are wide."""
    if not inner:
        return [low if low is not None else 0.0, high if high is not None else 1.0]
    step = (inner[-1] - inner[0]) / len(inner) or 1.0
    first = inner[0] - step if low is None else min(low, inner[0])
    # The greatest value can be an edge: its bin has rows and no width.
    last = inner[-1] + step if high is None or high <= inner[-1] else high
    return [max(first, 0.0) if low is None and inner[0] >= 0 else first, *inner, last]


def _categories(column: CategoricalProfile) -> list[Row]:
    shares = list(column.shares.items())
    shown = shares[:_CATEGORIES]
    rest = sum(share for _, share in shares[_CATEGORIES:]) + column.other
    rows = [Row(label=name, value=share, shown=percent(share, 0)) for name, share in shown]
    if rest > 0:
        rows.append(Row(label="(others)", value=rest, shown=percent(rest, 0)))
    return rows


def _commonest(column: CategoricalProfile) -> str:
    shares = list(column.shares.items())[:_CATEGORIES]
    return ", ".join(f"{shorten(name, 30)} {percent(share, 0)}" for name, share in shares)


def _value(value: float | None, is_date: bool) -> str:
    return day(value) if is_date else compact(value)


def _line(column: ColumnProfile, *, is_date: bool) -> tuple[str, ...]:
    none = "–"  # noqa: RUF001 - a dash for nothing
    missing = percent(column.missing)
    match column:
        case CategoricalProfile():
            return column.name, "categorical", _commonest(column), missing, none, none, none, none
        case TextProfile():
            mean = f"{compact(column.mean)} characters"
            return column.name, "text", none, missing, mean, none, none, none
        case NumericProfile():
            std = none if is_date else compact(column.std)
            kind = "date" if is_date else "numeric"
            numbers = (_value(each, is_date) for each in (column.low, column.high))
            return column.name, kind, none, missing, _value(column.mean, is_date), std, *numbers
