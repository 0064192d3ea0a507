"""``deployer predict``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.errors import UsageError

if TYPE_CHECKING:
    from rich.text import Text

    from deployer.packaging.answers import Answers
    from deployer.tables.table import Table

__all__ = ["predict"]


@click.command()
@click.argument("model_dir", metavar="MODEL_DIR", type=click.Path(path_type=Path))
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--proba", is_flag=True, help="Show the probability of every class.")
@click.option(
    "--out",
    metavar="FILE.csv",
    type=click.Path(path_type=Path),
    help="Write the predictions as CSV instead of showing them.",
)
@shared_options
def predict(model_dir: Path, data: Path, *, proba: bool, out: Path | None, output: Output) -> None:
    """Predict rows with a packaged model.

    DATA is CSV, Parquet or JSON Lines, with the columns that the model was trained on, in any
    order; '-' reads from stdin.
    Cells may be missing and categories new. The target column may be there and is ignored.
    The model is checked first: every file's digest, and the answers it must repeat.

    \b
    Examples:
      deployer predict model/ penguins.csv
      deployer predict model/ penguins.csv --proba --out predictions.csv
      head -5 penguins.csv | deployer predict model/ - -o json
    """  # noqa: D301 - click wants the backspace itself
    from deployer.packaging.answers import Answers  # noqa: PLC0415 - as below
    from deployer.packaging.golden import shortest  # noqa: PLC0415 - as below
    from deployer.packaging.load import load_package  # noqa: PLC0415 - not needed for --help

    if out:
        _check_out(out, model_dir, data)
    model = load_package(model_dir)
    table = _read_table(data)
    unknown = model.unknown_columns(table)
    if unknown:
        named = ", ".join(f"'{name}'" for name in unknown)
        output.warn(f"{table.name}: columns that the model does not use: {named}")
    labels, probabilities = model.predict_table(table)
    answers = Answers(
        rows=table.rows.tolist(),
        classes=model.document.classes,
        labels=[str(label) for label in labels],
        probabilities=[shortest(row) for row in probabilities],
    )
    if out:
        answers.save(out, proba=proba)
        output.done(f"wrote {len(answers.labels)} predictions to {out}")
        _report_counts(out, answers, output)
    elif output.json:
        output.emit(answers.documents())
    else:
        _print_answers(answers, output, proba=proba)


def _read_table(data: Path) -> "Table":
    from deployer.tables.read import read_table  # noqa: PLC0415 - as above

    return read_table(data)


def _check_out(out: Path, model_dir: Path, data: Path) -> None:
    target = out.resolve()
    if target == data.resolve() or target.is_relative_to(model_dir.resolve()):
        raise UsageError(
            "--out would overwrite what is read", where=str(out), hint="name another file"
        )


def _report_counts(out: Path, answers: "Answers", output: Output) -> None:
    if output.json:
        output.emit({"path": str(out), "rows": len(answers.rows), "labels": answers.counts()})
    else:
        output.table(["Label", "Rows"], answers.counts().items())


def _print_answers(answers: "Answers", output: Output, *, proba: bool) -> None:
    rows = zip(answers.rows, answers.labels, answers.probabilities, strict=True)
    if proba:
        output.table(
            ["Row", "Label", *answers.classes],
            [[row, label, *map(_share, shares)] for row, label, shares in rows],
        )
    else:
        output.table(
            ["Row", "Label", "Probability"],
            [[row, label, _share(max(shares))] for row, label, shares in rows],
        )


def _share(value: float) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only to draw

    # A Text, because a float would drop its trailing zeros.
    return Text(f"{value:.3f}", justify="right")
