"""Decisions of logistic regression, and of one-vs-rest and one-vs-one made of it."""

from collections.abc import Sequence
from typing import Any

from deployer.packaging.conversion.graph import Graph, NoConverterError, full_name

__all__ = ["convert_linear", "convert_one_vs_one", "convert_one_vs_rest", "votes"]

_LINEAR = ("sklearn.LogisticRegression", "sklearn.LinearSVC")


def convert_linear(graph: Graph, estimators: Sequence[Any], value: str) -> str:
    """Return ``Xw + b`` of linear classifiers side by side, float64 of shape (N, outputs)."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    for each in estimators:
        if full_name(each) not in _LINEAR:
            raise NoConverterError(f"no ONNX form of {full_name(each)} in another one is known")
    weights = np.concatenate([each.coef_ for each in estimators])
    intercepts = np.concatenate([np.atleast_1d(each.intercept_) for each in estimators])
    return graph.affine(value, weights.T, intercepts)


def convert_one_vs_rest(graph: Graph, classifier: Any, value: str) -> str:
    """Return one decision per class, or one alone for two classes."""
    return convert_linear(graph, classifier.estimators_, value)


def convert_one_vs_one(graph: Graph, classifier: Any, value: str) -> str:
    """Return one decision per class, made of the votes of all pairs."""
    pairs = convert_linear(graph, classifier.estimators_, value)
    return votes(graph, pairs, len(classifier.classes_))


def votes(graph: Graph, pairs: str, classes: int) -> str:
    """Return votes per class, ties broken by confidences.

    The definition is scikit-learn's (``_ovr_decision_function``): of the pair (i, j), i before j, a
    positive decision votes for j, any other for i; and sums s of the decisions for a class are
    added as ``s / (3 (|s| + 1))``, less than a third of a vote.

    Args:
        graph: gets the nodes.
        pairs: decisions of the pairs (0, 1), (0, 2) … (1, 2) …, of shape (N, pairs).
        classes: three or more.

    """
    import numpy as np  # noqa: PLC0415 - as above

    first, second = np.triu_indices(classes, 1)
    for_first = np.eye(classes)[first]
    for_second = np.eye(classes)[second]
    positive = graph.double(graph.add("Greater", pairs, graph.number(0.0)))
    # A vote for j instead of i moves one vote from the count of "all for i".
    moved = graph.add("MatMul", positive, graph.constant(for_second - for_first, "float64"))
    counts = graph.add("Add", moved, graph.constant(for_first.sum(axis=0), "float64"))
    sums = graph.add("MatMul", pairs, graph.constant(for_second - for_first, "float64"))
    bound = graph.add("Add", graph.add("Abs", sums), graph.number(1.0))
    shares = graph.add("Div", sums, graph.add("Mul", bound, graph.number(3.0)))
    return graph.add("Add", counts, shares)
