"""What the two processes tell each other, besides what is in the memory that both see."""

import msgspec

__all__ = [
    "MOST",
    "ROOM",
    "SINGLE",
    "Job",
    "Numbers",
    "Outcome",
    "decode_job",
    "decode_outcome",
    "encode",
]

ROOM = 4
"""Bytes of memory for each byte of JSON: a number takes two there, with its comma, and eight as
float64."""

SINGLE = "FP32"
"""The datatype whose numbers are narrowed by the process that reads."""

MOST = 64 * 1024
"""Bytes of a message."""


class Job(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A body to read.

    Attributes:
        number: of the job.
        at: where the body begins in memory.
        size: its bytes.

    """

    number: int
    at: int
    size: int


class Numbers(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """An input.

    Attributes:
        name: of it.
        datatype: one of floating-point numbers.
        shape: as the client says.
        at: where its numbers begin in memory: float32 if that is the datatype, else float64.
        count: of the numbers.

    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    at: int
    count: int


class Outcome(msgspec.Struct, array_like=True, frozen=True):
    """What became of a job.

    Attributes:
        number: of the job; 0 tells that the process is ready.
        inputs: of the request; none if the body is none that is read here.
        others: the rest of the request, JSON.

    """

    number: int
    inputs: tuple[Numbers, ...] = ()
    others: bytes = b"{}"


encode = msgspec.msgpack.Encoder().encode
decode_job = msgspec.msgpack.Decoder(Job).decode
decode_outcome = msgspec.msgpack.Decoder(Outcome).decode
