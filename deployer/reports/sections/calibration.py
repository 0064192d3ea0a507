"""Whether a probability can be taken at its word."""

from collections.abc import Sequence

from deployer.packaging.documents import CalibrationBin, Evaluation
from deployer.reports.blocks import Block, Figure, Fold, Grid, Section, Table, Words
from deployer.reports.charts.columns import bin_columns
from deployer.reports.charts.lines import Series, line_chart
from deployer.reports.charts.text import count, fixed, shorten

__all__ = ["calibration_section", "gap"]

_MOST = 12


def gap(bins: Sequence[CalibrationBin]) -> float | None:
    """Return the mean difference between said and observed, bins weighed by their rows.

    It is the expected calibration error (M. P. Naeini et al., Obtaining Well Calibrated
    Probabilities Using Bayesian Binning, AAAI 2015) of these bins.
    """
    rows = sum(each.rows for each in bins)
    if not rows:
        return None
    return sum(each.rows * abs(each.predicted - each.observed) for each in bins) / rows


def calibration_section(evaluation: Evaluation) -> Section:
    """Return reliability diagrams: of the answered class, then of every class."""
    blocks: list[Block] = []
    bins = [each for each in evaluation.confidence_bins if each.rows]
    if bins:
        apart = fixed(gap(bins))
        said = sum(each.rows * (each.predicted - each.observed) for each in bins)
        tends = "more sure than it should be" if said > 0 else "less sure than it could be"
        blocks += [
            Words(
                text=f"On average the stated probability of the answer and the share of right "
                f"answers are {apart} apart; the model tends to be {tends}. Points below the "
                "dashed diagonal are too sure, points above it not sure enough."
            ),
            Grid(blocks=[_reliability(bins), _rows(bins)]),
            _table("Calibration of the answered class", [("answer", bins)]),
        ]
    labelled = [(each.label, [b for b in each.calibration if b.rows]) for each in evaluation.curves]
    if evaluation.positive is not None:
        labelled = [each for each in labelled if each[0] == evaluation.positive]
    labelled = [each for each in labelled if each[1]]
    if labelled:
        figures = [_small(label, of, i) for i, (label, of) in enumerate(labelled)]
        blocks.append(Words(text="Class by class, each against the rest:"))
        blocks.append(Grid(blocks=figures[:_MOST], small=True))
        if figures[_MOST:]:
            rest = Grid(blocks=figures[_MOST:], small=True)
            blocks.append(Fold(title=f"The other {len(figures) - _MOST} classes", blocks=[rest]))
        blocks.append(_table("Calibration class by class", labelled))
    return Section(key="calibration", title="Calibration", blocks=blocks)


def _points(bins: Sequence[CalibrationBin]) -> list[tuple[float, float]]:
    return sorted((each.predicted, each.observed) for each in bins)


def _reliability(bins: Sequence[CalibrationBin]) -> Figure:
    title = "Reliability of the answered class"
    return Figure(
        title=title,
        svg=line_chart(
            [Series(name="", points=_points(bins), marks=True)],
            key="calibration-c",
            title=title,
            describe="; ".join(
                f"said {fixed(each.predicted, 2)}, right {fixed(each.observed, 2)}" for each in bins
            ),
            x_label="Stated probability (mean of the bin)",
            y_label="Share of right answers",
            x_range=(0.0, 1.0),
            y_range=(0.0, 1.0),
            diagonal=True,
        ),
    )


def _rows(bins: Sequence[CalibrationBin]) -> Figure:
    title = "Rows behind each point"
    return Figure(
        title=title,
        svg=bin_columns(
            [each.rows for each in bins],
            middles=[each.predicted for each in bins],
            key="calibration-n",
            title=title,
            describe="; ".join(
                f"around {fixed(each.predicted, 2)}: {count(each.rows)}" for each in bins
            ),
            x_label="Stated probability",
            y_label="Rows",
            height=250,
        ),
        note="A point that few rows stand behind says little.",
    )


def _small(label: str, bins: Sequence[CalibrationBin], index: int) -> Figure:
    return Figure(
        title=f"{shorten(label, 30)} · off by {fixed(gap(bins))}",
        svg=line_chart(
            [Series(name="", points=_points(bins), marks=True)],
            key=f"calibration-{index}",
            title=f"Reliability of {shorten(label, 60)}",
            describe=f"{len(bins)} bins; on average {fixed(gap(bins))} apart.",
            x_label="Stated probability",
            y_label="Share of the class",
            x_range=(0.0, 1.0),
            y_range=(0.0, 1.0),
            diagonal=True,
            width=180,
            height=180,
            ticks=2,
            class_="chart mini",
        ),
    )


def _table(caption: str, labelled: Sequence[tuple[str, Sequence[CalibrationBin]]]) -> Table:
    return Table(
        caption=caption,
        head=("Of", "Stated probability", "Observed share", "Rows"),
        rows=[
            (label, fixed(each.predicted), fixed(each.observed), count(each.rows))
            for label, bins in labelled
            for each in bins
        ],
        folded=True,
    )
