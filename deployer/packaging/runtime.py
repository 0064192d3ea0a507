"""ONNX bytes to labels and probabilities, on onnxruntime alone."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from deployer.errors import DamagedError, FailedError
from deployer.packaging.documents import Schema, TextInput
from deployer.packaging.onnx_scan import check_onnx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BATCH_ROWS", "Classifier", "OnnxClassifier", "Prediction"]

# Categories and words are dense inside the model: these bound memory, not speed.
BATCH_ROWS = 1024
# Rows times the characters of the longest text: each may be a word, which takes some 32 bytes.
BATCH_CHARACTERS = 2**21


class Prediction(NamedTuple):
    """Answers for N rows.

    Attributes:
        labels: str of shape (N,).
        probabilities: float32 of shape (N, classes), in the order of the classes.

    """

    labels: "NDArray[Any]"
    probabilities: "NDArray[np.float32]"


class Classifier(Protocol):
    """What answers: an ONNX file, or a pipeline.

    Attributes:
        schema: its inputs and outputs.
        where: what to call it in messages.

    """

    schema: Schema
    where: str

    def predict(self, arrays: "Mapping[str, NDArray[Any]]") -> Prediction:
        """Return the answers for `arrays`: one array of shape (N, 1) per column of the schema."""


class OnnxClassifier:
    """A classifier in an ONNX file, called with one array per column.

    Args:
        model: the file's bytes.
        schema: its inputs and outputs.
        where: what to call it in messages.

    Raises:
        DamagedError: not an ONNX model, one that names other files, or its inputs and outputs
            are not the schema's.

    """

    def __init__(self, model: bytes, schema: Schema, *, where: str = "model.onnx") -> None:
        self.schema = schema
        self.where = where
        check_onnx(model, where=where)
        self._session = _open_session(model, where)
        self._outputs = [schema.outputs.label.tensor, schema.outputs.probabilities.tensor]
        self._check(
            "inputs",
            [(each.tensor, each.dtype) for each in schema.inputs],
            self._session.get_inputs(),
        )
        self._check(
            "outputs",
            [
                (schema.outputs.label.tensor, schema.outputs.label.dtype),
                (schema.outputs.probabilities.tensor, schema.outputs.probabilities.dtype),
            ],
            self._session.get_outputs(),
        )

    def _check(
        self, called: str, promised: Sequence[tuple[str, str]], found: Sequence[Any]
    ) -> None:
        types = {
            "float32": "tensor(float)",
            "float64": "tensor(double)",
            "string": "tensor(string)",
        }
        expected = {name: types[dtype] for name, dtype in promised}
        actual = {each.name: each.type for each in found}
        if expected != actual:
            raise DamagedError(
                f"the model's {called} {actual} are not those of the schema {expected}",
                where=self.where,
                hint="fetch the model again, or train it again",
            )

    def predict(self, arrays: "Mapping[str, NDArray[Any]]") -> Prediction:
        """Return the answers for `arrays`: one array of shape (N, 1) per column of the schema.

        Raises:
            FailedError: onnxruntime cannot run the model.
            DamagedError: its answers have another shape than the schema says.

        """
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        texts = [arrays[each.name] for each in self.schema.inputs if isinstance(each, TextInput)]
        rows = len(next(iter(arrays.values())))
        parts = [self._run(arrays, start, stop) for start, stop in _batches(rows, texts)]
        if not parts:
            classes = len(self.schema.outputs.label.classes)
            return Prediction(np.empty(0, dtype=object), np.empty((0, classes), dtype=np.float32))
        return Prediction(
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
        )

    def _run(self, arrays: "Mapping[str, NDArray[Any]]", start: int, stop: int) -> Prediction:
        feed = {each.tensor: arrays[each.name][start:stop] for each in self.schema.inputs}
        try:
            labels, probabilities = self._session.run(self._outputs, feed)
        except Exception as error:  # onnxruntime's errors share no narrower base
            raise FailedError(
                f"onnxruntime cannot run the model: {_first_line(error)}", where=self.where
            ) from error
        shapes = labels.shape, probabilities.shape
        classes = len(self.schema.outputs.label.classes)
        if shapes != ((stop - start,), (stop - start, classes)):
            raise DamagedError(
                f"the model answers {stop - start} rows with {shapes[0]} labels and "
                f"{shapes[1]} probabilities",
                where=self.where,
                hint="fetch the model again, or train it again",
            )
        return Prediction(labels, probabilities)


def _batches(rows: int, texts: "Sequence[NDArray[Any]]") -> Iterator[tuple[int, int]]:
    """Yield the first row of each batch and the one after its last."""
    start = 0
    while start < rows:
        stop = min(start + BATCH_ROWS, rows)
        if texts:
            longest = 0
            for row in range(start, stop):
                longest = max([longest, *(len(each[row, 0]) for each in texts)])
                if longest * (row + 1 - start) > BATCH_CHARACTERS and row > start:
                    stop = row
                    break
        yield start, stop
        start = stop


def _open_session(model: bytes, where: str) -> Any:
    # It would collect and send usage data; whoever wants that sets the variable to 0.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # noqa: PLC0415 - slow to import

    options = onnxruntime.SessionOptions()
    # One thread: the order of sums, and so the last bit, must not depend on the machine's cores.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            model, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # as above
        raise DamagedError(
            f"onnxruntime cannot load the model: {_first_line(error)}",
            where=where,
            hint="fetch the model again, or train it again",
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
