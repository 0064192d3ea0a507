"""An ONNX model of one input per column to the same with one input for all of them.

onnxruntime takes some microseconds per input, so that 64 columns cost more than the model itself.
Where a graph does nothing with its inputs but join them, in the schema's order, that node goes and
what it made becomes the input: the nodes that compute stay as they are, byte for byte.
"""

from collections.abc import Sequence

from deployer.packaging.onnx_scan import fields
from deployer.packaging.onnx_wire import (
    BYTES,
    GRAPH_NODE,
    GRAPH_OUTPUT,
    INFO_NAME,
    NODE_ATTRIBUTE,
    NODE_DOMAIN,
    NODE_INPUT,
    NODE_OUTPUT,
    NODE_TYPE,
    Field,
    bytes_field,
    edit_graph,
    texts,
    varint,
)

__all__ = ["as_matrix"]

_GRAPH_INPUT = 11
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS = 1, 3, 6, 11
_FLOAT = 1


def as_matrix(model: bytes, tensors: Sequence[str]) -> tuple[bytes, str] | None:
    """Return the model with one float32 input of shape (N, columns), and that input's name.

    Args:
        model: a checked ONNX file whose inputs are `tensors`, float32 of shape (N, 1) each.
        tensors: names of the inputs, in the order of the columns.

    Returns:
        None if the graph does anything but join its inputs in this order.

    """
    output = ""

    def edit(graph: list[Field]) -> list[Field] | None:
        nonlocal output
        joined = _join(graph, tensors)
        if joined is None:
            return None
        node, output = joined
        kept = [each for each in graph if each[2] is not node and not _is_input(each, set(tensors))]
        matrix = memoryview(_matrix_info(output, len(tensors)))
        return [*kept, (_GRAPH_INPUT, BYTES, matrix)]

    edited = edit_graph(model, edit)
    return None if edited is None else (edited, output)


def _join(graph: Sequence[Field], tensors: Sequence[str]) -> tuple[memoryview, str] | None:
    """Return the node that joins the inputs, and its output, if nothing else reads them."""
    found: tuple[memoryview, str] | None = None
    names = set(tensors)
    for field, _, value in graph:
        if isinstance(value, int):
            continue
        if field == GRAPH_OUTPUT and texts(value, INFO_NAME)[0] in names:
            return None
        if field != GRAPH_NODE:
            continue
        inputs = texts(value, NODE_INPUT)
        attributes = [v for f, _, v in fields(value) if f == NODE_ATTRIBUTE]
        if any(_has_graph(each) for each in attributes):
            return None  # what is inside may read the inputs too
        if names.isdisjoint(inputs):
            continue
        if (
            found is not None
            or inputs != list(tensors)
            or texts(value, NODE_TYPE) != ["Concat"]
            or any(texts(value, NODE_DOMAIN))
            or [_axis(each) for each in attributes] != [1]
        ):
            return None
        found = value, texts(value, NODE_OUTPUT)[0]
    return found


def _has_graph(attribute: int | memoryview) -> bool:
    return isinstance(attribute, int) or any(
        field in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS) for field, _, _ in fields(attribute)
    )


def _axis(attribute: int | memoryview) -> int | None:
    if isinstance(attribute, int) or texts(attribute, _ATTRIBUTE_NAME) != ["axis"]:
        return None
    values = [value for field, _, value in fields(attribute) if field == _ATTRIBUTE_INT]
    return values[0] if len(values) == 1 and isinstance(values[0], int) else None


def _is_input(each: Field, names: set[str]) -> bool:
    field, _, value = each
    return (
        field == _GRAPH_INPUT
        and not isinstance(value, int)
        and not names.isdisjoint(texts(value, INFO_NAME))
    )


def _matrix_info(name: str, columns: int) -> bytes:
    """Return a ValueInfoProto: float32 of shape (N, columns)."""
    rows = bytes_field(1, bytes_field(2, b"N"))
    width = bytes_field(1, varint(1 << 3) + varint(columns))
    tensor = varint(1 << 3) + varint(_FLOAT) + bytes_field(2, rows + width)
    return bytes_field(INFO_NAME, name.encode()) + bytes_field(2, bytes_field(1, tensor))
