"""Versions on this machine: fetched, verified, and asked about labelled rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployer.errors import DeployerError, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from deployer.registry.reading.cache import BlobCache
from deployer.registry.reading.pull import pull
from deployer.registry.reading.trust import Trust

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deployer.packaging.load import LoadedModel
    from deployer.packaging.runtime import Prediction
    from deployer.tables.table import Table

__all__ = ["Shelf", "Version", "labelled_rows", "open_version"]

ROWS = "rows"


@dataclass(frozen=True)
class Shelf:
    """Where versions come from, and where they are put.

    Attributes:
        clouds: to fetch from, the preferred one first.
        trust: what each must satisfy.
        cache: contents that were fetched before.
        folder: theirs on this machine.

    """

    clouds: Sequence[Cloud]
    trust: Trust
    cache: BlobCache | None
    folder: Path

    def fetch(self, name: str, digest: str) -> Path:
        """Return the folder of a version, every byte of it verified.

        Raises:
            StoreError, DeployerError: no cloud could serve it, or none may.

        """
        target = self.folder / digest
        pull(
            self.clouds,
            Reference(name, digest=digest),
            target,
            progress=lambda _: None,
            begin=lambda _: None,
            trust=self.trust,
            cache=self.cache,
        )
        return target


@dataclass(frozen=True)
class Version:
    """A version that can be asked.

    Attributes:
        model: the package.
        folder: where it is.
        called: what it is called in messages, such as ``penguins:3``.

    """

    model: "LoadedModel"
    folder: Path
    called: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that it knows, in its order."""
        return self.model.document.classes

    @property
    def positive(self) -> str | None:
        """The class that errors are counted against; None if there is none."""
        label = self.model.schema.outputs.label.positive
        return self.model.document.training.choice.positive if label is None else label

    def predict(self, table: "Table") -> "Prediction":
        """Return its answers.

        Raises:
            UsageError: the table does not fit it; says where.

        """
        with _called(self.folder, self.called):
            return self.model.predict_table(table)

    def has_seen(self, table: "Table", labels: Sequence[str]) -> "NDArray[Any] | None":
        """Return which rows it was fitted on, bool of shape (N,); None if it does not say."""
        from deployer.packaging.cells import encode_table  # noqa: PLC0415 - needs NumPy
        from deployer.packaging.fingerprints import seen  # noqa: PLC0415 - as above

        stored = self.model.files.get(ROWS)
        if stored is None:
            return None
        with _called(self.folder, self.called):
            arrays = encode_table(self.model.schema.inputs, table)
            return seen(arrays, labels, stored)


def open_version(folder: Path, called: str) -> Version:
    """Return the version in `folder`, checked as whoever predicts with it checks it.

    Raises:
        DeployerError: it is no model package, one of another format, or not what it promises.

    """
    from deployer.packaging.load import load_package  # noqa: PLC0415 - needs NumPy

    with _called(folder, called):
        return Version(load_package(folder), folder, called)


@contextmanager
def _called(folder: Path, called: str) -> Iterator[None]:
    """Name the version in errors: a folder that is gone in a moment says nothing to anybody."""
    try:
        yield
    except DeployerError as error:
        error.where = error.where.replace(str(folder), called) or called
        raise


def labelled_rows(table: "Table", target: str, classes: Sequence[str]) -> tuple["Table", list[str]]:
    """Return the rows that have a class, and the class of each.

    Raises:
        UsageError: there is no such column, no class in it, or one that the model does not know.

    """
    from deployer.tables.table import nearest  # noqa: PLC0415 - needs NumPy
    from deployer.tables.values import is_missing, parse_number  # noqa: PLC0415 - as above

    if target not in table.names:
        raise UsageError(
            f"there is no column '{target}', which the model predicts",
            where=table.name,
            hint=f"labelled rows are needed; {nearest(target, table.names)}",
        )
    numbers = {parse_number(each): each for each in classes}
    numbers.pop(None, None)
    kept: list[int] = []
    labels: list[str] = []
    for index, cell in enumerate(table.cells(target)):
        if is_missing(cell):
            continue
        text = str(cell)
        # 1 and 1.0 are one class, however it is written.
        label = text if text in classes else numbers.get(parse_number(text))
        if label is None:
            raise UsageError(
                f"'{text}' is none of the model's classes",
                where=table.place(index, target),
                hint=nearest(text, classes).replace("the columns are", "they are"),
            )
        kept.append(index)
        labels.append(label)
    if not kept:
        raise UsageError(
            f"no row has a class in column '{target}'",
            where=table.name,
            hint="labelled rows are needed",
        )
    return table.select(kept), labels
