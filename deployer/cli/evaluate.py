"""``deployer evaluate``."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli.clouds import SWITCH
from deployer.cli.model_argument import fetch, is_directory
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.evaluation.package import PackageEvaluation
    from deployer.packaging.load import LoadedModel

__all__ = ["evaluate"]


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the report there: one page with all charts that needs no network.",
)
@click.option(
    "--md",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a summary in Markdown there, such as for a pull request.",
)
@click.option(
    "--slice",
    "slices",
    multiple=True,
    metavar="COLUMN",
    help="Score the rows of each value of this column; repeatable. [all of categories]",
)
@click.option(
    "--confidence",
    default=0.95,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Of the intervals: 0.95 holds the true score 19 times out of 20.",
)
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(0, 100_000),
    help="How often the rows are drawn anew for the intervals; 0 for none.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="The same seed gives the same numbers.",
)
@click.option(
    "--keep-seen",
    is_flag=True,
    help="Keep rows equal to those that the model was fitted on; for tables of few columns, in "
    "which new rows repeat old ones.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Draw this many rows of DATA.")
@click.option(
    "--clouds", metavar="A,B,…", help="Where to fetch a version from, if MODEL is no directory."
)
@click.option(
    "--emulators",
    is_flag=True,
    envvar=SWITCH,
    help=f"Use the clouds that `deployer emulators up` started (or set {SWITCH}=1).",
)
@shared_options
def evaluate(
    model: str,
    data: Path,
    *,
    html: Path | None,
    md: Path | None,
    slices: tuple[str, ...],
    confidence: float,
    resamples: int,
    seed: int,
    keep_seen: bool,
    limit: int | None,
    clouds: str | None,
    emulators: bool,
    output: Output,
) -> None:
    """Measure a model on labelled rows that it has not seen.

    MODEL is a model directory, or a version: NAME (the latest), NAME:3, NAME@champion. DATA is
    CSV, Parquet or JSON Lines with the columns that the model needs and the one that it predicts.
    Rows without a class are left out, and so are rows that the model was fitted on.

    Every score comes with an interval: where it would lie with other rows of the same kind.

    \b
    Examples:
      deployer evaluate model/ holdout.csv
      deployer evaluate model/ holdout.csv --html report.html
      deployer evaluate penguins@champion august.parquet --slice island --md summary.md
      deployer evaluate model/ holdout.csv -o json | jq .metrics.scores.f1_macro
    """  # noqa: D301 - click wants the backspace itself
    for path in (html, md):
        _check_out(path, model, data)
    with tempfile.TemporaryDirectory(prefix="deployer-") as temporary:
        folder = Path(model)
        if not is_directory(model):
            folder = Path(temporary) / "model"
            fetch(model, folder, clouds=clouds, emulators=emulators, output=output)
        loaded, found, rows = _measure(
            folder,
            data,
            output,
            limit=limit,
            seed=seed,
            slices=slices,
            confidence=confidence,
            resamples=resamples,
            keep_seen=keep_seen,
        )
    _write(html, md, loaded, found, title=f"{_title(model)} on {data.name}", output=output)
    if output.json:
        output.emit(_document(model, found, rows))
    else:
        from deployer.cli.evaluation_tables import print_evaluation  # noqa: PLC0415 - draws only

        print_evaluation(loaded, found, output)
        if not html:
            output.say("\nwith charts: the same command with --html report.html")


def _measure(
    folder: Path, data: Path, output: Output, *, limit: int | None, seed: int, **options: Any
) -> "tuple[LoadedModel, PackageEvaluation, dict[str, int]]":
    """Return the model, what it scores, and where the rows of DATA went."""
    from deployer.cli.task_progress import TaskProgress  # noqa: PLC0415 - as below
    from deployer.evaluation.package import evaluate_package  # noqa: PLC0415 - slow to import
    from deployer.gate.models import labelled_rows  # noqa: PLC0415 - as above
    from deployer.packaging.load import load_package  # noqa: PLC0415 - as above
    from deployer.tables.read import read_table  # noqa: PLC0415 - as above

    model = load_package(folder)
    whole = read_table(data, sample=limit, seed=seed)
    table, labels = labelled_rows(whole, model.document.target, model.document.classes)
    without = len(whole) - len(table)
    if without:
        output.warn(f"{whole.name}: {_rows(without)} without a '{model.document.target}' left out")
    with TaskProgress(output) as progress:
        found = evaluate_package(
            model,
            table,
            labels,
            seed=seed,
            begin=lambda total: progress.begin(total, "columns"),
            progress=progress.advance,
            **options,
        )
    seen = found.evaluation.rows_seen
    if seen:
        output.warn(f"{whole.name}: {_rows(seen)} that the model was fitted on left out")
    elif seen is None and not options["keep_seen"]:
        output.warn(
            "the package does not say which rows the model was fitted on: if some of these are "
            "among them, the scores are too good"
        )
    return model, found, {"read": len(whole), "without_class": without, "seen": seen or 0}


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _title(model: str) -> str:
    return Path(model).resolve().name if is_directory(model) else model


def _check_out(path: Path | None, model: str, data: Path) -> None:
    if path is None:
        return
    target = path.resolve()
    if target == data.resolve() or target.is_relative_to(Path(model).resolve()):
        raise UsageError(
            "it would overwrite what is read", where=str(path), hint="name another file"
        )
    if not target.parent.is_dir():
        raise UsageError(
            "there is no such folder to write to", where=str(path.parent), hint="make it first"
        )


def _write(
    html: Path | None,
    md: Path | None,
    model: "LoadedModel",
    found: "PackageEvaluation",
    *,
    title: str,
    output: Output,
) -> None:
    from deployer import reports  # noqa: PLC0415 - only if asked for

    if html:
        page = reports.evaluation_page(
            model.document,
            found.evaluation,
            profile=found.profile,
            drift=found.drift,
            title=title,
            schema=model.schema,
        )
        html.write_text(page, encoding="utf-8")
        output.done(f"wrote {html}")
    if md:
        text = reports.evaluation_markdown(
            model.document, found.evaluation, drift=found.drift, title=title
        )
        md.write_text(text, encoding="utf-8")
        output.done(f"wrote {md}")


def _document(model: str, found: "PackageEvaluation", rows: dict[str, int]) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 - only for JSON

    return {
        "model": model,
        "rows": {**rows, "evaluated": found.evaluation.metrics.rows},
        **msgspec.to_builtins(found.evaluation),
        "drift": msgspec.to_builtins(found.drift),
    }
