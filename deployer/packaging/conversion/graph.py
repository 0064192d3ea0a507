"""An ONNX graph under construction: the same calls give the same bytes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Graph", "NoConverterError", "full_name"]

_ML = {"LabelEncoder", "TreeEnsembleRegressor"}
_MICROSOFT = {"Tokenizer"}


class NoConverterError(Exception):
    """The graph of an estimator is not known; the text says which one."""


def full_name(estimator: Any) -> str:
    """Return the first package and the class of `estimator`, such as ``sklearn.PCA``.

    The modules between are private to scikit-learn, and move.
    """
    kind = type(estimator)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


class Graph:
    """Nodes in the order in which they were added.

    A value is called by the name of the tensor that holds it. Names hold a slash, so that no input
    can have one of them.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.domains: set[str] = {""}

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append a node, and return the name of its one output."""
        from onnx import helper  # noqa: PLC0415 - slow to import

        domain = "ai.onnx.ml" if operator in _ML else ""
        if operator in _MICROSOFT:
            domain = "com.microsoft"
        self.domains.add(domain)
        name = output or f"/{len(self.nodes)}/{operator}"
        node = helper.make_node(
            operator, inputs, [name], name=name, domain=domain or None, **attributes
        )
        self.nodes.append(node)
        return name

    def constant(self, values: "NDArray[Any] | float | Sequence[float]", dtype: str) -> str:
        """Append a constant of the NumPy type `dtype`, and return its name."""
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
        from onnx import numpy_helper  # noqa: PLC0415 - slow to import

        name = f"/constant/{len(self.constants)}"
        array = np.ascontiguousarray(np.asarray(values, dtype=dtype))
        array = array.reshape(np.shape(values))  # a scalar stays one
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def number(self, value: float) -> str:
        """Append a float64 scalar."""
        return self.constant(value, "float64")

    def integers(self, values: Sequence[int]) -> str:
        """Append int64 numbers in one dimension."""
        return self.constant(values, "int64")

    def texts(self, values: Sequence[str]) -> str:
        """Append texts in one dimension."""
        from onnx import TensorProto, helper  # noqa: PLC0415 - slow to import

        name = f"/constant/{len(self.constants)}"
        encoded = [each.encode() for each in values]
        self.constants.append(helper.make_tensor(name, TensorProto.STRING, [len(values)], encoded))
        return name

    def double(self, value: str) -> str:
        """Return `value` as float64."""
        from onnx import TensorProto  # noqa: PLC0415 - slow to import

        return self.add("Cast", value, to=TensorProto.DOUBLE)

    def float(self, value: str, *, output: str = "") -> str:
        """Return `value` as float32."""
        from onnx import TensorProto  # noqa: PLC0415 - slow to import

        return self.add("Cast", value, output=output, to=TensorProto.FLOAT)

    def long(self, value: str) -> str:
        """Return `value` as int64."""
        from onnx import TensorProto  # noqa: PLC0415 - slow to import

        return self.add("Cast", value, to=TensorProto.INT64)

    def beside(self, values: Sequence[str]) -> str:
        """Return matrices side by side."""
        return values[0] if len(values) == 1 else self.add("Concat", *values, axis=1)

    def flat(self, value: str) -> str:
        """Return `value` in one dimension."""
        return self.add("Reshape", value, self.integers([-1]))

    def row_sums(self, value: str) -> str:
        """Return the sums of the rows of a matrix, of shape (N, 1)."""
        return self.add("ReduceSum", value, self.integers([1]), keepdims=1)

    def largest(self, value: str) -> str:
        """Return the column of each row's greatest number, int64; the first of equals."""
        return self.add("ArgMax", value, axis=1, keepdims=0)

    def or_one(self, value: str) -> str:
        """Return `value`, none of it negative, with 1 in place of 0."""
        positive = self.add("Greater", value, self.number(0.0))
        return self.add("Where", positive, value, self.number(1.0))

    def affine(self, value: str, weights: "NDArray[Any]", intercept: "NDArray[Any]") -> str:
        """Return ``value @ weights + intercept`` for weights of shape (columns, outputs)."""
        product = self.add("MatMul", value, self.constant(weights, "float64"))
        return self.add("Add", product, self.constant(intercept, "float64"))
