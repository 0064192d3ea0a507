"""A model package on labelled rows: what it answers, what it has seen, and how that is measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.errors import UsageError
from deployer.evaluation.evaluate import evaluate
from deployer.evaluation.importances import importances
from deployer.evaluation.measure import commonest
from deployer.evaluation.metrics import METRICS
from deployer.packaging.cells import encode_table
from deployer.packaging.documents import CategoricalInput, Evaluation, ModelDocument, Profile
from deployer.packaging.layout import decode
from deployer.packaging.load import LoadedModel
from deployer.tables.table import Table, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deployer.evaluation.drift import ColumnDrift

__all__ = ["PackageEvaluation", "deciding_metric", "evaluate_package", "positive_class"]


@dataclass(frozen=True)
class PackageEvaluation:
    """What was found.

    Attributes:
        evaluation: the numbers.
        drift: of the rows' columns from those fitted on; nothing without a profile.
        profile: of the rows fitted on, None if the package has none.

    """

    evaluation: Evaluation
    drift: "tuple[ColumnDrift, ...]"
    profile: Profile | None


def positive_class(model: LoadedModel) -> str | None:
    """Return the class that errors are counted against; None if there is none."""
    named = model.schema.outputs.label.positive
    return model.document.training.choice.positive if named is None else named


def deciding_metric(document: ModelDocument) -> str:
    """Return the metric that chose the model; accuracy if it is none that can be measured here."""
    metric = METRICS.get(document.training.choice.metric)
    if metric is None or (metric.needs_positive and document.training.choice.positive is None):
        return "accuracy"
    return metric.name


def evaluate_package(
    model: LoadedModel,
    table: Table,
    labels: Sequence[str],
    *,
    slices: Sequence[str] = (),
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    keep_seen: bool = False,
    begin: Callable[[int], None] = lambda total: None,  # noqa: ARG005 - says nothing
    progress: Callable[[int], None] | None = None,
) -> PackageEvaluation:
    """Return what a package scores on the rows of a table that it was not fitted on.

    Args:
        model: the package.
        table: rows that have a class.
        labels: the class of each; all of them are known to the model.
        slices: columns of the table to slice by; without any, the model's categorical ones.
        confidence: of the intervals.
        resamples: of the bootstrap.
        seed: of the bootstrap and of the shuffling for importances.
        keep_seen: whether rows equal to those that the model was fitted on stay.
        begin: called with the number of columns to shuffle.
        progress: called with 1 after each.

    Raises:
        UsageError: a column or a cell is not what the model needs, a column to slice by is not
            there, or the model was fitted on every row; says where.
        DamagedError: a file of the package is not what it should be.

    """
    model.unknown_columns(table)
    columns = _slice_columns(model, table, slices)
    arrays = encode_table(model.schema.inputs, table)
    seen = None if keep_seen else _seen(model, arrays, labels)
    if seen is not None:
        arrays, labels, columns = _leave_out(seen, arrays, labels, columns, table)
    if not slices:
        columns = {each: arrays[each] for each in columns}
    answers = model.classifier.predict(arrays)
    document = model.document
    classes = list(document.classes)
    positive = positive_class(model)
    begin(len(arrays))
    evaluation = evaluate(
        labels,
        answers.labels,
        answers.probabilities,
        classes,
        source="data",
        data=table.sha256,
        positive=positive,
        threshold=model.schema.outputs.label.threshold,
        costs=document.training.choice.costs,
        columns=columns,
        rows_seen=None if seen is None else int(seen.sum()),
        importances=importances(
            model.classifier.predict,
            arrays,
            labels,
            classes,
            metric=deciding_metric(document),
            positive=positive,
            seed=seed,
            progress=progress,
        ),
        baseline=commonest(document.training.classes, classes),
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    profile = _profile(model)
    drift: tuple[ColumnDrift, ...] = ()
    if profile is not None:
        from deployer.evaluation.drift import drift_of  # noqa: PLC0415 - needs NumPy
        from deployer.packaging.profile import confidence_of  # noqa: PLC0415 - as above

        drift = drift_of(
            profile,
            model.schema.inputs,
            arrays,
            labels=labels,
            predicted=answers.labels,
            confidence=confidence_of(answers.labels, answers.probabilities, classes),
        )
    return PackageEvaluation(evaluation, drift, profile)


def _slice_columns(
    model: LoadedModel, table: Table, wanted: Sequence[str]
) -> "dict[str, NDArray[Any]]":
    import numpy as np  # noqa: PLC0415 - slow to import

    from deployer.tables.values import is_missing  # noqa: PLC0415 - as above

    if not wanted:
        nothing = np.empty(len(table), dtype=object)
        return {
            each.name: nothing for each in model.schema.inputs if isinstance(each, CategoricalInput)
        }
    for name in wanted:
        if name not in table.names:
            raise UsageError(
                f"there is no column '{name}' to slice by",
                where=table.name,
                hint=nearest(name, table.names),
            )
    columns = {}
    for name in dict.fromkeys(wanted):
        values = np.empty(len(table), dtype=object)
        values[:] = ["" if is_missing(cell) else str(cell) for cell in table.cells(name)]
        columns[name] = values
    return columns


def _seen(
    model: LoadedModel, arrays: "dict[str, NDArray[Any]]", labels: Sequence[str]
) -> "NDArray[Any] | None":
    from deployer.packaging.fingerprints import seen  # noqa: PLC0415 - needs NumPy

    stored = model.files.get("rows")
    return None if stored is None else seen(arrays, labels, stored)


def _leave_out(
    seen: "NDArray[Any]",
    arrays: "dict[str, NDArray[Any]]",
    labels: Sequence[str],
    columns: "dict[str, NDArray[Any]]",
    table: Table,
) -> "tuple[dict[str, NDArray[Any]], list[str], dict[str, NDArray[Any]]]":
    if seen.all():
        raise UsageError(
            f"the model was fitted on every one of the {len(seen)} rows, or on equal ones",
            where=table.name,
            hint="use rows that it has not seen, or, if new rows are often equal to old ones in "
            "this table, --keep-seen",
        )
    kept = ~seen
    return (
        {name: array[kept] for name, array in arrays.items()},
        [label for label, keep in zip(labels, kept, strict=True) if keep],
        {name: array[kept] for name, array in columns.items()},
    )


def _profile(model: LoadedModel) -> Profile | None:
    stored = model.files.get("profile")
    if stored is None:
        return None
    return decode(stored, Profile, where=model.document.files["profile"].path)
