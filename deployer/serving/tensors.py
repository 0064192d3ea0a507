"""Tensors and the requests and responses that carry them, whatever they travel in.

Names and types are those of the Open Inference Protocol, version 2
(https://github.com/kserve/open-inference-protocol).
"""

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Datatype", "InferRequest", "InferResponse", "Tensor"]

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip


class Tensor(Struct, frozen=True, gc=False):
    """A named array.

    Attributes:
        name: of the input or output.
        datatype: of its elements.
        data: of the tensor's shape; BYTES as an object array of str.
        finite: whether it is known that none of its numbers is infinite.

    """

    name: str
    datatype: Datatype
    data: "NDArray[Any]"
    finite: bool = False


class InferRequest(Struct, frozen=True, gc=False):
    """What a client asks.

    Attributes:
        inputs: in the order sent.
        id: echoed in the response; "" if the client gave none.
        outputs: names of the outputs wanted, each with whether it is wanted as raw bytes; empty
            for all outputs, as `binary` says.
        binary: whether outputs that are not named travel as raw bytes (REST's binary extension).

    """

    inputs: tuple[Tensor, ...]
    id: str = ""
    outputs: tuple[tuple[str, bool], ...] = ()
    binary: bool = False


class InferResponse(Struct, frozen=True, gc=False):
    """What it is told.

    Attributes:
        model: name of the model.
        version: its version as text, "" for one that has none.
        digest: hex SHA-256 of what answered.
        outputs: in the order asked for.
        binary: names of the outputs that travel as raw bytes.
        labels: str of shape (N,), for those that count answers.
        places: int64 of shape (N,), of the labels in the list of classes, if known; likewise.

    """

    model: str
    version: str
    digest: str
    outputs: tuple[Tensor, ...]
    id: str = ""
    binary: frozenset[str] = frozenset()
    labels: "NDArray[np.object_] | None" = None
    places: "NDArray[np.int64] | None" = None
