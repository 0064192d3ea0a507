"""From a table to what a pipeline is fitted on, and everything a person should know first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployer.packaging.cells import encode_table
from deployer.packaging.documents import (
    CategoricalInput,
    DateInput,
    Finding,
    Input,
    NumericInput,
    TextInput,
)
from deployer.tables.table import Table
from deployer.training.features import Features, choose_features
from deployer.training.quality.report import examine
from deployer.training.target import read_target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Prepared", "arrays_of", "inputs_of", "prepare", "to_frame"]

_INPUTS = {
    "numeric": NumericInput,
    "categorical": CategoricalInput,
    "text": TextInput,
    "date": DateInput,
}


@dataclass(frozen=True)
class Prepared:
    """A table, understood.

    Attributes:
        table: the rows that have a class.
        labels: the class of each, str of shape (N,), dtype object.
        classes: sorted as text.
        counts: rows per class.
        features: the columns to learn from.
        findings: the quality report.
        total: rows that were read, before those without a class were left out.
        warnings: what a person should know about target and columns.

    """

    table: Table
    labels: "NDArray[Any]"
    classes: list[str]
    counts: dict[str, int]
    features: Features
    findings: list[Finding]
    total: int
    warnings: list[str] = field(default_factory=list)


def prepare(
    table: Table,
    target: str,
    *,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    text: Sequence[str] = (),
    dates: Sequence[str] = (),
    single: bool = False,
) -> Prepared:
    """Return the rows that have a class, the columns to learn from, and the quality report.

    Args:
        table: all rows.
        target: the column to learn.
        drop: columns to leave out.
        categorical: columns to read as categories, whatever they hold.
        text: columns to read as prose.
        dates: columns to read as dates.
        single: whether a class may have one row only.

    Raises:
        UsageError: a column, a class or a cell will not do; says where and what to do.

    """
    known = read_target(table, target, single=single)
    features = choose_features(
        known.table, target, drop=drop, categorical=categorical, text=text, dates=dates
    )
    findings = examine(known, features, target=target, table=table)
    return Prepared(
        table=known.table,
        labels=known.labels,
        classes=known.classes,
        counts=known.counts,
        features=features,
        findings=findings,
        total=len(table),
        warnings=[*known.warnings, *features.warnings],
    )


def inputs_of(prepared: Prepared, rows: "NDArray[np.int64] | None" = None) -> list[Input]:
    """Return the inputs of a model that is yet to be fitted: no tensors, no categories.

    Args:
        prepared: the table.
        rows: indices of those whose missing values are counted, all by default.

    """
    inputs: list[Input] = []
    for name, kind in prepared.features.kinds.items():
        absent = prepared.table.missing(name)
        count = int((absent if rows is None else absent[rows]).sum())
        if kind == "categorical":
            inputs.append(CategoricalInput(name=name, tensor=name, missing=count, categories=()))
        else:
            inputs.append(_INPUTS[kind](name=name, tensor=name, missing=count))
    return inputs


def arrays_of(prepared: Prepared) -> "dict[str, NDArray[Any]]":
    """Return one array of shape (N, 1) per column to learn from, as the model will be fed.

    Raises:
        UsageError: a cell that its column cannot hold; names its place.

    """
    return encode_table(inputs_of(prepared), prepared.table)


def to_frame(arrays: "Mapping[str, NDArray[Any]]") -> Any:
    """Return the data frame that a pipeline takes, from one array of shape (N, 1) per column.

    The columns keep their order and types. Numbers share one block of memory, so that the frame,
    and every row or column taken from it, is cheap.
    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    import pandas as pd  # noqa: PLC0415 - slow to import

    names = list(arrays)
    numeric = [name for name in names if arrays[name].dtype == np.float32]
    others = {
        name: pd.Series(array[:, 0], dtype=array.dtype)
        for name, array in arrays.items()
        if array.dtype != np.float32
    }
    if not numeric:
        return pd.DataFrame(others)
    # Columns of a frame are rows of its block.
    block = np.empty((len(numeric), len(arrays[numeric[0]])), dtype=np.float32)
    for row, name in zip(block, numeric, strict=True):
        row[:] = arrays[name][:, 0]
    frame = pd.DataFrame(block.T, columns=numeric, copy=False)
    if not others:
        return frame
    return pd.concat([frame, pd.DataFrame(others)], axis=1)[names]
