"""Whether the rows look like those that the model was fitted on."""

from collections.abc import Sequence

from deployer.evaluation.drift import SOME, STRONG, ColumnDrift
from deployer.reports.blocks import Block, Figure, Fold, Grid, Section, Table, Words
from deployer.reports.charts.rows import Pair, Row, dot_rows, pair_rows
from deployer.reports.charts.text import fixed, percent, shorten

__all__ = ["drift_section", "drift_words"]

_MOST = 12
_DRAWN = 48
_BINS = 11
_TABLE = 300


def _index(each: ColumnDrift) -> float:
    return -1.0 if each.psi is None else each.psi


def drift_words(drift: Sequence[ColumnDrift]) -> str:
    """Return how many columns drifted, in a sentence."""
    strong = sum(each.level == "strong" for each in drift)
    some = sum(each.level == "some" for each in drift)
    few = sum(each.level == "too few rows" for each in drift)
    unsure = f" For {few}, there are too few rows to tell." if few else ""
    if not strong and not some:
        return f"None of {len(drift)} distributions has drifted.{unsure}"
    how = " and ".join(
        f"{n} drifted {word}" for n, word in ((strong, "strongly"), (some, "somewhat")) if n
    )
    return f"Of {len(drift)} distributions, {how}.{unsure}"


def drift_section(drift: Sequence[ColumnDrift]) -> Section:
    """Return then and now per column, the greatest stability index first."""
    blocks: list[Block] = []
    ranked = sorted(drift, key=lambda each: (-_index(each), each.name))
    if ranked:
        blocks.append(
            Words(
                text=f"{drift_words(drift)} The population stability index (PSI) compares the "
                f"evaluated rows with those fitted on: below {SOME:g} no change to speak of, from "
                f"{STRONG:g} on a strong one."
            )
        )
        known = [each for each in ranked if each.psi is not None][:_MOST]
        if known:
            blocks.append(_overview(known))
        blocks.append(_table(ranked))
        drawn = [each for each in ranked if each.bins][:_DRAWN]
        charts = [_then_now(each, i) for i, each in enumerate(drawn)]
        moved = sum(each.level in {"some", "strong"} for each in drawn)
        if charts[:moved]:
            blocks.append(
                Words(text="Hollow bars are the rows fitted on, solid ones the evaluated rows.")
            )
            blocks.append(Grid(blocks=charts[:moved], small=False))
        if charts[moved:]:
            title = f"Then and now of {'the other ' if moved else ''}{len(charts[moved:])}"
            blocks.append(Fold(title=title, blocks=[Grid(blocks=charts[moved:])]))
    return Section(key="drift", title="Drift", blocks=blocks)


def _overview(ranked: Sequence[ColumnDrift]) -> Figure:
    title = "Stability index, greatest first"
    rows = [Row(label=each.name, value=each.psi, shown=fixed(each.psi)) for each in ranked]
    return Figure(
        title=title,
        svg=dot_rows(
            rows,
            key="drift-c",
            title=title,
            describe="; ".join(f"{shorten(row.label, 40)} {row.shown}" for row in rows[:6]),
            x_label="Population stability index (0 is no change)",
            x_range=(0.0, STRONG),
            reference=(STRONG, f"strong from {STRONG:g}"),
        ),
    )


def _table(ranked: Sequence[ColumnDrift]) -> Table:
    return Table(
        caption="Drift" if len(ranked) <= _TABLE else f"The first {_TABLE} of {len(ranked)}",
        head=("Column", "Kind", "Level", "PSI", "Chance", "Missing then", "Missing now"),
        rows=[
            (
                each.name,
                each.kind,
                each.level,
                fixed(each.psi),
                fixed(each.chance),
                percent(each.missing_then),
                percent(each.missing_now),
            )
            for each in ranked[:_TABLE]
        ],
        text=3,
        strong=frozenset(i for i, each in enumerate(ranked) if each.level == "strong"),
        folded=len(ranked) > _MOST,
    )


def _then_now(each: ColumnDrift, index: int) -> Figure:
    bins = list(zip(each.bins, each.then, each.now, strict=True))
    if len(bins) > _BINS:
        greatest = sorted(range(len(bins)), key=lambda i: -max(bins[i][1], bins[i][2]))[:_BINS]
        bins = [bins[i] for i in sorted(greatest)]
    pairs = [
        Pair(
            label=name,
            first=then,
            second=now,
            tip=f"{shorten(name, 60)}: then {percent(then)}, now {percent(now)}",
        )
        for name, then, now in bins
        if then or now
    ]
    title = f"{shorten(each.name, 40)} · PSI {fixed(each.psi)} · {each.level}"
    return Figure(
        title=title,
        svg=pair_rows(
            pairs,
            key=f"drift-{index}",
            title=f"Then and now of {title}",
            describe="; ".join(pair.tip for pair in pairs[:6]),
            x_label="Share of rows with a value",
        ),
    )
