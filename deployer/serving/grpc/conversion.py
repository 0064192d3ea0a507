"""gRPC's messages to tensors and back."""

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from deployer.serving.grpc.messages import message
from deployer.serving.protocol.datatypes import DTYPES
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.raw import raw_tensor, write_raw
from deployer.serving.protocol.refusing import bad_input, bad_request, shown
from deployer.serving.tensors import Datatype, InferRequest, InferResponse, Tensor

__all__ = ["parse", "read_request", "write_response"]

_RESPONSE = message("inference.ModelInferResponse")
_LENGTH = struct.Struct("<I")
# 16-bit floats have no field: the protocol has them travel raw.
_FIELDS: dict[Datatype, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def parse(kind: Any, body: bytes) -> Any:
    """Return the message of class `kind` that `body` holds.

    Raises:
        RefusedError: 400; it holds none.

    """
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise bad_request(f"the request is no {kind.DESCRIPTOR.full_name}") from error


def read_request(request: Any, limits: Limits) -> InferRequest:
    """Return what a ``ModelInferRequest`` asks.

    Outputs are wanted raw if inputs came raw, as Triton and MLServer have it.

    Raises:
        RefusedError: 400, or 413 if there are too many rows; says which tensor and what.

    """
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise bad_request(
            f"{len(raw)} raw_input_contents for {len(request.inputs)} inputs: one each, or none"
        )
    inputs = tuple(
        _raw(each, raw[index], limits) if raw else _contents(each, limits)
        for index, each in enumerate(request.inputs)
    )
    outputs = tuple((each.name, bool(raw)) for each in request.outputs)
    return InferRequest(inputs, request.id, outputs, bool(raw))


def _raw(each: Any, content: bytes, limits: Limits) -> Tensor:
    if each.HasField("contents"):
        raise bad_input(each.name, "has both contents and raw_input_contents")
    return _tensor(each, content, limits)


def _tensor(each: Any, content: bytes, limits: Limits) -> Tensor:
    return raw_tensor(each.name, each.datatype, tuple(each.shape), memoryview(content), limits)


def _contents(each: Any, limits: Limits) -> Tensor:
    contents = each.contents
    field = _FIELDS.get(each.datatype)
    used = [found.name for found, _ in contents.ListFields()]
    if field is None and each.datatype in DTYPES:
        raise bad_input(each.name, f"of {each.datatype} travels in raw_input_contents only")
    if used and used != [field]:
        raise bad_input(each.name, f"of {shown(each.datatype)} has contents in {', '.join(used)}")
    # The same bytes as a raw tensor's go through the same checks.
    return _tensor(each, _as_raw(each, getattr(contents, field)) if field else b"", limits)


def _as_raw(each: Any, values: Iterable[Any]) -> bytes:
    if each.datatype == "BYTES":
        return b"".join(part for value in values for part in (_LENGTH.pack(len(value)), value))
    try:
        return np.array(list(values), dtype=DTYPES[each.datatype]).tobytes()
    except OverflowError as error:
        raise bad_input(each.name, f"has a number beyond {each.datatype}") from error


def write_response(response: InferResponse) -> bytes:
    """Return the ``ModelInferResponse`` that tells a response."""
    told = _RESPONSE(model_name=response.model, model_version=response.version, id=response.id)
    raw = bool(response.binary)
    for each in response.outputs:
        output = told.outputs.add(name=each.name, datatype=each.datatype, shape=each.data.shape)
        if raw:
            told.raw_output_contents.append(write_raw(each))
            continue
        flat = each.data.ravel().tolist()
        if each.datatype == "BYTES":
            flat = [value.encode() for value in flat]
        getattr(output.contents, _FIELDS[each.datatype]).extend(flat)
    body: bytes = told.SerializeToString()
    return body
