"""The JSON documents of the Open Inference Protocol's REST form, as they travel."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

__all__ = [
    "FLOAT_REQUEST",
    "REQUEST",
    "FloatRequest",
    "InputMessage",
    "RequestMessage",
    "ResponseMessage",
    "ResponseOutput",
]


class InputParameters(Struct, gc=False):
    """What a client adds to an input; other parameters are not read."""

    binary_data_size: int | None = None


class InputMessage(Struct):
    """``$request_input``; `data` is read by datatype, later."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    parameters: InputParameters | None = None
    data: Raw = Raw()


class FloatInput(Struct):
    """``$request_input`` of the commonest kind: a flat list of floating-point numbers."""

    name: str
    shape: tuple[int, ...]
    datatype: Literal["FP16", "FP32", "FP64"]
    data: list[float | None]
    parameters: InputParameters | None = None


class OutputParameters(Struct, gc=False):
    """How a client wants an output."""

    binary_data: bool | None = None


class OutputMessage(Struct, gc=False):
    """``$request_output``."""

    name: str
    parameters: OutputParameters | None = None


class RequestParameters(Struct, gc=False):
    """How a client wants the outputs that it does not name."""

    binary_data_output: bool | None = None


class RequestMessage(Struct):
    """``$inference_request``."""

    inputs: tuple[InputMessage, ...]
    id: str | None = None
    parameters: RequestParameters | None = None
    outputs: tuple[OutputMessage, ...] | None = None


class FloatRequest(Struct):
    """``$inference_request`` whose inputs are all of the commonest kind."""

    inputs: tuple[FloatInput, ...]
    id: str | None = None
    parameters: RequestParameters | None = None
    outputs: tuple[OutputMessage, ...] | None = None


class ResponseOutput(Struct, gc=False):
    """``$response_output``."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Raw | list[Any] | UnsetType = UNSET
    parameters: dict[str, int] | UnsetType = UNSET


class ResponseMessage(Struct, omit_defaults=True, gc=False):
    """``$inference_response``."""

    model_name: str
    model_version: str | UnsetType
    outputs: list[ResponseOutput]
    id: str = ""


# Made here, by one thread: see deployer.typed.
FLOAT_REQUEST = msgspec.json.Decoder(FloatRequest)
REQUEST = msgspec.json.Decoder(RequestMessage)
