"""The summary of an evaluation, for a pull request."""

import re
from collections.abc import Iterable, Sequence

from deployer.evaluation.drift import ColumnDrift
from deployer.packaging.documents import Evaluation, ModelDocument
from deployer.reports.charts.text import clean, count, fixed, percent, shorten
from deployer.reports.sections.confusion import commonest_errors
from deployer.reports.sections.drift import drift_words
from deployer.reports.sections.origin import runtime_words
from deployer.reports.sections.scores import choice_words, metric_title
from deployer.reports.sections.slices import slice_name
from deployer.reports.sections.verdict import subtitle, verdict

__all__ = ["evaluation_markdown"]

_CLASSES = 20
_FEW = 5


def evaluation_markdown(
    document: ModelDocument,
    evaluation: Evaluation,
    *,
    drift: Sequence[ColumnDrift] = (),
    title: str,
) -> str:
    """Return the summary as GitHub-flavoured Markdown; data in it cannot link, mention or mark up.

    Args:
        document: of the model.
        evaluation: what was measured.
        drift: of the evaluated rows from those fitted on.
        title: of the heading.

    """
    metrics = evaluation.metrics
    level = percent(metrics.confidence, 0)
    parts = [
        f"## {_plain(title)}",
        f"{_plain(subtitle(document, evaluation))}.",
        f"**{_plain(verdict(evaluation)[1])}**",
        " ".join(filter(None, (choice_words(document), _plain(document.training.choice.why)))),
        _table(
            ("Metric", "Value", f"{level} interval"),
            (
                (
                    metric_title(name),
                    fixed(score.value),
                    "" if score.low is None else f"{fixed(score.low)} to {fixed(score.high)}",
                )
                for name, score in metrics.scores.items()
            ),
        ),
        *_classes(evaluation),
        *_found(document, evaluation),
    ]
    if drift:
        parts.append(_plain(drift_words(drift)))
    parts.append(f"Answers with {_plain(runtime_words(document))}.")
    return "\n\n".join(filter(None, parts)) + "\n"


def _classes(evaluation: Evaluation) -> list[str]:
    classes = sorted(evaluation.metrics.classes, key=lambda each: each.recall)
    table = _table(
        ("Class", "Rows", "Precision", "Recall", "F1"),
        (
            (
                _code(each.label),
                count(each.support),
                fixed(each.precision),
                fixed(each.recall),
                fixed(each.f1),
            )
            for each in classes[:_CLASSES]
        ),
    )
    more = len(classes) - _CLASSES
    return [table, f"… and {more} classes with a better recall."] if more > 0 else [table]


def _found(document: ModelDocument, evaluation: Evaluation) -> list[str]:
    parts = []
    errors = commonest_errors(evaluation, _FEW)
    if errors:
        rows = ((_code(true), _code(told), n, share) for true, told, n, share in errors)
        parts.append(_table(("True class", "Taken for", "Rows", "Of the class"), rows))
    if evaluation.slices:
        slices = (
            (
                _code(slice_name(each)),
                count(each.rows),
                fixed(each.accuracy.value),
                f"{fixed(each.accuracy.low)} to {fixed(each.accuracy.high)}",
            )
            for each in evaluation.slices[:_FEW]
        )
        parts.append(_table(("Worst slices", "Rows", "Accuracy", "Interval"), slices))
    candidates = document.training.search.candidates
    if len(candidates) > 1:
        compared = (
            (each.family, fixed(each.mean, 4), fixed(each.std, 4), _plain(each.problem))
            for each in candidates
        )
        parts.append(_table(("Candidate", "Mean", "Spread", "Problem"), compared))
    warnings = [each for each in document.training.findings if each.level == "warning"]
    if warnings:
        parts.append(
            "\n".join(
                f"- {_code(each.column) + ': ' if each.column else ''}{_plain(each.message)}"
                for each in warnings
            )
        )
    return parts


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_line(head), _line(["---"] * len(head))]
    return "\n".join([*lines, *(_line([cell.replace("|", "\\|") for cell in r]) for r in rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Return words that Markdown shows as they are; ``@`` and ``#`` no longer refer to anything."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~!&])", r"\\\1", clean(text))
    return escaped.replace("@", "@\u2060").replace("://", ":\u2060//")


def _code(text: str) -> str:
    """Return a label as code, which nothing inside of can end."""
    shown = shorten(text, 60)
    if not shown.strip():
        return "(empty)"
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    space = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{fence}{space}{shown}{space}{fence}"
