"""Text to TF-IDF: ``deployer.packaging.words`` as a graph."""

from collections.abc import Sequence
from typing import Any

from deployer.packaging.conversion.graph import Graph
from deployer.packaging.words import pattern

__all__ = ["convert_words"]

# The regular expressions of ONNX Runtime are RE2's, on code points.
_WORD = pattern("\\x{%x}")
# Fills the rows of a batch up to its longest; no word holds a space.
_PAD = " "


def convert_words(graph: Graph, words: Any, values: Sequence[str]) -> str:
    """Return the float64 matrix that the fitted ``Words`` makes of columns of text."""
    parts = [
        _nothing(graph, value) if each is None else _column(graph, each, value)
        for each, value in zip(words.vectorizers_, values, strict=True)
    ]
    return graph.beside(parts)


def _nothing(graph: Graph, value: str) -> str:
    """Return a column of zeros."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    from onnx import numpy_helper  # noqa: PLC0415 - slow to import

    zero = numpy_helper.from_array(np.zeros(1))
    return graph.add("ConstantOfShape", graph.add("Shape", value), value=zero)


def _column(graph: Graph, vectorizer: Any, value: str) -> str:
    import numpy as np  # noqa: PLC0415 - as above

    known = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    # The locale "C" is in every container; its lower case is that of A to Z.
    small = graph.add(
        "StringNormalizer",
        graph.flat(value),
        case_change_action="LOWER",
        is_case_sensitive=1,
        locale="C",
    )
    found = graph.add("Tokenizer", small, tokenexp=_WORD, pad_value=_PAD, mark=0, mincharnum=1)
    # A batch without any word has no columns, which the next step does not take.
    pad = graph.add("Expand", graph.texts([_PAD]), graph.add("Shape", value))
    found = graph.add("Concat", found, pad, axis=1)
    counts = graph.add(
        "TfIdfVectorizer",
        found,
        mode="TF",
        min_gram_length=1,
        max_gram_length=1,
        max_skip_count=0,
        ngram_counts=[0],
        ngram_indexes=list(range(len(known))),
        pool_strings=known,
    )
    weighted = graph.add(
        "Mul", graph.double(counts), graph.constant(np.asarray(vectorizer.idf_), "float64")
    )
    length = graph.add("Sqrt", graph.row_sums(graph.add("Mul", weighted, weighted)))
    # A row without a known word stays zero.
    return graph.add("Div", weighted, graph.or_one(length))
