"""``deployer train``."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes

if TYPE_CHECKING:
    from rich.text import Text

    from deployer.training.train import TrainResult

__all__ = ["train"]


@click.command()
@click.argument("data", metavar="DATA.csv", type=click.Path(path_type=Path))
@click.option("--target", required=True, metavar="COLUMN", help="The column to learn.")
@click.option(
    "--out",
    default="model",
    show_default=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The model directory to make.",
)
@click.option(
    "--test-size",
    default=0.25,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the rows to hold out for the evaluation.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="The same seed and data give the same model, byte for byte.",
)
@click.option("--drop", multiple=True, metavar="COL", help="Leave a column out; repeatable.")
@click.option(
    "--categorical",
    multiple=True,
    metavar="COL",
    help="Read a column of numbers as categories; repeatable.",
)
@click.option("--force", is_flag=True, help="Replace the model in --out.")
@shared_options
def train(
    data: Path,
    *,
    target: str,
    out: Path,
    test_size: float,
    seed: int,
    drop: tuple[str, ...],
    categorical: tuple[str, ...],
    force: bool,
    output: Output,
) -> None:
    """Train a classifier from a table and package it.

    DATA.csv has a header line; cells may be missing. Columns of numbers are imputed and scaled,
    other columns are one-hot encoded, and a softmax regression learns the target. It is scored on
    held-out rows, and that very model is packaged as ONNX and skops, after a proof that both give
    the same answers.

    \b
    Examples:
      deployer train penguins.csv --target species
      deployer train penguins.csv --target species --drop year --out model/ --force
      deployer train penguins.csv --target species -o json | jq .metrics.scores.accuracy
    """  # noqa: D301 - click wants the backspace itself
    from deployer.training.train import train as train_model  # noqa: PLC0415 - slow to import

    result = train_model(
        data,
        target=target,
        out=out,
        test_size=test_size,
        seed=seed,
        drop=drop,
        categorical=categorical,
        force=force,
        done=output.done,
        warn=output.warn,
    )
    if output.json:
        output.emit(_document(result))
    else:
        _print_summary(result, output)
        name = re.sub(r"[^a-z0-9]+", "-", data.stem.lower()).strip("-") or "model"
        next_ = shlex.join(["deployer", "push", str(out), name, "--clouds", "aws,gcp,azure"])
        output.say(f"\nnext: {next_}")


def _document(result: "TrainResult") -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 - only for JSON

    training = result.document.training
    return {
        "path": str(result.path),
        "target": result.document.target,
        "classes": training.classes,
        "rows": msgspec.to_builtins(training.rows),
        "metrics": msgspec.to_builtins(result.metrics),
        "files": result.sizes,
        "warnings": result.warnings,
    }


def _print_summary(result: "TrainResult", output: Output) -> None:
    training, metrics = result.document.training, result.metrics
    baseline = metrics.baseline
    assert baseline is not None  # noqa: S101 - training knows its classes
    output.table(
        ["Class", "Rows", "Held out", "Precision", "Recall", "F1"],
        [
            [
                each.label,
                training.classes[each.label],
                each.support,
                _score(each.precision),
                _score(each.recall),
                _score(each.f1),
            ]
            for each in metrics.classes
        ],
    )
    output.table(
        [f"On {metrics.rows} held-out rows", "Model", f"Always '{baseline.label}'"],
        [
            ["accuracy", _score(metrics.scores["accuracy"].value), _score(baseline.accuracy)],
            ["macro-F1", _score(metrics.scores["f1_macro"].value), _score(baseline.macro_f1)],
        ],
    )
    output.table(
        [f"Files in {result.path}", "Size"],
        [[name, human_bytes(size)] for name, size in result.sizes.items()],
    )


def _score(value: float | None) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only to draw

    # A Text, because a float would drop its trailing zeros.
    return Text("-" if value is None else f"{value:.3f}", justify="right")
