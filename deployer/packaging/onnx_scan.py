"""Whether an ONNX file keeps to itself, told from its bytes before any runtime reads them.

A tensor of an ONNX model may say that its values are in another file. A package never needs
that: whoever loads a hostile one would read a file of the attacker's choice. So the whole message
is walked, along the few fields that lead to tensors, and anything that does not parse is refused.
"""

from collections.abc import Iterator, Mapping

from deployer.errors import DamagedError

__all__ = ["check_onnx", "fields"]

MAX_DEPTH = 100  # what protobuf itself allows
_HINT = "fetch the model again, or train it again"

# Message → field number → message, as in onnx.proto; the fields that are not here hold no tensor.
_FIELDS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_TAG = 2**32


def check_onnx(model: bytes, *, where: str) -> None:
    """Check that `model` is an ONNX model that names no other file.

    Raises:
        DamagedError: it is not.

    """
    if model[4:8] == b"ORTM":  # another format, which onnxruntime would take as well
        raise DamagedError("ONNX Runtime's own format, not ONNX", where=where, hint=_HINT)
    try:
        _walk(memoryview(model), where)
    except (IndexError, ValueError) as error:
        raise DamagedError(f"not an ONNX model: {error}", where=where, hint=_HINT) from error


def _walk(model: memoryview, where: str) -> None:
    rest = [("model", model, 1)]
    while rest:
        kind, body, depth = rest.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} messages")
        for field, wire, value in fields(body):
            if kind == "tensor" and field in (_EXTERNAL_DATA, _DATA_LOCATION) and value != 0:
                raise DamagedError(
                    "the model keeps values in another file, which is not allowed",
                    where=where,
                    hint="save it as one file",
                )
            below = _FIELDS[kind].get(field)
            if below is None:
                continue
            if wire != _BYTES or isinstance(value, int):
                raise ValueError(f"field {field} of a {kind} is no message")
            rest.append((below, value, depth + 1))


def fields(body: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield ``(field, wire type, value)``; ValueError or IndexError where it is not well-formed."""
    at, end = 0, len(body)
    while at < end:
        tag, at = _varint(body, at)
        field, wire = tag >> 3, tag & 7
        if not field or tag >= _MAX_TAG:
            raise ValueError("a tag that no field has")
        value: int | memoryview = 0
        if wire == _VARINT:
            value, at = _varint(body, at)
        elif wire == _BYTES:
            size, at = _varint(body, at)
            value = body[at : at + size]
            at += size
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at > end:
            raise ValueError("it ends in the middle of a field")
        yield field, wire, value


def _varint(body: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says "more"
            return value, at
    raise ValueError("a number that does not end")
