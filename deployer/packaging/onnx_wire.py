"""ONNX files as protobuf messages: parts taken out and put in, all else byte for byte as it was."""

from collections.abc import Callable, Iterable

from deployer.packaging.onnx_scan import fields

__all__ = [
    "BYTES", "GRAPH_INITIALIZER", "GRAPH_NODE", "GRAPH_OUTPUT", "INFO_NAME", "NODE_ATTRIBUTE",
    "NODE_DOMAIN", "NODE_INPUT", "NODE_OUTPUT", "NODE_TYPE", "Field", "bytes_field", "edit_graph",
    "texts", "varint", "written",
]  # fmt: skip

# Numbers of fields in onnx.proto.
_MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_OUTPUT = 1, 5, 12
NODE_INPUT, NODE_OUTPUT, NODE_TYPE, NODE_ATTRIBUTE, NODE_DOMAIN = 1, 2, 4, 5, 7
INFO_NAME = 1
VARINT, BYTES = 0, 2

Field = tuple[int, int, int | memoryview]
"""Number of a field, its wire type and its value."""


def edit_graph(model: bytes, edit: Callable[[list[Field]], list[Field] | None]) -> bytes | None:
    """Return a model with other fields in its graph; None if `edit` says so, or there is no graph."""
    whole = list(fields(memoryview(model)))
    graphs = [value for field, _, value in whole if field == _MODEL_GRAPH]
    if len(graphs) != 1 or isinstance(graphs[0], int):
        return None
    edited = edit(list(fields(graphs[0])))
    if edited is None:
        return None
    graph = memoryview(written(edited))
    return written((f, w, graph if f == _MODEL_GRAPH else v) for f, w, v in whole)


def texts(message: memoryview, number: int) -> list[str]:
    """Return the texts of a field that may be repeated."""
    return [
        str(value, "utf-8")
        for field, _, value in fields(message)
        if field == number and not isinstance(value, int)
    ]


def written(message: Iterable[Field]) -> bytes:
    """Return a message as bytes."""
    parts = []
    for field, wire, value in message:
        if isinstance(value, int):
            if wire != VARINT:
                raise ValueError(f"wire type {wire}")  # no field of a model or graph has it
            parts.append(varint(field << 3 | wire) + varint(value))
        else:
            parts.append(bytes_field(field, value))
    return b"".join(parts)


def bytes_field(field: int, content: bytes | memoryview) -> bytes:
    """Return a field that holds bytes."""
    return b"".join([varint(field << 3 | BYTES), varint(len(content)), content])


def varint(value: int) -> bytes:
    """Return an integer as protobuf writes it."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - the bits of one byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
