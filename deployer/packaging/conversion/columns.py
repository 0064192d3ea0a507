"""Transformers: what happens to the columns before the classifier."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deployer.packaging.conversion.calendar import convert_dates
from deployer.packaging.conversion.graph import Graph, NoConverterError, full_name
from deployer.packaging.conversion.prose import convert_words
from deployer.packaging.conversion.reduce import convert_pca, convert_selection

__all__ = ["convert_transformer"]

# Columns of strings stay apart, one tensor of shape (N, 1) each; numbers are one float64 matrix.
Converter = Callable[[Graph, Any, Sequence[str]], str]


def convert_transformer(graph: Graph, transformer: Any, columns: Mapping[str, str]) -> str:
    """Return the name of the float64 matrix that `transformer` makes of `columns`.

    Args:
        graph: gets the nodes.
        transformer: a fitted ``ColumnTransformer``, or a pipeline that begins with one.
        columns: column to tensor of shape (N, 1).

    Raises:
        NoConverterError: it holds a transformer whose graph is not known.

    """
    name = full_name(transformer)
    if name == "sklearn.Pipeline":
        value = convert_transformer(graph, transformer.steps[0][1], columns)
        for _, step in transformer.steps[1:]:
            value = _convert(graph, step, [value])
        return value
    if name != "sklearn.ColumnTransformer":
        raise NoConverterError(f"the first step is a {name}, not a ColumnTransformer")
    parts = []
    for _, part, names in transformer.transformers_:
        if isinstance(part, str):
            if part == "drop":
                continue
            raise NoConverterError("a ColumnTransformer with columns that it leaves as they are")
        if not all(each in columns for each in names):
            raise NoConverterError("a ColumnTransformer whose columns have no names")
        parts.append(_convert(graph, part, [columns[each] for each in names]))
    return graph.beside(parts)


def _convert(graph: Graph, transformer: Any, values: Sequence[str]) -> str:
    name = full_name(transformer)
    if name == "sklearn.Pipeline":
        for _, step in transformer.steps:
            values = [_convert(graph, step, values)]
        return values[0]
    if name not in _CONVERTERS:
        raise NoConverterError(f"no ONNX form of {name} is known")
    return _CONVERTERS[name](graph, transformer, values)


def _matrix(graph: Graph, values: Sequence[str]) -> str:
    """Return numbers of any type as one float64 matrix."""
    return graph.double(graph.beside(values))


def _impute(graph: Graph, imputer: Any, values: Sequence[str]) -> str:
    if imputer.add_indicator or not imputer.keep_empty_features:
        raise NoConverterError("a SimpleImputer that adds or leaves out columns")
    matrix = _matrix(graph, values)
    fill = graph.constant(imputer.statistics_.reshape(1, -1), "float64")
    return graph.add("Where", graph.add("IsNaN", matrix), fill, matrix)


def _scale(graph: Graph, scaler: Any, values: Sequence[str]) -> str:
    matrix = values[0]
    if scaler.with_mean:
        matrix = graph.add("Sub", matrix, graph.constant(scaler.mean_, "float64"))
    if scaler.with_std:
        matrix = graph.add("Div", matrix, graph.constant(scaler.scale_, "float64"))
    return matrix


def _one_hot(graph: Graph, encoder: Any, values: Sequence[str]) -> str:
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    if encoder.drop is not None:
        raise NoConverterError("a OneHotEncoder that drops categories")
    off_on = graph.constant([0.0, 1.0], "float32")
    parts = []
    for index, value in enumerate(values):
        known = encoder.categories_[index]
        # The place of every category among the column's; rare ones share the last.
        shared = None
        if getattr(encoder, "infrequent_categories_", None) is not None:
            shared = encoder._default_to_infrequent_mappings[index]  # noqa: SLF001 - no other way
        places = np.arange(len(known)) if shared is None else shared
        width = int(places.max()) + 1
        rare_last = shared is not None and encoder.handle_unknown == "infrequent_if_exist"
        codes = graph.add(
            "LabelEncoder",
            graph.flat(value),
            keys_strings=[str(each) for each in known],
            values_int64s=[int(each) for each in places],
            # One beyond the last is a row of zeros.
            default_int64=width - 1 if rare_last else width,
        )
        parts.append(graph.add("OneHot", codes, graph.integers([width]), off_on, axis=1))
    return graph.double(graph.beside(parts))


def _dates(graph: Graph, transformer: Any, values: Sequence[str]) -> str:
    return graph.beside([convert_dates(graph, each) for each in values])


def _pca(graph: Graph, transformer: Any, values: Sequence[str]) -> str:
    return convert_pca(graph, transformer, values[0])


def _selection(graph: Graph, transformer: Any, values: Sequence[str]) -> str:
    return convert_selection(graph, transformer, values[0])


_CONVERTERS: Mapping[str, Converter] = {
    "deployer.DateParts": _dates,
    "deployer.Words": convert_words,
    "sklearn.OneHotEncoder": _one_hot,
    "sklearn.PCA": _pca,
    "sklearn.SelectKBest": _selection,
    "sklearn.SimpleImputer": _impute,
    "sklearn.StandardScaler": _scale,
}
