"""``deployer predict``."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.clouds import SWITCH
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.errors import UsageError

if TYPE_CHECKING:
    from rich.text import Text

    from deployer.packaging.answers import Answers
    from deployer.predicting.batch import Batch
    from deployer.predicting.model import Model
    from deployer.predicting.writing import Keeping, Writer
    from deployer.tables.stream import Stream

__all__ = ["predict"]

_LOCAL, _REMOTE = 1, 4


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--proba", is_flag=True, help="Show the probability of every class.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the predictions there instead of showing them, in bounded memory: as CSV, or as "
    "the name ends in .parquet or .jsonl. It is there when it is whole, and not before.",
)
@click.option(
    "--resume/--restart",
    default=None,
    help="After a run that did not end: go on where it stopped, with the same rows, model and "
    "options, or start over. Without an unfinished run, both begin at the first row.",
)
@click.option(
    "--batch-rows",
    default=10_000,
    show_default=True,
    metavar="N",
    type=click.IntRange(1, 10**7),
    help="Rows that are predicted, and held in memory, at once.",
)
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1, 64),
    help=f"Batches under way at once.  [{_REMOTE} for an endpoint, else {_LOCAL}]",
)
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0, 3600, min_open=True),
    help="For the answer of an endpoint to one batch, with all tries.",
)
@click.option("--clouds", metavar="A,B,…", help="Where to fetch a version from, if MODEL is one.")
@click.option(
    "--emulators",
    is_flag=True,
    envvar=SWITCH,
    help=f"Use the clouds that `deployer emulators up` started (or set {SWITCH}=1).",
)
@shared_options
def predict(
    model: str,
    data: Path,
    *,
    proba: bool,
    out: Path | None,
    resume: bool | None,
    batch_rows: int,
    concurrency: int | None,
    timeout: float,
    clouds: str | None,
    emulators: bool,
    output: Output,
) -> None:
    """Predict rows with a model: a folder, a version, an endpoint or a router.

    MODEL is a model directory; a version, as NAME (the latest), NAME:3 or NAME@champion; or the
    http(s):// address of an endpoint or of a router, with /v2/models/NAME if it has several models.
    Its key is taken from the environment variable DEPLOYER_API_KEY.

    DATA is CSV, Parquet or JSON Lines, with the columns that the model was trained on, in any
    order; '-' reads from stdin. It may be of any size: rows are read, predicted and written in
    batches. Cells may be missing and categories new. The target column may be there and is
    ignored. A model on this machine is checked first: every file's digest, and the answers it must
    repeat.

    A run with --out that was killed, interrupted or left without its endpoint keeps the answers so
    far in a hidden file beside FILE. The same command with --resume goes on from there; the file
    is, byte for byte, the one that a single run writes. Parquet, too: it is made at the end.

    \b
    Examples:
      deployer predict model/ penguins.csv
      deployer predict penguins@champion penguins.csv --proba --out predictions.csv
      deployer predict https://penguins.example.com august.parquet --out answers.parquet
      deployer predict https://penguins.example.com august.parquet --out answers.parquet --resume
      head -5 penguins.csv | deployer predict model/ - -o json
    """  # noqa: D301 - click wants the backspace itself
    from deployer.predicting.address import is_url  # noqa: PLC0415 - not needed for --help
    from deployer.predicting.batch import predict_stream  # noqa: PLC0415 - as above
    from deployer.tables.stream import open_stream  # noqa: PLC0415 - as above

    remote = is_url(model)
    if out:
        _check_out(out, None if remote else Path(model), data, resume=resume)
    elif resume is not None:
        raise UsageError(
            "nothing is kept of what is only shown",
            where="--resume" if resume else "--restart",
            hint="write the predictions to a file with --out FILE",
        )
    with ExitStack() as stack:
        if remote:
            answering = stack.enter_context(_endpoint(model, timeout, output))
        else:
            answering = stack.enter_context(
                _package(model, clouds=clouds, emulators=emulators, output=output)
            )
        stream = stack.enter_context(open_stream(data))

        def unknown(names: list[str]) -> None:
            named = ", ".join(f"'{name}'" for name in names)
            output.warn(f"{stream.name}: columns that the model does not use: {named}")

        def batches(skip: int = 0) -> Iterator["Batch"]:
            found = predict_stream(
                stream,
                answering,
                rows=batch_rows,
                concurrency=concurrency or (_REMOTE if remote else _LOCAL),
                unknown=unknown,
                skip=skip,
            )
            return _watched(found, stream.expected, skip, output)

        if out:
            keeping = _keeping(out, stream, answering, batch_rows, resume, proba=proba)
            _write(out, batches, answering, keeping, output, proba=proba)
        else:
            _show(batches(), answering, output, proba=proba)


def _keeping(
    out: Path,
    stream: "Stream",
    model: "Model",
    batch_rows: int,
    resume: bool | None,
    *,
    proba: bool,
) -> "Keeping | None":
    from deployer.predicting.formats import format_of  # noqa: PLC0415 - as above
    from deployer.predicting.kept import Job  # noqa: PLC0415 - as above
    from deployer.predicting.writing import Keeping, can_resume  # noqa: PLC0415 - as above

    if not can_resume(out):
        return None
    job = Job(
        data=stream.sha256(),
        reads=stream.format,
        writes=format_of(out),
        batch_rows=batch_rows,
        proba=proba,
    )
    return Keeping(job, model.digest, resume)


@contextmanager
def _endpoint(url: str, timeout: float, output: Output) -> Iterator["Model"]:
    from deployer.predicting.client import ModelClient  # noqa: PLC0415 - as above
    from deployer.predicting.model import of_endpoint  # noqa: PLC0415 - as above

    with ModelClient(url, timeout=timeout) as client:
        if client.exposed:
            output.warn(f"{client.where}: the key goes over the network in the clear; use https://")
        yield of_endpoint(client)


@contextmanager
def _package(
    model: str, *, clouds: str | None, emulators: bool, output: Output
) -> Iterator["Model"]:
    from deployer.cli.model_argument import fetch, is_directory  # noqa: PLC0415 - as above
    from deployer.packaging.load import load_package  # noqa: PLC0415 - as above
    from deployer.predicting.model import of_package  # noqa: PLC0415 - as above

    if is_directory(model):
        yield of_package(load_package(Path(model)), Path(model))
        return
    with tempfile.TemporaryDirectory(prefix="deployer-") as temporary:
        folder = Path(temporary) / "model"
        fetch(model, folder, clouds=clouds, emulators=emulators, output=output)
        yield of_package(load_package(folder), folder)


def _watched(
    batches: Iterator["Batch"], expected: int, done: int, output: Output
) -> Iterator["Batch"]:
    """Yield the batches, with a bar of rows while a person watches."""
    from deployer.cli.task_progress import TaskProgress  # noqa: PLC0415 - as above

    with TaskProgress(output) as progress:
        progress.begin(expected, "predict rows")
        progress.advance(done)
        for batch in batches:
            yield batch
            progress.advance(len(batch.rows))


def _check_out(out: Path, model_dir: Path | None, data: Path, *, resume: bool | None) -> None:
    from deployer.predicting.writing import can_resume  # noqa: PLC0415 - as above

    if resume and not can_resume(out):
        raise UsageError(
            "what went into a pipe or a device cannot be gone on with",
            where=str(out),
            hint="leave --resume out, or name a file",
        )
    target = out.resolve()
    inside = model_dir is not None and target.is_relative_to(model_dir.resolve())
    if target == data.resolve() or inside:
        raise UsageError(
            "--out would overwrite what is read", where=str(out), hint="name another file"
        )


def _write(
    out: Path,
    batches: Callable[[int], Iterator["Batch"]],
    model: "Model",
    keeping: "Keeping | None",
    output: Output,
    *,
    proba: bool,
) -> None:
    from deployer.predicting.writing import open_writer  # noqa: PLC0415 - as above

    classes = model.schema.outputs.label.classes
    writer: Writer | None = None
    try:
        with open_writer(out, classes, proba=proba, keeping=keeping) as writer:
            if writer.replaced:
                output.warn(f"{out}: an unfinished run is thrown away; other: {writer.replaced}")
            model.expect(writer.model)
            for batch in batches(writer.rows):
                writer.write(batch)
    except BaseException:
        if writer is not None and writer.kept:
            output.warn(
                f"{out}: {writer.kept} predictions are kept; the same command goes on with "
                "--resume, and starts over with --restart"
            )
        raise
    counted = writer.labels
    rows = counted.total()
    labels = {label: counted[label] for label in (*classes, *sorted({*counted} - {*classes}))}
    resumed = f", {writer.rows} of them before" if writer.rows else ""
    output.done(f"wrote {rows} predictions to {out}{resumed}")
    if output.json:
        output.emit({"path": str(out), "rows": rows, "labels": labels})
    else:
        output.table(["Label", "Rows"], labels.items())


def _show(batches: Iterator["Batch"], model: "Model", output: Output, *, proba: bool) -> None:
    from deployer.packaging.answers import Answers  # noqa: PLC0415 - as above
    from deployer.packaging.golden import shortest  # noqa: PLC0415 - as above

    rows: list[int] = []
    labels: list[str] = []
    probabilities: list[list[float]] = []
    for batch in batches:
        rows += batch.rows.tolist()
        labels += map(str, batch.labels)
        probabilities += map(shortest, batch.probabilities)
    answers = Answers(rows, model.schema.outputs.label.classes, labels, probabilities)
    if output.json:
        output.emit(answers.documents())
    else:
        _print_answers(answers, output, proba=proba)


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
