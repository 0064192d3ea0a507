"""Trees: which leaf a row ends in, and what the leaves say.

The graph's tree operator adds up float32, which scikit-learn does not. So it only tells the leaf;
what that leaf says is looked up, in float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.packaging.conversion.graph import Graph, NoConverterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["convert_boosting", "convert_forest", "convert_tree"]

# Whole numbers up to here are exact as float32.
_MOST_LEAVES = 2**24


@dataclass(frozen=True)
class _Tree:
    """Arrays with one entry per node; a row goes left where ``feature <= threshold``."""

    left: "NDArray[Any]"
    right: "NDArray[Any]"
    feature: "NDArray[Any]"
    threshold: "NDArray[Any]"
    leaf: "NDArray[Any]"


def convert_tree(graph: Graph, classifier: Any, value: str) -> str:
    """Return the probabilities of a decision tree, float64 of shape (N, classes)."""
    return _mean_of_trees(graph, [classifier], value)


def convert_forest(graph: Graph, classifier: Any, value: str) -> str:
    """Return the mean of the probabilities of the trees, float64 of shape (N, classes)."""
    return _mean_of_trees(graph, classifier.estimators_, value)


def _mean_of_trees(graph: Graph, trees: Sequence[Any], value: str) -> str:
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    if trees[0].n_outputs_ != 1:
        raise NoConverterError("trees with more than one target")
    shapes = []
    for each in trees:
        tree = each.tree_
        shapes.append(
            _Tree(
                tree.children_left,
                tree.children_right,
                tree.feature,
                _down(tree.threshold),
                tree.children_left < 0,
            )
        )
    said = np.concatenate(
        [each.tree_.value[shape.leaf, 0, :] for each, shape in zip(trees, shapes, strict=True)]
    )
    # These trees see float32, whatever came before.
    found = _leaves(graph, shapes, graph.float(value), "float32")
    if len(trees) == 1:
        return graph.add("Gather", graph.constant(said, "float64"), graph.flat(found), axis=0)
    each_tree = graph.add("Gather", graph.constant(said, "float64"), found, axis=0)
    total = graph.add("ReduceSum", each_tree, graph.integers([1]), keepdims=0)
    return graph.add("Div", total, graph.number(float(len(trees))))


def convert_boosting(graph: Graph, classifier: Any, value: str) -> str:
    """Return the raw scores, float64 of shape (N, classes), or (N, 1) for two classes."""
    import numpy as np  # noqa: PLC0415 - as above

    if getattr(classifier, "is_categorical_", None) is not None:
        raise NoConverterError("boosting that splits categories by itself")
    rounds = classifier._predictors  # noqa: SLF001 - no public name
    nodes = [each.nodes for of_round in rounds for each in of_round]
    shapes = [
        _Tree(
            each["left"].astype(np.int64),
            each["right"].astype(np.int64),
            each["feature_idx"],
            each["num_threshold"],
            each["is_leaf"].astype(bool),
        )
        for each in nodes
    ]
    said = np.concatenate(
        [each["value"][shape.leaf] for each, shape in zip(nodes, shapes, strict=True)]
    )
    found = _leaves(graph, shapes, value, "float64")
    scores = graph.add("Gather", graph.constant(said, "float64"), found, axis=0)
    per_round = graph.add("Reshape", scores, graph.integers([-1, len(rounds), len(rounds[0])]))
    total = graph.add("ReduceSum", per_round, graph.integers([1]), keepdims=0)
    start = np.asarray(classifier._baseline_prediction).reshape(-1)  # noqa: SLF001 - as above
    return graph.add("Add", total, graph.constant(start, "float64"))


def _down(thresholds: "NDArray[Any]") -> "NDArray[Any]":
    """Return the greatest float32 that is not above each float64.

    For a float32 x, ``x <= threshold`` then says the same; with the nearest float32 it need not.
    """
    import numpy as np  # noqa: PLC0415 - as above

    nearest = thresholds.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest.astype(np.float64) > thresholds, below, nearest)


def _leaves(graph: Graph, trees: Sequence[_Tree], value: str, dtype: str) -> str:
    """Return the number of the leaf that each row ends in, counted over all trees, (N, trees)."""
    import numpy as np  # noqa: PLC0415 - as above
    from onnx import numpy_helper  # noqa: PLC0415 - slow to import

    count = sum(int(tree.leaf.sum()) for tree in trees)
    if count > _MOST_LEAVES:
        raise NoConverterError(f"trees with {count} leaves, more than {_MOST_LEAVES}")
    sizes = [len(tree.leaf) for tree in trees]
    leaf = np.concatenate([tree.leaf for tree in trees])
    of_tree = np.repeat(np.arange(len(trees)), sizes)
    node = np.concatenate([np.arange(size) for size in sizes])

    def spread(name: str) -> "NDArray[Any]":
        """Return an attribute of all nodes, 0 in leaves."""
        return np.where(leaf, 0, np.concatenate([getattr(tree, name) for tree in trees]))

    found = graph.add(
        "TreeEnsembleRegressor",
        value,
        n_targets=len(trees),
        nodes_treeids=of_tree.tolist(),
        nodes_nodeids=node.tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_featureids=spread("feature").astype(int).tolist(),
        nodes_truenodeids=spread("left").astype(int).tolist(),
        nodes_falsenodeids=spread("right").astype(int).tolist(),
        target_treeids=of_tree[leaf].tolist(),
        target_nodeids=node[leaf].tolist(),
        target_ids=of_tree[leaf].tolist(),
        **_numbers(dtype, spread("threshold"), np.arange(count), numpy_helper),
    )
    return graph.long(found)


def _numbers(dtype: str, thresholds: Any, leaves: Any, helper: Any) -> dict[str, Any]:
    """Return what the operator calls differently for float32 and float64."""
    if dtype == "float32":
        return {
            "nodes_values": thresholds.astype(dtype).tolist(),
            "target_weights": leaves.astype(dtype).tolist(),
        }
    return {
        "nodes_values_as_tensor": helper.from_array(thresholds.astype(dtype), "thresholds"),
        "target_weights_as_tensor": helper.from_array(leaves.astype(dtype), "leaves"),
    }
