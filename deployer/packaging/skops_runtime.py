"""A scikit-learn pipeline to labels and probabilities: what an ONNX file is compared with.

It also serves models that have no ONNX form, where scikit-learn is installed.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from deployer.errors import DamagedError, FailedError, MissingError
from deployer.packaging.documents import Schema
from deployer.packaging.runtime import Prediction
from deployer.packaging.skops_io import load_skops
from deployer.packaging.skops_scan import check_types

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BATCH_ROWS", "SkopsClassifier", "frame_of", "predict_pipeline"]

# Rows of which all numbers are held as float64 at a time.
BATCH_ROWS = 16_384


class SkopsClassifier:
    """A classifier in a skops file, called as :class:`~deployer.packaging.runtime.OnnxClassifier`.

    Args:
        model: the file's bytes.
        schema: its inputs and outputs.
        where: what to call it in messages.
        trusted: full names of types to allow beyond our own list; from the caller, never from
            the file.

    Raises:
        MissingError: scikit-learn is not installed.
        PolicyError: the file holds types that are not allowed.
        DamagedError: not a skops file, or its classes are not the schema's.

    """

    def __init__(
        self,
        model: bytes,
        schema: Schema,
        *,
        where: str = "model.skops",
        trusted: Iterable[str] = (),
    ) -> None:
        self.schema = schema
        self.where = where
        extra = list(trusted)
        check_types(model, where=where, trusted=extra)
        try:
            self._pipeline = load_skops(model, extra, where=where)
        except ModuleNotFoundError as error:
            raise MissingError(
                f"the Python package {error.name} is not installed, which this model needs",
                where=where,
                hint="pip install 'deployer[train]'",
            ) from error
        classes = [str(each) for each in getattr(self._pipeline, "classes_", [])]
        if classes != list(schema.outputs.label.classes):
            raise DamagedError(
                f"the model's classes {classes} are not those of the schema "
                f"{list(schema.outputs.label.classes)}",
                where=where,
                hint="fetch the model again, or train it again",
            )

    def predict(self, arrays: "Mapping[str, NDArray[Any]]") -> Prediction:
        """Return the answers for `arrays`: one array of shape (N, 1) per column of the schema.

        Raises:
            FailedError: scikit-learn cannot run the model.

        """
        label = self.schema.outputs.label
        ordered = {each.name: arrays[each.name] for each in self.schema.inputs}
        try:
            return predict_pipeline(
                self._pipeline, ordered, positive=label.positive, threshold=label.threshold
            )
        except Exception as error:  # whatever a file of another version makes scikit-learn raise
            first = next(iter(str(error).splitlines()), type(error).__name__)
            raise FailedError(
                f"scikit-learn cannot run the model: {first}", where=self.where
            ) from (error)


def predict_pipeline(
    pipeline: Any,
    arrays: "Mapping[str, NDArray[Any]]",
    *,
    positive: str | None = None,
    threshold: float | None = None,
) -> Prediction:
    """Return what a fitted pipeline answers, a batch of rows at a time, on one thread.

    Args:
        pipeline: on a data frame.
        arrays: one array of shape (N, 1) per column, in the frame's order.
        positive: one of two classes.
        threshold: the least probability (as float32) for it; both or none of these two.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    classes = [str(each) for each in pipeline.classes_]
    rows = len(next(iter(arrays.values())))
    labels = np.empty(rows, dtype=object)
    probabilities = np.empty((rows, len(classes)), dtype=np.float32)
    with threadpool_limits(1), np.errstate(all="ignore"):
        for start in range(0, rows, BATCH_ROWS):
            part = slice(start, start + BATCH_ROWS)
            frame = frame_of({name: array[part] for name, array in arrays.items()})
            probabilities[part] = pipeline.predict_proba(frame)
            if positive is None or threshold is None:
                labels[part] = pipeline.predict(frame)
    if positive is not None and threshold is not None:
        place = classes.index(positive)
        enough = probabilities[:, place].astype(np.float64) >= threshold
        labels = np.asarray(classes, dtype=object)[np.where(enough, place, 1 - place)]
    return Prediction(labels, probabilities)


def frame_of(arrays: "Mapping[str, NDArray[Any]]") -> Any:
    """Return the data frame that a pipeline takes, from one array of shape (N, 1) per column.

    float32 numbers become float64, the type that pipelines are fitted on.
    """
    import numpy as np  # noqa: PLC0415 - as above
    import pandas as pd  # noqa: PLC0415 - slow to import

    columns = {}
    for name, array in arrays.items():
        column = array[:, 0]
        wide = column.astype(np.float64) if column.dtype == np.float32 else column
        columns[name] = pd.Series(wide, dtype=wide.dtype)
    return pd.DataFrame(columns)
