"""Cells to arrays: one convention for missing values, and errors that name the cell."""

import math
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.packaging.cells import (
    MISSING_MARKERS,
    check_columns,
    encode_inputs,
    encode_numbers,
    encode_table,
    is_missing,
    parse_number,
)
from deployer.packaging.documents import (
    CategoricalInput,
    DateInput,
    Input,
    LabelOutput,
    MissingValues,
    NumericInput,
    Outputs,
    ProbabilitiesOutput,
    Schema,
    TextInput,
)
from deployer.tables.table import Table
from deployer.tables.values import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = NumericInput(name="n", tensor="n", missing=0)
CATEGORY = CategoricalInput(name="c", tensor="c", missing=0, categories=("x",))


DATE = DateInput(name="d", tensor="d", missing=0)
MOMENT = pa.timestamp("us")
TEXT = TextInput(name="t", tensor="t", missing=0)
BY_NAME: dict[str, Input] = {"n": NUMBER, "c": CATEGORY, "d": DATE, "t": TEXT}


def table_of(column: pa.Array | pa.ChunkedArray, name: str) -> Table:
    return Table("t.csv", pa.table({name: column}), np.arange(1, len(column) + 1))


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


NUMBERS = st.one_of(
    st.floats(width=32).map(repr),
    st.floats().map(repr),
    st.integers().map(str),
    st.from_regex(r"[+-]?[0-9]{0,3}\.?[0-9]{0,3}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        ["-nan", "nAn", "Infinity", "1_0", "0x1", "1e400", "٣", "1,5", "+.5", "1e", "½"]
    ),
)
DATES = st.one_of(
    st.datetimes().map(lambda each: each.isoformat()),
    st.datetimes(timezones=st.timezones()).map(lambda each: each.isoformat(" ")),
    st.dates().map(str),
    st.from_regex(
        r"20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9](:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,8})?)?)?"
        r"(Z|[+-][0-2][0-9](:?[0-6][0-9])?)?)?",
        fullmatch=True,
    ),
    st.sampled_from(["0000-01-01", "2020-1-1", "20200101", "2020-02-30", "2020-01-01T24:00", "x"]),
)
ANY = st.sampled_from(MISSING_MARKERS) | st.text(max_size=5).map(str.strip)


def both(input_: Input, cells: list[Cell], column: pa.Array) -> None:
    """Check that plain cells and a column give the same array or the same refusal."""
    outcomes: list[object] = []
    table = table_of(column, input_.name)
    encoders: list[Callable[[], dict[str, Any]]] = [
        lambda: encode_inputs([input_], {input_.name: cells}, table.place),
        lambda: encode_table([input_], table),
    ]
    for encode in encoders:
        try:
            array = encode()[input_.name]
        except UsageError as error:
            outcomes.append((str(error), error.hint))
        else:
            outcomes.append((array.dtype, array.shape, array.tolist()))
    assert repr(outcomes[0]) == repr(outcomes[1])


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["n", "d", "c", "t"]).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.lists({"n": NUMBERS, "d": DATES}.get(kind, ANY) | ANY, max_size=5)
    )
))  # fmt: skip
def test_text_columns_are_encoded_as_their_cells_are(case: tuple[str, list[str]]) -> None:
    kind, cells = case
    # Twice over two chunks, as a file of several blocks has them.
    both(BY_NAME[kind], [*cells, *cells], pa.chunked_array([cells, cells], pa.string()))


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["n", "d"]),
    st.lists(st.none() | st.floats(allow_nan=True) | st.integers(-(2**53), 2**53).map(float)),
)
def test_typed_numbers_are_encoded_as_their_cells_are(kind: str, cells: list[float | None]) -> None:
    both(BY_NAME[kind], list(cells), pa.array(cells, pa.float64()))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.none() | st.datetimes()),
    st.sampled_from(["n", "d"]),
    st.lists(st.none() | st.booleans()),
)
def test_typed_moments_and_truths_are_encoded_as_their_cells_are(
    moments: list[datetime | None], kind: str, truths: list[bool | None]
) -> None:
    both(DATE, list(moments), pa.array(moments, pa.timestamp("us")))
    for each in (BY_NAME[kind], CATEGORY, TEXT):
        both(each, list(truths), pa.array(truths, pa.bool_()))


def test_dates_in_every_form_are_seconds_in_utc() -> None:
    zone = timezone(timedelta(hours=-3))
    cells: list[Cell] = [
        "2020-02-29",
        " 2020-02-29T12:30 ",
        "2020-02-29 12:30:00.25Z",
        "2020-02-29T12:30:00.1234567+02:00",
        date(2020, 2, 29),
        datetime(2020, 2, 29, 9, 30, tzinfo=zone),
        datetime(2020, 2, 29, 12, 30),  # noqa: DTZ001 - taken as UTC
        1582979400.5,
        "NA",
        None,
    ]
    midnight = datetime(2020, 2, 29, tzinfo=UTC).timestamp()
    noon = midnight + 12.5 * 3600
    found = encode_inputs([DATE], {"d": cells})["d"]
    assert found.dtype == np.float64
    assert found[:8, 0].tolist() == [
        midnight,
        noon,
        noon + 0.25,
        noon - 7200 + 0.123456,
        midnight,
        noon,
        noon,
        noon + 0.5,
    ]
    assert np.isnan(found[8:]).all()


@pytest.mark.parametrize("cell", ["yesterday", "2020-13-01", "31.12.2020", math.inf, True])
def test_what_is_no_date_is_named(cell: Cell) -> None:
    with pytest.raises(UsageError, match=r"row 2, column 'd': .* is not a date") as caught:
        encode_inputs([DATE], {"d": ["2020-01-01", cell]})
    assert "2020-12-31" in caught.value.hint


def test_truth_is_written_as_the_model_knows_it() -> None:
    known = CategoricalInput(name="c", tensor="c", missing=0, categories=("False", "True"))
    assert encode_inputs([known], {"c": [True, None]})["c"].tolist() == [["True"], [""]]
    assert encode_inputs([CATEGORY], {"c": [False]})["c"].tolist() == [["false"]]
    column = pa.array([True, False, None])
    assert encode_table([known], table_of(column, "c"))["c"].tolist() == [["True"], ["False"], [""]]


def test_typed_numbers_are_categories_as_text() -> None:
    column = pa.array([3.0, 2.5, None, -1e300, math.nan])
    assert encode_table([CATEGORY], table_of(column, "c"))["c"].tolist() == [
        ["3"],
        ["2.5"],
        [""],
        [str(int(-1e300))],
        [""],
    ]


def test_dates_are_no_numbers() -> None:
    with pytest.raises(UsageError, match=r"'2020-01-01T00:00:00Z' is not a number"):
        encode_table(
            [NUMBER], table_of(pa.array([None, datetime(2020, 1, 1, tzinfo=UTC)]).cast(MOMENT), "n")
        )


def test_plain_cells_need_numpy_only() -> None:
    program = """
import sys
sys.modules.update(dict.fromkeys(["pyarrow", "pandas", "sklearn"]))
from deployer.packaging.cells import encode_inputs
from deployer.packaging.documents import DateInput, NumericInput, TextInput
made = [kind(name="x", tensor="x", missing=0) for kind in (NumericInput, DateInput, TextInput)]
for each, cell in zip(made, ["1.5", "2020-01-01", "hello"]):
    print(encode_inputs([each], {"x": [cell]})["x"].item())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert ran.stdout.split() == ["1.5", "1577836800.0", "hello"]
