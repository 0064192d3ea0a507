"""From a CSV file to a package."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from deployer.packaging.documents import (
    Choice,
    Metrics,
    ModelDocument,
    RowCounts,
    Search,
    TrainingData,
    TrainingRun,
)
from deployer.packaging.layout import MODEL_FILE, ROLES, encode
from deployer.packaging.package import check_destination, file_entry, write_package
from deployer.packaging.table import parse_table, read_bytes
from deployer.training.build import build_model
from deployer.training.features import choose_features
from deployer.training.target import read_target

__all__ = ["TrainResult", "train"]

# Those whose versions can change the bytes.
_LIBRARIES = ("numpy", "onnx", "onnxruntime", "pandas", "scikit-learn", "skl2onnx", "skops")

Say = Callable[[str], None]


def _silent(message: str) -> None:
    del message


@dataclass(frozen=True)
class TrainResult:
    """A model on disk.

    Attributes:
        path: the package.
        document: its ``model.json``.
        metrics: its ``metrics.json``.
        sizes: bytes per file.
        warnings: what a person should know.

    """

    path: Path
    document: ModelDocument
    metrics: Metrics
    sizes: dict[str, int]
    warnings: list[str]


def train(
    data: Path,
    *,
    target: str,
    out: Path,
    test_size: float = 0.25,
    seed: int = 0,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    force: bool = False,
    done: Say = _silent,
    warn: Say = _silent,
) -> TrainResult:
    """Train a classifier on the CSV file `data`, and write it as a package to `out`.

    The model is fitted on the training rows only and scored on the held-out rows; that very model
    is packaged. It is not fitted again on all rows, so the scores belong to the bytes shipped.
    The same file, options and library versions give the same bytes.

    Args:
        data: CSV, UTF-8, with a header.
        target: the column to learn.
        out: the directory to make.
        test_size: share of the rows to hold out, between 0 and 1 exclusive, stratified by class.
        seed: of the split.
        drop: columns to leave out.
        categorical: columns to read as categories even though they hold numbers.
        force: replace the package at `out`.
        done: told of every step that is complete.
        warn: told of every warning.

    Raises:
        MissingError: there is no such file.
        UsageError: the file, an option or `out` will not do; says where and what to do.
        FailedError: ONNX and scikit-learn disagree, or the package cannot be written.

    """
    check_destination(out, force=force)
    content = read_bytes(data)
    table = parse_table(content, str(data))
    known = read_target(table, target)
    features = choose_features(known.table, target, drop=drop, categorical=categorical)
    for message in (*known.warnings, *features.warnings):
        warn(message)
    done(
        f"read {data.name}: {len(known.table)} rows, {len(features.kinds)} features "
        f"({features.count('numeric')} numeric, {features.count('categorical')} categorical)"
    )
    model = build_model(known, features, target=target, test_size=test_size, seed=seed)
    for message in model.warnings:
        warn(message)
    done(f"fitted on {len(model.split.train)} rows, held out {len(model.split.test)}")
    parity = model.serving.parity
    assert parity is not None  # noqa: S101 - it was compared
    done(
        f"ONNX and scikit-learn agree on all {parity.rows} rows: "
        f"probabilities within {parity.max_probability_difference:.1g}"
    )
    document = ModelDocument(
        target=target,
        classes=tuple(known.classes),
        family="softmax",
        serving=model.serving,
        files={
            role: file_entry(name, model.files[name])
            for role, name in ROLES.items()
            if name in model.files
        },
        training=TrainingRun(
            data=TrainingData(
                sha256=hashlib.sha256(content).hexdigest(), size=len(content), format="csv"
            ),
            seed=seed,
            test_size=test_size,
            rows=RowCounts(
                table=len(table),
                without_target=len(table) - len(known.table),
                train=len(model.split.train),
                test=len(model.split.test),
            ),
            classes=known.counts,
            ignored=tuple(features.ignored),
            choice=Choice(asked="accuracy", metric="accuracy", why=""),
            search=Search(strategy="none", folds=0, budget_ended=False, candidates=()),
        ),
        libraries=_libraries(),
    )
    files = {MODEL_FILE: encode(document), **model.files}
    write_package(out, files, force=force)
    done(f"wrote {out}")
    sizes = {name: len(content) for name, content in files.items()}
    warnings = [*known.warnings, *features.warnings, *model.warnings]
    return TrainResult(out, document, model.metrics, sizes, warnings)


def _libraries() -> dict[str, str]:
    return {"python": python_version(), **{name: version(name) for name in _LIBRARIES}}
