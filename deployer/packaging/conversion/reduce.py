"""Fewer columns: selection and principal components."""

from typing import Any

from deployer.packaging.conversion.graph import Graph, NoConverterError

__all__ = ["convert_pca", "convert_selection"]


def convert_selection(graph: Graph, selector: Any, value: str) -> str:
    """Return the columns that the fitted selector keeps."""
    kept = [int(each) for each in selector.get_support(indices=True)]
    return graph.add("Gather", value, graph.integers(kept), axis=1)


def convert_pca(graph: Graph, pca: Any, value: str) -> str:
    """Return the principal components; projected first and centred after, as scikit-learn does."""
    if pca.whiten:
        raise NoConverterError("a PCA that whitens")
    return graph.affine(value, pca.components_.T, -(pca.mean_ @ pca.components_.T))
