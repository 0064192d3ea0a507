"""An ONNX model whose labels are texts to the same with the places of the labels in their list.

onnxruntime makes a new text of every answer. Where the last node does nothing but look the label
up in a list of the file, that node goes: the place is the output, and who asks looks it up.
"""

from collections.abc import Sequence

from deployer.packaging.onnx_scan import fields
from deployer.packaging.onnx_wire import (
    BYTES,
    GRAPH_INITIALIZER,
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

__all__ = ["with_places"]

_TENSOR_STRINGS, _TENSOR_NAME = 6, 8
_INT64 = 7


def with_places(model: bytes, label: str, classes: Sequence[str]) -> tuple[bytes, str] | None:
    """Return the model with int64 of shape (N,) in place of its labels, and that output's name.

    Args:
        model: a checked ONNX file.
        label: its output of texts, of shape (N,).
        classes: the labels, by place.

    Returns:
        None if the labels do not come from a list of `classes` in this order.

    """
    place = ""

    def edit(graph: list[Field]) -> list[Field] | None:
        nonlocal place
        found = _looked_up(graph, label)
        if found is None or _list(graph, found[1]) != list(classes):
            return None
        node, _, place = found
        outputs = [each for each in graph if _is(each, GRAPH_OUTPUT, INFO_NAME, label)]
        if len(outputs) != 1 or any(_is(each, GRAPH_OUTPUT, INFO_NAME, place) for each in graph):
            return None
        info = memoryview(_places_info(place))
        return [
            (GRAPH_OUTPUT, BYTES, info) if each[2] is outputs[0][2] else each
            for each in graph
            if each[2] is not node
        ]

    edited = edit_graph(model, edit)
    return None if edited is None else (edited, place)


def _looked_up(graph: Sequence[Field], label: str) -> tuple[memoryview, str, str] | None:
    """Return the node that makes the labels, the list that it reads, and what it looks up."""
    made = None
    for field, _, value in graph:
        if field != GRAPH_NODE or isinstance(value, int):
            continue
        inputs = texts(value, NODE_INPUT)
        if label in inputs:
            return None
        if label not in texts(value, NODE_OUTPUT):
            continue
        attributes = [each for number, _, each in fields(value) if number == NODE_ATTRIBUTE]
        if (
            texts(value, NODE_TYPE) != ["Gather"]
            or any(texts(value, NODE_DOMAIN))
            or attributes
            or len(inputs) != 2  # noqa: PLR2004 - the list, and the places
        ):
            return None
        made = value, inputs[0], inputs[1]
    return made


def _list(graph: Sequence[Field], name: str) -> list[str]:
    """Return the texts of a constant."""
    for each in graph:
        if _is(each, GRAPH_INITIALIZER, _TENSOR_NAME, name) and not isinstance(each[2], int):
            return texts(each[2], _TENSOR_STRINGS)
    return []


def _is(each: Field, kind: int, number: int, name: str) -> bool:
    field, _, value = each
    return field == kind and not isinstance(value, int) and texts(value, number) == [name]


def _places_info(name: str) -> bytes:
    """Return a ValueInfoProto: int64 of shape (N,)."""
    rows = bytes_field(1, bytes_field(2, b"N"))
    tensor = varint(1 << 3) + varint(_INT64) + bytes_field(2, rows)
    return bytes_field(INFO_NAME, name.encode()) + bytes_field(2, bytes_field(1, tensor))
