"""What must be known of a model to answer a request, worked out once per model."""

import weakref
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deployer.packaging.documents import Input, NumericInput
from deployer.packaging.load import LoadedModel
from deployer.packaging.runtime import OnnxClassifier, Prediction

__all__ = ["Plan", "plan_of"]


class Plan(NamedTuple):
    """A model as requests see it.

    Attributes:
        columns: its inputs, in order.
        names: theirs.
        known: place of a column by its name, and by the model's name for it.
        numeric: whether all columns are numbers, so that one matrix can hold them.
        matrix: answers for such a matrix, if the model has a short way for it.
        outputs: names of the labels and the probabilities.

    """

    columns: tuple[Input, ...]
    names: tuple[str, ...]
    known: Mapping[str, int]
    numeric: bool
    matrix: Callable[[NDArray[np.float32]], Prediction] | None
    outputs: tuple[str, str]


# By the id of a package; an entry goes when its package does.
_plans: dict[int, tuple["weakref.ref[LoadedModel]", Plan]] = {}


def plan_of(package: LoadedModel) -> Plan:
    """Return the plan of a model; quick from the second time on."""
    found = _plans.get(id(package))
    if found is not None and found[0]() is package:
        return found[1]
    key = id(package)
    plan = _make(package)
    _plans[key] = weakref.ref(package, lambda _: _plans.pop(key, None)), plan
    return plan


def _make(package: LoadedModel) -> Plan:
    schema, classifier = package.schema, package.classifier
    numeric = all(isinstance(each, NumericInput) for each in schema.inputs)
    short = isinstance(classifier, OnnxClassifier) and classifier.takes_matrix
    places = range(len(schema.inputs))
    return Plan(
        columns=schema.inputs,
        names=tuple(each.name for each in schema.inputs),
        # A column's own name goes before the model's name for another.
        known={schema.inputs[i].tensor: i for i in places}
        | {schema.inputs[i].name: i for i in places},
        numeric=numeric,
        matrix=classifier.predict_matrix
        if short and isinstance(classifier, OnnxClassifier)
        else None,
        outputs=(schema.outputs.label.tensor, schema.outputs.probabilities.tensor),
    )
