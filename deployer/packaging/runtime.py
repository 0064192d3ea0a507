"""ONNX bytes to labels and probabilities, on onnxruntime alone."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from deployer.errors import DamagedError, FailedError
from deployer.packaging.documents import NumericInput, Schema, TextInput
from deployer.packaging.onnx_labels import with_places
from deployer.packaging.onnx_matrix import as_matrix
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
        places: int64 of shape (N,), of the labels in the list of classes; None if not known.

    """

    labels: "NDArray[Any]"
    probabilities: "NDArray[np.float32]"
    places: "NDArray[np.int64] | None" = None


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
        self._classes = len(schema.outputs.label.classes)
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
        self._matrix = ""
        self._texts: NDArray[Any] | None = None
        if len(schema.inputs) > 1 and all(isinstance(each, NumericInput) for each in schema.inputs):
            self._join_inputs(model)

    @property
    def takes_matrix(self) -> bool:
        """Whether :meth:`predict_matrix` answers: all columns are numbers, and the model allows."""
        return bool(self._matrix)

    def _join_inputs(self, model: bytes) -> None:
        """Let one input take all columns, if that gives the same bits."""
        label = self.schema.outputs.label
        outputs, names = self._outputs, None
        try:
            joined = as_matrix(model, [each.tensor for each in self.schema.inputs])
            if joined is None:
                return
            content, matrix = joined
            numbered = with_places(content, label.tensor, label.classes)
            if numbered is not None:
                content, place = numbered
                outputs, names = [place, outputs[1]], _objects(label.classes)
            session = _open_session(content, self.where)
        except (DamagedError, IndexError, ValueError):
            return
        probe = _probe(len(self.schema.inputs))
        columns = zip(self.schema.inputs, probe.T[:, :, None], strict=True)
        feed = {each.tensor: column for each, column in columns}
        try:
            labels, shares = self._session.run(self._outputs, feed)
            again, repeated = session.run(outputs, {matrix: probe})
            again = again if names is None else names[again]
        except Exception:  # noqa: BLE001 - as in _answer; predict will tell
            return
        if labels.tolist() == again.tolist() and shares.tobytes() == repeated.tobytes():
            self._session, self._matrix = session, matrix
            self._outputs, self._texts = outputs, names

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

        inputs = self.schema.inputs
        if self._matrix:
            return self.predict_matrix(
                np.concatenate([arrays[each.name] for each in inputs], axis=1)
            )
        texts = [arrays[each.name] for each in inputs if isinstance(each, TextInput)]
        rows = len(next(iter(arrays.values())))
        return self._gather(
            [
                self._answer(
                    {each.tensor: arrays[each.name][start:stop] for each in inputs}, stop - start
                )
                for start, stop in _batches(rows, texts)
            ]
        )

    def predict_matrix(self, matrix: "NDArray[np.float32]") -> Prediction:
        """Return the answers for the rows of `matrix`, float32 of shape (N, columns).

        Only where :attr:`takes_matrix`; the same as :meth:`predict` with one array per column.

        Raises:
            FailedError: onnxruntime cannot run the model.
            DamagedError: its answers have another shape than the schema says.

        """
        rows = len(matrix)
        if 0 < rows <= BATCH_ROWS:
            return self._answer({self._matrix: matrix}, rows)
        return self._gather(
            [
                self._answer({self._matrix: matrix[start:stop]}, stop - start)
                for start, stop in _batches(rows, ())
            ]
        )

    def _gather(self, parts: Sequence[Prediction]) -> Prediction:
        import numpy as np  # noqa: PLC0415 - as above

        if len(parts) == 1:
            return parts[0]
        if not parts:
            classes = len(self.schema.outputs.label.classes)
            return Prediction(np.empty(0, dtype=object), np.empty((0, classes), dtype=np.float32))
        return Prediction(
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
        )

    def _answer(self, feed: "dict[str, NDArray[Any]]", rows: int) -> Prediction:
        try:
            labels, probabilities = self._session.run(self._outputs, feed)
        except Exception as error:  # onnxruntime's errors share no narrower base
            raise FailedError(
                f"onnxruntime cannot run the model: {_first_line(error)}", where=self.where
            ) from error
        if labels.shape != (rows,) or probabilities.shape != (rows, self._classes):
            raise DamagedError(
                f"the model answers {rows} rows with {labels.shape} labels and "
                f"{probabilities.shape} probabilities",
                where=self.where,
                hint="fetch the model again, or train it again",
            )
        if self._texts is None:
            return Prediction(labels, probabilities)
        return Prediction(self._texts[labels], probabilities, labels)


def _objects(texts: Sequence[str]) -> "NDArray[Any]":
    """Return texts as an array of Python's own, of shape (N,)."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def _probe(columns: int) -> "NDArray[np.float32]":
    """Return rows that hold small and large numbers of both signs, zero and missing values."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    steps = np.arange(16 * columns, dtype=np.float64)
    values = np.sin(steps) * 10.0 ** (steps % 7 - 3)
    values[steps % 11 == 0] = 0
    values[steps % 13 == 0] = np.nan
    return values.astype(np.float32).reshape(16, columns)


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
