"""Decisions of support vector machines."""

from typing import Any

from deployer.packaging.conversion.graph import Graph, NoConverterError
from deployer.packaging.conversion.linear import votes

__all__ = ["convert_svc"]


def convert_svc(graph: Graph, machine: Any, value: str) -> str:
    """Return the decision of a machine with a Gaussian kernel.

    One column for two classes; else votes of the pairs. The kernel is ``exp(-gamma |x - s|²)``
    with ``|x - s|² = |x|² + |s|² - 2 xs``.
    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    if machine.kernel != "rbf" or machine.decision_function_shape != "ovr" or machine.break_ties:
        raise NoConverterError("a support vector machine of another kind than ours")
    vectors = _dense(machine.support_vectors_)
    lengths = graph.constant((vectors**2).sum(axis=1), "float64")
    squares = graph.row_sums(graph.add("Mul", value, value))
    products = graph.add("MatMul", value, graph.constant(-2.0 * vectors.T, "float64"))
    distances = graph.add("Add", graph.add("Add", products, squares), lengths)
    gamma = graph.number(-float(machine._gamma))  # noqa: SLF001 - no public name
    kernel = graph.add("Exp", graph.add("Mul", distances, gamma))
    weights = _pair_weights(_dense(machine.dual_coef_), machine.n_support_)
    if len(machine.classes_) > 2:  # noqa: PLR2004 - more than a pair
        # libsvm's decision is positive for the first of a pair, votes' for the second.
        pairs = graph.affine(kernel, -weights, -np.asarray(machine.intercept_))
        return votes(graph, pairs, len(machine.classes_))
    return graph.affine(kernel, weights, np.asarray(machine.intercept_))


def _pair_weights(coefficients: Any, counts: Any) -> Any:
    """Return the weight of every support vector in every pair of classes, (vectors, pairs).

    libsvm keeps for a vector of class c one number per other class, in their order.
    """
    import numpy as np  # noqa: PLC0415 - as above

    classes = len(counts)
    if classes == 2:  # noqa: PLR2004 - a pair
        return coefficients.T
    of_vector = np.repeat(np.arange(classes), counts)
    columns = []
    for i in range(classes):
        for j in range(i + 1, classes):
            column = np.where(of_vector == i, coefficients[j - 1], 0.0)
            columns.append(np.where(of_vector == j, coefficients[i], column))
    return np.stack(columns, axis=1)


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
