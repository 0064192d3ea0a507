"""Columns to a model, and that to everything that a page is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deployer.evaluation.drift import ColumnDrift, drift_of
from deployer.evaluation.evaluate import evaluate
from deployer.packaging.documents import (
    CategoricalInput,
    Costs,
    Evaluation,
    Finding,
    Importance,
    ModelDocument,
    NumericInput,
    Profile,
    Schema,
)
from deployer.packaging.profile import profile_of
from tests.deployer.reports.sample_documents import (
    SHA,
    Data,
    document_of,
    few_metrics,
    models,
    schema_of,
)

__all__ = ["Data", "Sample", "make_sample", "numeric"]


@dataclass(frozen=True)
class Sample:
    """What a page is made from."""

    title: str
    document: ModelDocument
    evaluation: Evaluation
    profile: Profile | None
    drift: tuple[ColumnDrift, ...]
    schema: Schema | None


def _split(data: Data) -> tuple[Any, Any]:
    from sklearn.model_selection import train_test_split

    order = np.arange(len(data.labels))
    train, test = train_test_split(order, test_size=0.3, random_state=0, stratify=data.labels)
    return train, test


def _matrix(data: Data) -> Any:
    """Return columns as numbers: missing ones are the mean, categories one-hot."""
    columns = []
    for each in data.inputs:
        values = data.arrays[each.name][:, 0]
        if isinstance(each, CategoricalInput):
            columns += [(values == category).astype(float) for category in each.categories]
        else:
            known = values.astype(float)
            columns.append(np.where(np.isnan(known), np.nanmean(known), known))
    return np.column_stack(columns)


def make_sample(
    data: Data,
    *,
    title: str,
    target: str,
    source: Literal["holdout", "data"] = "holdout",
    positive: str | None = None,
    costs: Costs | None = None,
    threshold: float | None = None,
    findings: tuple[Finding, ...] = (),
    shift: Any = None,
    resamples: int = 60,
    families: Sequence[str] = ("softmax", "forest", "tree"),
) -> Sample:
    train, test = _split(data)
    x = _matrix(data)
    model = models(0)["softmax"].fit(x[train], data.labels[train])
    classes = [str(each) for each in model.classes_]
    probabilities = model.predict_proba(x[test])
    predicted = np.array(classes, dtype=object)[probabilities.argmax(axis=1)]
    if threshold is not None and positive is not None:
        other = next(each for each in classes if each != positive)
        told = probabilities[:, classes.index(positive)] >= threshold
        predicted = np.where(told, positive, other).astype(object)
    labels = data.labels[test]
    before = {name: values[train] for name, values in data.arrays.items()}
    after = {name: values[test] for name, values in data.arrays.items()}
    if shift is not None:
        after = shift(after)
    confidence = probabilities.max(axis=1)
    trained = {label: int((data.labels == label).sum()) for label in classes}
    evaluation = evaluate(
        labels,
        predicted,
        probabilities,
        classes,
        source=source,
        data=SHA,
        positive=positive,
        costs=costs,
        columns={
            each.name: data.arrays[each.name][test, 0]
            for each in data.inputs
            if isinstance(each, CategoricalInput)
        },
        threshold=threshold,
        baseline=max(classes, key=lambda label: int((data.labels[train] == label).sum())),
        importances=_importances(data, x, model, test),
        metrics=None if resamples else few_metrics(labels, predicted, classes),
        resamples=resamples,
    )
    profile = profile_of(data.inputs, before, data.labels[train], classes, predicted, confidence)
    return Sample(
        title=title,
        document=document_of(
            data, target, trained, train, test, x, positive, costs, findings, families
        ),
        evaluation=evaluation,
        profile=profile,
        drift=drift_of(
            profile,
            data.inputs,
            after,
            labels=labels,
            predicted=predicted,
            confidence=confidence,
        ),
        schema=schema_of(data, target, classes, positive, threshold),
    )


def _importances(data: Data, x: Any, model: Any, test: Any) -> tuple[Importance, ...]:
    from sklearn.inspection import permutation_importance

    if x.shape[1] != len(data.inputs):
        # One-hot columns of one input count together, about.
        starts = np.cumsum(
            [0, *(len(e.categories) if isinstance(e, CategoricalInput) else 1 for e in data.inputs)]
        )
    else:
        starts = np.arange(len(data.inputs) + 1)
    found = permutation_importance(
        model, x[test], data.labels[test], n_repeats=2, random_state=0, scoring="accuracy"
    )
    rows = [
        Importance(
            column=each.name,
            mean=float(found.importances_mean[a:b].sum()),
            std=float(found.importances_std[a:b].max()),
        )
        for each, a, b in zip(data.inputs, starts, starts[1:], strict=False)
    ]
    return tuple(sorted(rows, key=lambda each: -each.mean))


def numeric(names: Sequence[str], matrix: Any, labels: Any) -> Data:
    return Data(
        arrays={n: matrix[:, [i]].astype(np.float32) for i, n in enumerate(names)},
        labels=labels.astype(object),
        inputs=tuple(NumericInput(name=n, tensor=f"c{i}", missing=0) for i, n in enumerate(names)),
    )
