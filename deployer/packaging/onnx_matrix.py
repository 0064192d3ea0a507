"""An ONNX model of one input per column to the same with one input for all of them.

onnxruntime takes some microseconds per input, so that 64 columns cost more than the model itself.
Where a graph does nothing with its inputs but join them, in the schema's order, that node goes and
what it made becomes the input: the nodes that compute stay as they are, byte for byte.
"""

from collections.abc import Iterable, Sequence

from deployer.packaging.onnx_scan import fields

__all__ = ["as_matrix"]

# Numbers of fields in onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS = 1, 3, 6, 11
_INFO_NAME, _FLOAT = 1, 1
_VARINT, _BYTES = 0, 2

_Field = tuple[int, int, int | memoryview]


def as_matrix(model: bytes, tensors: Sequence[str]) -> tuple[bytes, str] | None:
    """Return the model with one float32 input of shape (N, columns), and that input's name.

    Args:
        model: a checked ONNX file whose inputs are `tensors`, float32 of shape (N, 1) each.
        tensors: names of the inputs, in the order of the columns.

    Returns:
        None if the graph does anything but join its inputs in this order.

    """
    whole = list(fields(memoryview(model)))
    graphs = [value for field, _, value in whole if field == _MODEL_GRAPH]
    if len(graphs) != 1 or isinstance(graphs[0], int):
        return None
    graph = list(fields(graphs[0]))
    joined = _join(graph, tensors)
    if joined is None:
        return None
    node, output = joined
    kept = [each for each in graph if each[2] is not node and not _is_input(each, set(tensors))]
    kept.append((_GRAPH_INPUT, _BYTES, memoryview(_matrix_info(output, len(tensors)))))
    again = memoryview(_written(kept))
    return _written((f, w, again if f == _MODEL_GRAPH else v) for f, w, v in whole), output


def _join(graph: Sequence[_Field], tensors: Sequence[str]) -> tuple[memoryview, str] | None:
    """Return the node that joins the inputs, and its output, if nothing else reads them."""
    found: tuple[memoryview, str] | None = None
    names = set(tensors)
    for field, _, value in graph:
        if isinstance(value, int):
            continue
        if field == _GRAPH_OUTPUT and _texts(value, _INFO_NAME)[0] in names:
            return None
        if field != _GRAPH_NODE:
            continue
        inputs = _texts(value, _NODE_INPUT)
        attributes = [v for f, _, v in fields(value) if f == _NODE_ATTRIBUTE]
        if any(_has_graph(each) for each in attributes):
            return None  # what is inside may read the inputs too
        if names.isdisjoint(inputs):
            continue
        if (
            found is not None
            or inputs != list(tensors)
            or _texts(value, _NODE_TYPE) != ["Concat"]
            or any(_texts(value, _NODE_DOMAIN))
            or [_axis(each) for each in attributes] != [1]
        ):
            return None
        found = value, _texts(value, _NODE_OUTPUT)[0]
    return found


def _texts(message: memoryview, number: int) -> list[str]:
    return [
        str(value, "utf-8")
        for field, _, value in fields(message)
        if field == number and not isinstance(value, int)
    ]


def _has_graph(attribute: int | memoryview) -> bool:
    return isinstance(attribute, int) or any(
        field in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS) for field, _, _ in fields(attribute)
    )


def _axis(attribute: int | memoryview) -> int | None:
    if isinstance(attribute, int) or _texts(attribute, _ATTRIBUTE_NAME) != ["axis"]:
        return None
    values = [value for field, _, value in fields(attribute) if field == _ATTRIBUTE_INT]
    return values[0] if len(values) == 1 and isinstance(values[0], int) else None


def _is_input(each: _Field, names: set[str]) -> bool:
    field, _, value = each
    return (
        field == _GRAPH_INPUT
        and not isinstance(value, int)
        and not names.isdisjoint(_texts(value, _INFO_NAME))
    )


def _matrix_info(name: str, columns: int) -> bytes:
    """Return a ValueInfoProto: float32 of shape (N, columns)."""
    rows = _bytes(1, _bytes(2, b"N"))
    width = _bytes(1, _varint(1 << 3) + _varint(columns))
    tensor = _varint(1 << 3) + _varint(_FLOAT) + _bytes(2, rows + width)
    return _bytes(_INFO_NAME, name.encode()) + _bytes(2, _bytes(1, tensor))


def _written(message: Iterable[_Field]) -> bytes:
    parts = []
    for field, wire, value in message:
        if isinstance(value, int):
            if wire != _VARINT:
                raise ValueError(f"wire type {wire}")  # no field of a model or graph has it
            parts.append(_varint(field << 3 | wire) + _varint(value))
        else:
            parts.append(_bytes(field, value))
    return b"".join(parts)


def _bytes(field: int, content: bytes | memoryview) -> bytes:
    return b"".join([_varint(field << 3 | _BYTES), _varint(len(content)), content])


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - the bits of one byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
