"""Cells to arrays: one convention for missing values, and errors that name the cell."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.packaging.cells import (
    MISSING_MARKERS,
    check_columns,
    encode_inputs,
    encode_numbers,
    is_missing,
    parse_number,
)
from deployer.packaging.documents import (
    CategoricalInput,
    LabelOutput,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
)

NUMBER = NumericInput(name="n", tensor="n", missing=0)
CATEGORY = CategoricalInput(name="c", tensor="c", missing=0, categories=("x",))


def place(index: int) -> str:
    return f"cell {index}"


@given(st.lists(st.floats(allow_infinity=False, min_value=-3e38, max_value=3e38)))
def test_numbers_as_text_and_as_numbers_are_the_same_float32(values: list[float]) -> None:
    expected = np.array(values, dtype=np.float32).reshape(-1, 1)
    assert np.array_equal(encode_numbers(values, place), expected, equal_nan=True)
    assert np.array_equal(encode_numbers([repr(v) for v in values], place), expected, True)
    assert encode_numbers(values, place).dtype == np.float32


@pytest.mark.parametrize("marker", [*MISSING_MARKERS, "  NA ", None, math.nan])
def test_missing_is_nan_or_the_empty_text(marker: str | float | None) -> None:
    assert is_missing(marker)
    arrays = encode_inputs([NUMBER, CATEGORY], {"n": [1.5, marker], "c": ["x", marker]})
    assert arrays["n"].shape == arrays["c"].shape == (2, 1)
    assert arrays["n"][0, 0] == 1.5
    assert math.isnan(arrays["n"][1, 0])
    assert arrays["c"].tolist() == [["x"], [""]]


@pytest.mark.parametrize(
    ("cell", "message", "hint"),
    [
        ("abc", "'abc' is not a number", "empty"),
        ("1_000", "'1_000' is not a number", "empty"),
        ("1,5", "'1,5' is not a number", "1234.5"),
        ("-nan", "'-nan' is not a number", "empty"),
        ("inf", "'inf' is infinite", "empty"),
        (-math.inf, "-inf is infinite", "empty"),
        ("1e39", "'1e39' is too large", "unit"),
        ("9" * 99, f"'{'9' * 39}… is too large", "unit"),
    ],
)
def test_what_is_no_number_is_named(cell: str | float, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=r"row 2, column 'n'") as caught:
        encode_inputs([NUMBER], {"n": ["1", cell]})
    assert message in caught.value.message.replace("…'", "…")
    assert hint in caught.value.hint


def test_a_number_is_no_category() -> None:
    with pytest.raises(UsageError, match=r"row 1, column 'c': 3 is a number"):
        encode_inputs([CATEGORY], {"c": [3]})


def test_parse_number_reads_what_other_programs_read() -> None:
    assert parse_number("-1.5e3") == -1500
    assert parse_number("0x10") is None
    assert parse_number("") is None


def test_columns_are_compared_with_the_schema() -> None:
    schema = Schema(
        inputs=(NUMBER, CATEGORY),
        missing_values=MissingValues(markers=MISSING_MARKERS),
        outputs=Outputs(
            label=LabelOutput(classes=("a", "b")),
            probabilities=ProbabilitiesOutput(shape=(None, 2)),
        ),
        target="t",
        ignored=("id",),
    )
    assert check_columns(schema, ["c", "t", "n", "id", "", "other"]) == ["other"]
    with pytest.raises(UsageError, match="the model needs column 'n'") as caught:
        check_columns(schema, ["c", "N"], where="d.csv")
    assert caught.value.hint.startswith("did you mean 'N'?")
    with pytest.raises(UsageError, match="columns 'n', 'c'"):
        check_columns(schema, ["t"])
