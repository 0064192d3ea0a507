"""Classifiers: probabilities, and which class they choose."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from deployer.packaging.conversion.graph import Graph, NoConverterError, full_name
from deployer.packaging.conversion.linear import (
    convert_linear,
    convert_one_vs_one,
    convert_one_vs_rest,
)
from deployer.packaging.conversion.margin import convert_svc
from deployer.packaging.conversion.trees import convert_boosting, convert_forest, convert_tree

__all__ = ["Answer", "convert_classifier"]


class Answer(NamedTuple):
    """Names of tensors.

    Attributes:
        choice: the place of the chosen class, int64 of shape (N,).
        probabilities: float64 of shape (N, classes).

    """

    choice: str
    probabilities: str


def convert_classifier(graph: Graph, classifier: Any, value: str) -> Answer:
    """Return what the fitted `classifier` answers to the float64 matrix `value`.

    Raises:
        NoConverterError: its graph is not known.

    """
    name = full_name(classifier)
    if name not in _CLASSIFIERS:
        raise NoConverterError(f"no ONNX form of {name} is known")
    return _CLASSIFIERS[name](graph, classifier, value)


def _logistic(graph: Graph, classifier: Any, value: str) -> Answer:
    if classifier.solver == "liblinear":
        raise NoConverterError("logistic regression by liblinear")
    decision = convert_linear(graph, [classifier], value)
    if len(classifier.classes_) > 2:  # noqa: PLR2004 - more than a pair
        return Answer(graph.largest(decision), graph.add("Softmax", decision, axis=1))
    return _of_two(graph, decision)


def _one_vs_rest(graph: Graph, classifier: Any, value: str) -> Answer:
    decision = convert_one_vs_rest(graph, classifier, value)
    if len(classifier.estimators_) == 1:
        return _of_two(graph, decision)
    each = graph.add("Sigmoid", decision)
    sums = graph.or_one(graph.row_sums(each))
    return Answer(graph.largest(decision), graph.add("Div", each, sums))


def _of_two(graph: Graph, decision: str) -> Answer:
    """Return the answer where one decision of shape (N, 1) speaks for the second class."""
    return _halves(graph, graph.add("Sigmoid", decision), decision, 0.0)


def _halves(graph: Graph, second: str, decision: str, least: float) -> Answer:
    first = graph.add("Sub", graph.number(1.0), second)
    above = graph.add("Greater", graph.flat(decision), graph.number(least))
    return Answer(graph.long(above), graph.beside([first, second]))


def _calibrated(graph: Graph, classifier: Any, value: str) -> Answer:
    (fitted,) = classifier.calibrated_classifiers_
    name = full_name(fitted.estimator)
    if fitted.method != "temperature" or name not in _DECISIONS:
        raise NoConverterError(f"no ONNX form of {name} with {fitted.method} calibration is known")
    decision = _DECISIONS[name](graph, fitted.estimator, value)
    if len(classifier.classes_) == 2:  # noqa: PLR2004 - a pair
        decision = graph.beside([graph.add("Neg", decision), decision])
    beta = graph.number(float(fitted.calibrators[0].beta_))
    return _likeliest(graph, graph.add("Softmax", graph.add("Mul", decision, beta), axis=1))


def _tree(graph: Graph, classifier: Any, value: str) -> Answer:
    return _likeliest(graph, convert_tree(graph, classifier, value))


def _forest(graph: Graph, classifier: Any, value: str) -> Answer:
    return _likeliest(graph, convert_forest(graph, classifier, value))


def _boosting(graph: Graph, classifier: Any, value: str) -> Answer:
    scores = convert_boosting(graph, classifier, value)
    if len(classifier.classes_) > 2:  # noqa: PLR2004 - more than a pair
        return Answer(graph.largest(scores), graph.add("Softmax", scores, axis=1))
    return _of_two(graph, scores)


def _network(graph: Graph, classifier: Any, value: str) -> Answer:
    if classifier.activation != "relu":
        raise NoConverterError(f"a neural network with {classifier.activation} units")
    *hidden, last = zip(classifier.coefs_, classifier.intercepts_, strict=True)
    for weights, intercepts in hidden:
        value = graph.add("Relu", graph.affine(value, weights, intercepts))
    out = graph.affine(value, *last)
    if classifier.out_activation_ == "softmax":
        return _likeliest(graph, graph.add("Softmax", out, axis=1))
    second = graph.add("Sigmoid", out)
    return _halves(graph, second, second, 0.5)


def _vote(graph: Graph, classifier: Any, value: str) -> Answer:
    if classifier.voting != "soft" or classifier.weights is not None:
        raise NoConverterError("a vote with weights, or of labels")
    shares = [
        convert_classifier(graph, each, value).probabilities for each in classifier.estimators_
    ]
    total = shares[0]
    for each in shares[1:]:
        total = graph.add("Add", total, each)
    return _likeliest(graph, graph.add("Div", total, graph.number(float(len(shares)))))


def _likeliest(graph: Graph, probabilities: str) -> Answer:
    return Answer(graph.largest(probabilities), probabilities)


def _linear_machine(graph: Graph, classifier: Any, value: str) -> str:
    return convert_linear(graph, [classifier], value)


_DECISIONS: Mapping[str, Callable[[Graph, Any, str], str]] = {
    "sklearn.LinearSVC": _linear_machine,
    "sklearn.OneVsOneClassifier": convert_one_vs_one,
    "sklearn.OneVsRestClassifier": convert_one_vs_rest,
    "sklearn.SVC": convert_svc,
}
_CLASSIFIERS: Mapping[str, Callable[[Graph, Any, str], Answer]] = {
    "sklearn.CalibratedClassifierCV": _calibrated,
    "sklearn.DecisionTreeClassifier": _tree,
    "sklearn.HistGradientBoostingClassifier": _boosting,
    "sklearn.LogisticRegression": _logistic,
    "sklearn.MLPClassifier": _network,
    "sklearn.OneVsRestClassifier": _one_vs_rest,
    "sklearn.RandomForestClassifier": _forest,
    "sklearn.VotingClassifier": _vote,
}
