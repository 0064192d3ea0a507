"""What else was tried."""

from deployer.evaluation.metrics import comparison_title
from deployer.packaging.documents import Candidate, ModelDocument
from deployer.reports.blocks import Block, Figure, Note, Section, Table, Words
from deployer.reports.charts.rows import Row, dot_rows
from deployer.reports.charts.text import compact, count, fixed
from deployer.reports.sections.scores import metric_title

__all__ = ["candidates_section", "settings"]


def settings(candidate: Candidate) -> str:
    """Return the parameters as ``C=0.1, kernel=rbf``; steps of the pipeline are not named."""
    return ", ".join(
        f"{name.rpartition('__')[2]}={compact(value) if isinstance(value, float) else value}"
        for name, value in candidate.params.items()
    )


def candidates_section(document: ModelDocument) -> Section:
    """Return the families compared, each at its best, with the spread over the folds."""
    search = document.training.search
    candidates = search.candidates
    blocks: list[Block] = []
    if candidates:
        metric = metric_title(document.training.choice.metric)
        how = {
            "none": "each family once, as it is",
            "grid": "every setting of a grid",
            "random": "settings drawn at random",
            "halving": "settings drawn at random, the worse ones given up early",
        }[search.strategy]
        blocks.append(
            Words(
                text=f"Compared by {metric}, cross-validated in {search.folds} folds of the "
                f"training rows only: {how}. Lines are one standard deviation of the folds to "
                "either side; candidates whose lines overlap are hard to tell apart."
            )
        )
        if search.budget_ended:
            blocks.append(
                Note(
                    level="warning",
                    title="",
                    text="The time budget ran out before everything was tried; on another machine "
                    "the outcome may differ.",
                )
            )
        named = comparison_title(document.training.choice.metric)
        rows = [_row(each, document.family) for each in candidates if each.mean is not None]
        if rows:
            title = "Candidates, best first"
            chart = dot_rows(
                rows,
                key="candidates-c",
                title=title,
                describe="; ".join(f"{row.label} {row.shown}" for row in rows),
                x_label=f"{named[:1].upper()}{named[1:]}, mean of the folds",
            )
            blocks.append(Figure(title=title, svg=chart))
        blocks.append(
            Table(
                caption="Candidates",
                head=("Family", "Best setting", "Problem", "Mean", "Spread", "Settings tried"),
                rows=[
                    (
                        each.family,
                        settings(each) or "as it is",
                        each.problem or "–",  # noqa: RUF001 - a dash for nothing
                        fixed(each.mean, 4),
                        fixed(each.std, 4),
                        count(each.tried),
                    )
                    for each in candidates
                ],
                text=3,
                strong=frozenset(
                    i for i, each in enumerate(candidates) if each.family == document.family
                ),
            )
        )
    return Section(key="candidates", title="Candidates", blocks=blocks)


def _row(each: Candidate, winner: str) -> Row:
    low = high = None
    if each.mean is not None and each.std is not None:
        low, high = each.mean - each.std, each.mean + each.std
    return Row(
        label=f"{each.family} (chosen)" if each.family == winner else each.family,
        value=each.mean,
        low=low,
        high=high,
        shown=fixed(each.mean, 4),
    )
