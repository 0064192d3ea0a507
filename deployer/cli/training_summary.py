"""What ``deployer train`` prints at its end."""

from typing import TYPE_CHECKING, Any

from deployer.cli.output import Output, human_bytes
from deployer.evaluation.metrics import comparison_title

if TYPE_CHECKING:
    from rich.text import Text

    from deployer.packaging.documents import Candidate, Score
    from deployer.training.train import TrainResult

__all__ = ["document", "print_summary"]

SHOWN = ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr_macro", "log_loss")


def document(result: "TrainResult") -> dict[str, Any]:
    """Return what ``-o json`` prints."""
    import msgspec  # noqa: PLC0415 - only for JSON

    training = result.document.training
    return {
        "path": str(result.path),
        "target": result.document.target,
        "family": result.document.family,
        "classes": training.classes,
        "rows": msgspec.to_builtins(training.rows),
        "choice": msgspec.to_builtins(training.choice),
        "search": msgspec.to_builtins(training.search),
        "serving": msgspec.to_builtins(result.document.serving),
        "metrics": msgspec.to_builtins(result.metrics),
        "findings": msgspec.to_builtins(training.findings),
        "files": result.sizes,
        "warnings": result.warnings,
    }


def print_summary(result: "TrainResult", output: Output) -> None:
    """Print the candidates, the scores on the held-out rows, and what was written."""
    training, metrics = result.document.training, result.metrics
    choice = training.choice
    output.table(
        [
            "Candidate",
            f"{comparison_title(choice.metric)}, {training.search.folds} folds",
            "Settings",
            "Note",
        ],
        [_candidate(each, winner=result.document.family) for each in training.search.candidates],
    )
    output.table(
        ["Class", "Rows", "Held out", "Precision", "Recall", "F1"],
        [
            [
                each.label,
                training.classes[each.label],
                each.support,
                _number(each.precision),
                _number(each.recall),
                _number(each.f1),
            ]
            for each in metrics.classes
        ],
    )
    baseline = metrics.baseline
    assert baseline is not None  # noqa: S101 - training knows its classes
    constant = {"accuracy": baseline.accuracy, "f1_macro": baseline.macro_f1}
    names = dict.fromkeys((*SHOWN, choice.metric))
    output.table(
        [
            f"On {metrics.rows} held-out rows",
            "Model",
            f"{metrics.confidence:.0%} interval",
            f"Always '{baseline.label}'",
        ],
        [
            [name, _number(score.value), _interval(score), _number(constant.get(name))]
            for name in names
            if (score := metrics.scores.get(name)) is not None
        ],
    )
    output.table(
        [f"Files in {result.path}", "Size"],
        [[name, human_bytes(size)] for name, size in result.sizes.items()],
    )


def _candidate(each: "Candidate", *, winner: str) -> list[object]:
    from rich.text import Text  # noqa: PLC0415 - only to draw

    spread = "-" if each.mean is None else f"{each.mean:.4f} ± {each.std or 0:.4f}"
    note = each.problem or ("chosen" if each.family == winner else "")
    style = "bold" if each.family == winner else ""
    return [Text(each.family, style=style), Text(spread, justify="right"), each.tried, note]


def _interval(score: "Score") -> "Text | str":
    from rich.text import Text  # noqa: PLC0415 - only to draw

    if score.low is None or score.high is None:
        return ""
    return Text(f"{score.low:.3f} to {score.high:.3f}", justify="right")


def _number(value: float | None) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only to draw

    # A Text, because a float would drop its trailing zeros.
    return Text("" if value is None else f"{value:.3f}", justify="right")
