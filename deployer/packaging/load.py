"""A model directory to a model that predicts.

Needs NumPy and onnxruntime; scikit-learn only for a model that no ONNX file answers for.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import DamagedError, FailedError, MissingError, UsageError
from deployer.packaging.cells import Cell, check_columns, encode_inputs, encode_table
from deployer.packaging.documents import FileEntry, Golden, Metrics, ModelDocument, Schema
from deployer.packaging.golden import verify_golden
from deployer.packaging.layout import MODEL_FILE, decode, decode_model
from deployer.packaging.runtime import Classifier, OnnxClassifier, Prediction
from deployer.packaging.skops_scan import check_types
from deployer.tables.table import Table

__all__ = ["LoadedModel", "load_package", "read_package"]


MAX_ENTRY = 16 * 1024 * 1024
_AGAIN = "fetch the model again, or train it again"


@dataclass(frozen=True)
class LoadedModel:
    """A verified package, ready to predict.

    Attributes:
        document: ``model.json``.
        schema: ``schema.json``.
        metrics: ``metrics.json``.
        golden: ``golden.json``.
        classifier: the model itself.
        files: content of every file by role.

    """

    document: ModelDocument
    schema: Schema
    metrics: Metrics
    golden: Golden
    classifier: Classifier
    files: Mapping[str, bytes]

    def unknown_columns(self, table: Table) -> list[str]:
        """Return the columns of `table` that the model neither needs nor knows.

        Raises:
            UsageError: a column that the model needs is not there.

        """
        return check_columns(self.schema, list(table.columns), where=table.name)

    def predict_table(self, table: Table) -> Prediction:
        """Return the answers for the rows of `table`.

        Raises:
            UsageError: a column is missing, or a cell is not what its column holds; says where.

        """
        self.unknown_columns(table)
        return self.classifier.predict(encode_table(self.schema.inputs, table))

    def predict(self, columns: Mapping[str, Sequence[Cell]]) -> Prediction:
        """Return the answers for N rows: `columns` maps each name to N numbers, texts or None.

        Raises:
            UsageError: a column is missing, lengths differ, or a cell is not what its column holds.

        """
        check_columns(self.schema, list(columns))
        if len({len(columns[each.name]) for each in self.schema.inputs}) != 1:
            raise UsageError("the columns have different lengths")
        return self.classifier.predict(encode_inputs(self.schema.inputs, columns))


def read_package(directory: Path) -> tuple[ModelDocument, dict[str, bytes]]:
    """Return the entry document and the content of every file by role, sizes and digests checked.

    Raises:
        MissingError: there is no such directory, or no model in it.
        UsageError: a file, or a package of a newer format.
        DamagedError: a file is gone or is not what the entry document promises.

    """
    if not directory.exists():
        raise MissingError("no such directory", where=str(directory), hint="check the path")
    if not directory.is_dir():
        raise UsageError(
            "a file, not a model directory", where=str(directory), hint="name the directory"
        )
    entry = directory / MODEL_FILE
    try:
        with entry.open("rb") as file:
            data = file.read(MAX_ENTRY + 1)
    except FileNotFoundError as error:
        raise MissingError(
            f"not a model package: it has no {MODEL_FILE}",
            where=str(directory),
            hint="make one with: deployer train DATA.csv --target COLUMN",
        ) from error
    except OSError as error:
        raise FailedError(f"cannot be read: {error.strerror}", where=str(entry)) from error
    if len(data) > MAX_ENTRY:
        raise DamagedError(f"more than {MAX_ENTRY} bytes", where=str(entry), hint=_AGAIN)
    document = decode_model(data, where=str(entry))
    return document, {role: _read(directory, each) for role, each in document.files.items()}


def _read(directory: Path, entry: FileEntry) -> bytes:
    path = directory / entry.path
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size == entry.size else b""
    except (FileNotFoundError, IsADirectoryError) as error:
        raise DamagedError("the package lacks this file", where=str(path), hint=_AGAIN) from error
    except OSError as error:
        raise FailedError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if size != entry.size:
        raise DamagedError(
            f"{size} bytes, but {MODEL_FILE} promises {entry.size}",
            where=str(path),
            hint=_AGAIN,
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise DamagedError(
            f"not the bytes that {MODEL_FILE} promises (the SHA-256 differs)",
            where=str(path),
            hint=_AGAIN,
        )
    return content


def load_package(directory: Path, *, trusted: Iterable[str] = ()) -> LoadedModel:
    """Return the model in `directory`: every digest checked, and the golden answers repeated.

    Args:
        directory: of the package.
        trusted: full names of types in the skops file to allow beyond our own list; from the
            caller, never from the package.

    Raises:
        MissingError: there is no such directory, or no model in it.
        UsageError: a file, or a package of a newer format.
        DamagedError: a file is not what was promised, or the model does not repeat its answers.
        PolicyError: the skops file holds types that nobody should load.

    """
    document, contents = read_package(directory)
    paths = {role: str(directory / each.path) for role, each in document.files.items()}
    schema = decode(contents["schema"], Schema, where=paths["schema"])
    golden = decode(contents["golden"], Golden, where=paths["golden"])
    metrics = decode(contents["metrics"], Metrics, where=paths["metrics"])
    if schema.outputs.label.classes != document.classes:
        raise DamagedError(
            f"not the classes that {MODEL_FILE} names", where=paths["schema"], hint=_AGAIN
        )
    classifier = _classifier(document, contents, schema, paths, tuple(trusted))
    verify_golden(classifier, golden)
    return LoadedModel(document, schema, metrics, golden, classifier, contents)


def _classifier(
    document: ModelDocument,
    contents: Mapping[str, bytes],
    schema: Schema,
    paths: Mapping[str, str],
    trusted: tuple[str, ...],
) -> Classifier:
    if document.serving.runtime == "onnx":
        check_types(contents["skops"], where=paths["skops"], trusted=trusted)
        return OnnxClassifier(contents["onnx"], schema, where=paths["onnx"])
    from deployer.packaging.skops_runtime import (  # noqa: PLC0415 - most models do without
        SkopsClassifier,
    )

    return SkopsClassifier(contents["skops"], schema, where=paths["skops"], trusted=trusted)
