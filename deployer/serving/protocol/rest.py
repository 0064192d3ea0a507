"""Bodies of the REST form to tensors, and tensors to bodies.

Sources: https://github.com/kserve/open-inference-protocol, "Inference Request JSON Object"; raw
tensors after the JSON:
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
"""

import msgspec

from deployer.serving.protocol.depth import check_depth
from deployer.serving.protocol.elements import float_tensor, json_tensor, number_tensor, write_json
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.many import MANY, ManyRequest, many_request
from deployer.serving.protocol.messages import (
    FLOAT_REQUEST,
    REQUEST,
    FloatRequest,
    RequestMessage,
    ResponseMessage,
    ResponseOutput,
)
from deployer.serving.protocol.raw import raw_tensor, write_raw
from deployer.serving.protocol.refusing import bad_input, bad_request
from deployer.serving.tensors import InferRequest, InferResponse

__all__ = ["decode_infer", "encode_infer", "infer_request"]

# More than any model has, and few enough to look at each.
_MAX_INPUTS = 10_000


def decode_infer(
    body: bytes, *, json_length: int | None, limits: Limits, quick: bool = True
) -> InferRequest:
    """Return the request that a body holds.

    Args:
        body: JSON, and the raw tensors after it.
        json_length: bytes of the JSON, from the header ``Inference-Header-Content-Length``; None
            if the body is nothing else.
        limits: of the request.
        quick: read long lists of numbers with simdjson.

    Raises:
        RefusedError: 400, or 413 if there are too many rows; says which tensor and what.

    """
    if json_length is None:
        many = many_request(body) if quick else None
        if many is not None:
            return infer_request(many, limits)
        check_depth(body, limits.max_depth)
        few = len(body) < MANY and _decode_floats(body, limits)
        return few or _decode(body, memoryview(b""), limits)
    if not 0 <= json_length <= len(body):
        raise bad_request(
            f"Inference-Header-Content-Length is {json_length}, but the body has {len(body)} bytes"
        )
    head = body[:json_length]
    check_depth(head, limits.max_depth)
    return _decode(head, memoryview(body)[json_length:], limits)


def infer_request(many: ManyRequest, limits: Limits) -> InferRequest:
    """Return the request that was read; its tensors are copies.

    Raises:
        RefusedError: as `decode_infer`.

    """
    try:
        message = msgspec.convert({"inputs": (), **many.others}, RequestMessage)
    except msgspec.ValidationError as error:
        raise bad_request(f"the JSON cannot be read: {error}") from error
    inputs = tuple(number_tensor(*each, limits) for each in many.inputs)
    return InferRequest(inputs, message.id or "", *_wanted(message))


def _decode_floats(body: bytes, limits: Limits) -> InferRequest | None:
    """Return a request whose inputs are flat lists of floats; None if it is another, or wrong."""
    try:
        message = FLOAT_REQUEST.decode(body)
    except (ValueError, RecursionError):
        return None
    _check_number(message)
    inputs = []
    for each in message.inputs:
        if each.parameters is not None and each.parameters.binary_data_size is not None:
            return None
        inputs.append(float_tensor(each.name, each.datatype, each.shape, each.data, limits))
    if message.outputs is None and message.parameters is None:
        return InferRequest(tuple(inputs), message.id or "")
    return InferRequest(tuple(inputs), message.id or "", *_wanted(message))


def _check_number(message: RequestMessage | FloatRequest) -> None:
    if len(message.inputs) > _MAX_INPUTS:
        raise bad_request(f"{len(message.inputs)} inputs; at most {_MAX_INPUTS} are read")


def _decode(body: bytes, raw: memoryview, limits: Limits) -> InferRequest:
    try:
        message = REQUEST.decode(body)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the JSON cannot be read: {error}") from error
    _check_number(message)
    inputs, used = [], 0
    for each in message.inputs:
        size = each.parameters.binary_data_size if each.parameters is not None else None
        if size is None:
            inputs.append(json_tensor(each, limits))
            continue
        if memoryview(each.data):
            raise bad_input(each.name, "has both data and the parameter binary_data_size")
        if not 0 <= size <= len(raw) - used:
            raise bad_input(
                each.name, f"declares {size} raw bytes, but {len(raw) - used} are left for it"
            )
        part = raw[used : used + size]
        inputs.append(raw_tensor(each.name, each.datatype, each.shape, part, limits))
        used += size
    if used != len(raw):
        raise bad_request(
            f"the inputs declare {used} raw bytes in all, but {len(raw)} follow the JSON"
        )
    return InferRequest(tuple(inputs), message.id or "", *_wanted(message))


def _wanted(
    message: RequestMessage | FloatRequest,
) -> tuple[tuple[tuple[str, bool], ...], bool]:
    binary = message.parameters is not None and bool(message.parameters.binary_data_output)
    if not message.outputs:
        return (), binary
    outputs = []
    for each in message.outputs:
        asked = each.parameters.binary_data if each.parameters is not None else None
        outputs.append((each.name, binary if asked is None else asked))
    return tuple(outputs), binary


def encode_infer(response: InferResponse) -> tuple[bytes, int | None]:
    """Return the body that tells a response, and the length of its JSON if raw tensors follow.

    float32 are written as the shortest decimals that read back as the same float32.
    """
    outputs, parts = [], []
    for each in response.outputs:
        one = ResponseOutput(each.name, each.datatype, each.data.shape)
        if each.name in response.binary:
            part = write_raw(each)
            parts.append(part)
            one.parameters = {"binary_data_size": len(part)}
        else:
            one.data = write_json(each)
        outputs.append(one)
    body = msgspec.json.encode(
        ResponseMessage(response.model, response.version or msgspec.UNSET, outputs, response.id)
    )
    if not parts:
        return body, None
    return b"".join([body, *parts]), len(body)
