"""From a file to a package."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deployer.packaging.documents import Evaluation, Finding, Metrics, ModelDocument
from deployer.packaging.package import check_destination, write_package
from deployer.tables.read import read_table
from deployer.training.build import Built, build_model
from deployer.training.data import Prepared, arrays_of, prepare
from deployer.training.options import Options
from deployer.training.papers import write_papers
from deployer.training.selection import Crew, Progress, usable_cores

__all__ = ["TrainResult", "train"]

Say = Callable[[str], None]

DEFAULTS = Options()

# Bytes of a table whose comparison takes longer than processes take to start.
_LARGE = 8 * 1024 * 1024

# Findings of which `prepare` has warned.
_SAID = frozenset(["left_out", "missing_target"])


def _silent(message: str) -> None:
    del message


@dataclass(frozen=True)
class TrainResult:
    """A model on disk.

    Attributes:
        path: the package.
        document: its ``model.json``.
        evaluation: its ``evaluation.json``.
        sizes: bytes per file.
        warnings: what a person should know.

    """

    path: Path
    document: ModelDocument
    evaluation: Evaluation
    sizes: dict[str, int]
    warnings: list[str]

    @property
    def metrics(self) -> Metrics:
        """Its ``metrics.json``."""
        return self.evaluation.metrics


def train(
    data: Path,
    *,
    target: str,
    out: Path,
    options: Options = DEFAULTS,
    force: bool = False,
    done: Say = _silent,
    warn: Say = _silent,
    progress: Progress | None = None,
) -> TrainResult:
    """Train a classifier on the table in the file `data`, and write it as a package to `out`.

    The model is fitted on the training rows only and scored on the held-out rows; that very model
    is packaged. It is not fitted again on all rows, so the scores belong to the bytes shipped.
    The same file, options and library versions give the same bytes, unless the time budget ends
    the search.

    Args:
        data: CSV, Parquet or JSON Lines; ``-`` is the standard input.
        target: the column to learn.
        out: the directory to make.
        options: what else there is to decide.
        force: replace the package at `out`.
        done: told of every step that is complete.
        warn: told of every warning.
        progress: shows how far the comparison of candidates is.

    Raises:
        MissingError: there is no such file.
        UsageError: the file, an option or `out` will not do; says where and what to do.
        FailedError: the package cannot be written.

    """
    warnings: list[str] = []

    def heed(message: str) -> None:
        warnings.append(message)
        warn(message)

    check_destination(out, force=force)
    # They import while this process reads.
    with Crew(_hands(data, options)) as crew:
        prepared, built = _build(data, target, options, done, heed, progress, crew)
    serving = built.served.serving
    if serving.parity is not None:
        largest = serving.parity.max_probability_difference
        apart = f"probabilities within {largest:.1g}" if largest else "probabilities are the same"
        done(f"ONNX and scikit-learn agree on all {serving.parity.rows} rows: {apart}")
    else:
        heed(f"served by scikit-learn from the skops file, not by ONNX: {serving.reason}")
    document, files = write_papers(built, prepared, options, target=target)
    write_package(out, files, force=force)
    done(f"wrote {out}")
    sizes = {name: len(content) for name, content in files.items()}
    return TrainResult(out, document, built.evaluation, sizes, warnings)


def _build(
    data: Path,
    target: str,
    options: Options,
    done: Say,
    heed: Say,
    progress: Progress | None,
    crew: Crew,
) -> tuple[Prepared, Built]:
    table = read_table(data, sample=options.sample, seed=options.seed)
    prepared = prepare(
        table,
        target,
        drop=options.drop,
        categorical=options.categorical,
        text=options.text,
        dates=options.dates,
    )
    # Before any warning: a cell that will not do ends it all, and should be all that is said.
    arrays = arrays_of(prepared)
    for message in prepared.warnings:
        heed(message)
    kinds = Counter(prepared.features.kinds.values())
    counted = [f"{count} {kind}" for kind, count in kinds.most_common()]
    done(
        f"read {Path(table.name).name}: {len(prepared.table)} rows, {kinds.total()} features "
        f"({', '.join(counted)})"
    )
    for finding in prepared.findings:
        if finding.level == "warning" and finding.code not in _SAID:
            heed(_in_words(finding))
    built = build_model(
        prepared,
        arrays,
        options,
        target=target,
        done=done,
        warn=heed,
        progress=progress,
        crew=crew if crew.workers else None,
    )
    return prepared, built


def _in_words(finding: Finding) -> str:
    where = f"column '{finding.column}' " if finding.column is not None else ""
    return "; ".join(filter(None, (f"{where}{finding.message}", finding.advice)))


def _hands(data: Path, options: Options) -> int:
    """Return how many processes are sure to be needed, told from the size of the file."""
    if options.jobs == 1 or options.sample is not None:
        return 0
    try:
        large = data.stat().st_size >= _LARGE
    except OSError:
        return 0
    return (options.jobs or usable_cores()) if large else 0
