"""A few real rows with the exact answers, and the check that a loaded copy repeats them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deployer.errors import DamagedError
from deployer.packaging.cells import encode_inputs
from deployer.packaging.documents import Golden, GoldenRow
from deployer.packaging.parity import TOLERANCE
from deployer.packaging.runtime import Classifier, Prediction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_ROWS", "choose_rows", "golden_row", "shortest", "verify_golden"]

MIN_ROWS = 5
MAX_ROWS = 10
# A row whose best two classes are nearly tied may get another label on another processor.
_MARGIN = 1e-3


def shortest(values: "NDArray[np.float32]") -> list[float]:
    """Return float32 `values` as the shortest decimals that read back as the same float32."""
    return [float(str(value)) for value in values]


def choose_rows(
    probabilities: "NDArray[np.float32]", missing: "NDArray[np.int_]", test: Sequence[int]
) -> list[int]:
    """Return the indices of rows worth keeping: every class, missing values, then the first.

    Args:
        probabilities: of shape (N, classes), for all rows of the table.
        missing: of shape (N,), how many values each row lacks.
        test: indices of the held-out rows. Others are taken only for missing values, if no
            held-out row lacks any.

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    best = np.sort(probabilities, axis=1)
    clear = best[:, -1] - best[:, -2] > _MARGIN
    held_out = [i for i in test if clear[i]] or list(test)
    others = sorted(set(np.flatnonzero(clear).tolist()) - set(held_out))
    lacking = [i for i in held_out if missing[i]] or [i for i in others if missing[i]]
    chosen = sorted(lacking, key=lambda i: -missing[i])[:1]
    first_of_class: dict[int, int] = {}
    for i in held_out:
        first_of_class.setdefault(int(probabilities[i].argmax()), i)
    for i in (*first_of_class.values(), *held_out):
        wanted = MAX_ROWS if i in first_of_class.values() else MIN_ROWS
        if i not in chosen and len(chosen) < wanted:
            chosen.append(i)
    return sorted(chosen)


def golden_row(
    arrays: "Mapping[str, NDArray[Any]]",
    prediction: Prediction,
    index: int,
    *,
    row: int,
    test: bool,
) -> GoldenRow:
    """Return the row at `index` of `arrays` and `prediction` as a document.

    Args:
        arrays: one of shape (N, 1) per column.
        prediction: the answers for them.
        index: which row, from 0.
        row: the row's number in the table, from 1.
        test: whether it was held out from fitting.

    """
    return GoldenRow(
        row=row,
        split="test" if test else "train",
        inputs={name: _value(array[index, 0]) for name, array in arrays.items()},
        label=str(prediction.labels[index]),
        probabilities=tuple(shortest(prediction.probabilities[index])),
    )


def _value(cell: Any) -> float | str | None:
    if isinstance(cell, str):
        return cell or None
    number = float(str(cell))
    return None if number != number else number  # noqa: PLR0124 - NaN, without importing NumPy


def verify_golden(classifier: Classifier, golden: Golden) -> None:
    """Check that `classifier` repeats the golden answers.

    Raises:
        DamagedError: another label, or a probability that differs by more than the tolerance.

    """
    import numpy as np  # noqa: PLC0415 - as above

    schema = classifier.schema
    columns = {each.name for each in schema.inputs}
    classes = len(schema.outputs.label.classes)
    for row in golden.rows:
        if set(row.inputs) != columns or len(row.probabilities) != classes:
            raise DamagedError(
                f"golden row {row.row} does not fit the schema",
                where="golden.json",
                hint="fetch the model again, or train it again",
            )
    cells = {name: [row.inputs[name] for row in golden.rows] for name in columns}
    answers = classifier.predict(encode_inputs(schema.inputs, cells))
    promised = np.array([row.probabilities for row in golden.rows])
    off = np.abs(answers.probabilities - promised).max(axis=1)
    for row, label, difference in zip(golden.rows, answers.labels, off, strict=True):
        if label != row.label or not difference <= TOLERANCE:
            raise DamagedError(
                f"the model does not repeat golden row {row.row}: it says '{label}', promised is "
                f"'{row.label}'; probabilities differ by up to {difference:.2g}",
                where=classifier.where,
                hint="fetch the model again, or train it again",
            )
