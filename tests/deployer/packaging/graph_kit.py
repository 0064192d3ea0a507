"""A graph of one input ``x`` as a function."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from deployer.packaging.conversion.graph import Graph
from deployer.packaging.onnx_export import TARGET_OPSET

__all__ = ["run"]

_TYPES = {
    "double": TensorProto.DOUBLE,
    "float": TensorProto.FLOAT,
    "string": TensorProto.STRING,
}


def run(
    graph: Graph, kind: str, output: str, *, columns: int = 1
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return the function that computes `output`, a float64 matrix."""
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "test",
            [helper.make_tensor_value_info("x", _TYPES[kind], [None, columns])],
            [helper.make_tensor_value_info(output, TensorProto.DOUBLE, None)],
            initializer=graph.constants,
        ),
        opset_imports=[helper.make_opsetid(each, TARGET_OPSET[each]) for each in graph.domains],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return lambda values: np.asarray(session.run([output], {"x": values})[0])
