"""The protocol's element types as NumPy's.

Source: https://github.com/kserve/open-inference-protocol, "Tensor Data Types"; the layout of raw
tensors: Triton's binary tensor data extension,
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
"""

from typing import Any

import numpy as np

from deployer.serving.tensors import Datatype

__all__ = ["CODES", "DATATYPES", "DTYPES", "FLOATS", "INTEGERS", "NUMBERS"]

# Little-endian, as raw tensors travel; BYTES are str once they are read.
DTYPES: dict[Datatype, "np.dtype[Any]"] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BYTES": np.dtype(object),
}
DATATYPES: tuple[Datatype, ...] = tuple(DTYPES)
FLOATS: frozenset[Datatype] = frozenset({"FP16", "FP32", "FP64"})
INTEGERS: frozenset[Datatype] = frozenset(
    each for each in DATATYPES if each.startswith(("INT", "UINT"))
)
NUMBERS: frozenset[Datatype] = FLOATS | INTEGERS
# What the standard library's struct calls them.
CODES: dict[Datatype, str] = {
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
